"""Users, schedules and task results, in the look of the rest."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django_celery_beat import admin as beat_admin
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from django_celery_results.models import GroupResult, TaskResult
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from comments.admin import ReadOnlyAdmin
from waywo_site.token_admin import ApiTokenAdmin

__all__ = ["ApiTokenAdmin"]  # registered by its module

TASK_COLOURS = {
    "SUCCESS": "success",
    "FAILURE": "danger",
    "REVOKED": "danger",
    "STARTED": "warning",
    "PROGRESS": "warning",
    "RETRY": "warning",
}

for model in (
    *(User, Group, PeriodicTask, CrontabSchedule, IntervalSchedule, ClockedSchedule, SolarSchedule),
    *(TaskResult, GroupResult),
):
    admin.site.unregister(model)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    """Who may sign in."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """What groups of users may do."""


class TaskSelectWidget(UnfoldAdminSelectWidget, beat_admin.TaskSelectWidget):
    """The list of registered tasks."""


class PeriodicTaskForm(beat_admin.PeriodicTaskForm):
    """beat's form with our widgets."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskSelectWidget()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(beat_admin.PeriodicTaskAdmin, ModelAdmin):
    """The schedules: what runs when. An edit is in force within seconds."""

    form = PeriodicTaskForm
    list_display = ("name", "enabled", "task", "scheduler", "last_run_at", "total_run_count")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PeriodicTask]:
        return super().get_queryset(request).select_related("interval", "crontab", "solar", "clocked")


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(beat_admin.CrontabScheduleAdmin, ModelAdmin):
    """Times as a crontab says them."""


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(ModelAdmin):
    """Times as an interval."""


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(beat_admin.ClockedScheduleAdmin, ModelAdmin):
    """A single moment."""


@admin.register(TaskResult)
class TaskResultAdmin(ReadOnlyAdmin):
    """What tasks came to."""

    list_display = ("task_name", "shown_status", "task_kwargs", "result", "worker", "date_created", "seconds")
    list_filter = ("status", "task_name", "worker")
    search_fields = ("=task_id", "task_name", "task_kwargs")
    date_hierarchy = "date_created"
    fields = (
        *("task_id", "task_name", "periodic_task_name", "status", "worker", "task_kwargs", "result"),
        *("date_created", "date_started", "date_done", "seconds", "traceback"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaskResult]:
        return super().get_queryset(request).defer("traceback", "meta", "task_args")

    @display(description="status", ordering="status", label=TASK_COLOURS)
    def shown_status(self, task: TaskResult) -> tuple[str, str]:
        return task.status, task.status.capitalize()

    @display(description="seconds")
    def seconds(self, task: TaskResult) -> str:
        if not task.date_done or not task.date_started:
            return "—"
        return f"{(task.date_done - task.date_started).total_seconds():.2f}"
