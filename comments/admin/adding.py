"""The form that adds a thread: what it is called is shown before anything is saved."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from comments.adding import CollectionError, add_post, look_up_post
from comments.models import Post
from comments.months import month_of
from comments.sources.items import Item
from core.admin.listing import page_context, require
from core.admin.sending import send_batch
from core.http import OutsideError


class AddThreadForm(forms.Form):
    thread = forms.CharField(
        max_length=200,
        label="Thread",
        help_text="The id of the Hacker News item, or its address: https://news.ycombinator.com/item?id=41342017",
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
    )
    limit_comments = forms.IntegerField(
        min_value=1,
        max_value=100_000,
        required=False,
        label="Comments",
        help_text="How many of its comments to collect; empty for all.",
        widget=UnfoldAdminIntegerFieldWidget,
    )

    preview: dict[str, Any] | None = None

    def clean_thread(self) -> str:
        text = self.cleaned_data["thread"]
        try:
            self.preview = preview(look_up_post(text))
        except (ValueError, CollectionError, OutsideError) as error:
            raise forms.ValidationError(str(error)) from None
        return text


def preview(thread: Item) -> dict[str, Any]:
    """Return what the form shows of a thread before it is saved."""
    year, month = month_of(thread.title, thread.date)
    return {
        "id": int(thread.id),
        "title": thread.title,
        "author": thread.author,
        "posted_at": thread.posted_at,
        "month": f"{year}-{month:02}",
        "comments": len(thread.kids),
        "is_known": Post.objects.filter(pk=int(thread.id)).exists(),
    }


class AddThread(ModelAdmin):
    """Adds a thread by its id or address."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("comments.add_post")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        require(self.has_add_permission(request), "comments.add_post")
        form = AddThreadForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and "confirmed" in request.POST:
            return self._collect(request, form)
        shown = form.preview if form.is_bound and form.is_valid() else None
        context = page_context(self, request, "Add a thread", form=form, preview=shown) | (extra_context or {})
        return TemplateResponse(request, "admin/comments/post/add.html", context)

    def _collect(self, request: HttpRequest, form: AddThreadForm) -> HttpResponse:
        try:
            post = add_post(form.cleaned_data["thread"])
        except (ValueError, CollectionError, OutsideError) as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(request.get_full_path())
        self.log_addition(request, post, "Added by its id.")
        limit = form.cleaned_data["limit_comments"]
        call = {"post_id": post.pk, "year": post.year, "month": post.month, "limit_comments": limit}
        send_batch(request, "process_waywo_post", [call], f"Collect “{post.title}”")
        return HttpResponseRedirect(reverse("admin:comments_post_change", args=[post.pk]))
