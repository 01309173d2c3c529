"""Users, schedules and task results, in the look of the rest."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from django_celery_results.models import GroupResult, TaskResult
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminRadioSelectWidget

from waywo_site.roles import OPERATOR, REVIEWER, VIEWER

for model in (
    *(User, Group, PeriodicTask, CrontabSchedule, IntervalSchedule, ClockedSchedule, SolarSchedule),
    *(TaskResult, GroupResult),
):
    admin.site.unregister(model)

# Registered by their modules, in the place of those above. A time is part of its schedule's form: rows of it that
# several schedules share are not for editing.
from waywo_site.api import token_admin  # noqa: E402, F401
from waywo_site.operations import admin as operations_admin  # noqa: E402, F401
from waywo_site.running import admin as results_admin  # noqa: E402, F401
from waywo_site.schedules import admin as schedules_admin  # noqa: E402, F401


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    return request.user.is_superuser or user is None or not user.is_superuser


SUPERUSER = "Superuser"
ROLES = [
    (VIEWER, "Viewer: sees everything but accounts and tokens, changes nothing"),
    (REVIEWER, "Reviewer: sees the same, and reviews, edits and merges projects"),
    (OPERATOR, "Operator: runs Waywo, but gives nobody more rights"),
    (SUPERUSER, "Superuser: may do everything, and gives others their roles"),
]


class NewUserForm(UserCreationForm):
    """Name, password and role: all that a person needs to sign in and work."""

    role = forms.ChoiceField(choices=ROLES, initial=VIEWER, widget=UnfoldAdminRadioSelectWidget(choices=ROLES))

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        user.is_staff = True  # else nobody could sign in here
        user.is_superuser = self.cleaned_data.get("role") == SUPERUSER
        if commit:
            user.save()
        return user


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = NewUserForm
    add_form_template = None  # Django's tells to save first and to give rights then.
    list_display = ("username", "role", "email", "is_active", "last_login")
    list_filter = ("groups", "is_superuser", "is_active")
    bare_on_phones = ("role", "email")
    add_fieldsets = ((None, {"fields": ("username", "email", "password1", "password2", "role")}),)
    fieldsets = (
        (None, {"fields": ("username", "password", "email", "first_name", "last_name")}),
        ("Role", {"fields": ("groups", "is_superuser", "is_staff", "is_active", "rights_besides")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("rights_besides", "last_login", "date_joined")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Leave out the role where somebody adds a user who may give none."""
        if obj is not None or request.user.is_superuser:
            return super().get_fieldsets(request, obj)
        return ((None, {"fields": ("username", "email", "password1", "password2")}),)

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is None and not request.user.is_superuser:
            form.base_fields.pop("role", None)
        return form

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change and (role := form.cleaned_data.get("role")):
            form.instance.groups.set(Group.objects.filter(name=role))

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        """Go to the list: all was said in one form."""
        return super(DjangoUserAdmin, self).response_add(request, obj, post_url_continue)

    @display(description="role")
    def role(self, user: User) -> str | None:
        names = ["Superuser"] if user.is_superuser else [group.name for group in user.groups.all()]
        return ", ".join(names) or None

    @display(description="rights besides")
    def rights_besides(self, user: User) -> str | None:
        """Those that a person has of their own; a role is easier to oversee."""
        return ", ".join(user.user_permissions.values_list("name", flat=True)) or None

    change_password_form = AdminPasswordChangeForm

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Keep a person from giving out more than he has: only a superuser hands out rights."""
        rights = () if request.user.is_superuser else ("is_superuser", "groups")
        return (*super().get_readonly_fields(request, obj), *rights)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Leave superusers to superusers: who sets another's password can sign in as that person."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Only superusers hand out rights: a member could give his own group more."""
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return request.user.is_superuser
