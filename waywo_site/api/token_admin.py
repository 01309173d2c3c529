from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from core.text import counted
from waywo_site.api.tokens import make_token, revoke
from waywo_site.models import ApiToken, Scope

LASTS = [(7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "a year"), ("", "until it is revoked")]


class TokenForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(choices=Scope, widget=UnfoldAdminCheckboxSelectMultipleWidget)

    days = forms.TypedChoiceField(
        label="Lasts",
        choices=LASTS,
        initial=90,
        coerce=int,
        empty_value=None,
        required=False,
        help_text="From then on it opens nothing. One that leaks and never ends is open for ever.",
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = ApiToken
        fields = ("name", "scopes")


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin):
    list_display = ("name", "may", "beginning", "created_by", "created_at", "expires_at", "last_used_at", "state")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "prefix")
    list_select_related = ("created_by",)
    actions = ("revoke_tokens",)
    hidden_on_phones = ("beginning", "created_at")
    bare_on_phones = ("may",)
    empty_text = "A token lets a program read everything or act, without a session."
    readonly_fields = ("beginning", "created_by", "created_at", "expires_at", "last_used_at", "revoked_at")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs | {"form": TokenForm} if obj is None else kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("name", "scopes", "days") if obj is None else ("name", "may", *self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: forms.ModelForm, change: bool) -> None:
        """Make the token and show its secret, this once."""
        days = form.cleaned_data["days"]
        expires_at = timezone.now() + timedelta(days=days) if days else None
        token, secret = make_token(form.cleaned_data["name"], form.cleaned_data["scopes"], request.user, expires_at)
        obj.pk, obj.prefix, obj.created_at = token.pk, token.prefix, token.created_at
        obj._state.adding = False
        text = (
            'The token, shown only now: <code class="desk-secret">{}</code> '
            '<button type="button" class="desk-button" data-copy="{}">Copy</button>'
        )
        messages.success(request, format_html(text, secret, secret))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A token is revoked and another one made, not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A revoked token stays, to tell whose requests they were."""
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Who may make tokens may revoke them."""
        return self.has_add_permission(request)

    @admin.action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke_tokens(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        messages.success(request, f"{counted(revoke(tokens), 'token')} revoked.")

    @display(description="may")
    def may(self, token: ApiToken) -> str:
        return ", ".join(token.scopes)

    @display(description="secret")
    def beginning(self, token: ApiToken) -> str:
        return f"{token.prefix}…"

    @display(description="state", label={"valid": "success", "revoked": "danger", "expired": "warning"})
    def state(self, token: ApiToken) -> str:
        if token.revoked_at:
            return "revoked"
        return "expired" if token.expires_at and token.expires_at <= timezone.now() else "valid"
