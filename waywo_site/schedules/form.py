"""The form of a schedule: no JSON to write, and nothing taken that could not run."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from core.times import written
from waywo_site.schedules import arguments, timing
from waywo_site.schedules.argument_fields import field_name, field_of
from waywo_site.schedules.arguments import Argument
from waywo_site.schedules.stored import are_headers, problem_of

PREVIEW = "_preview"


class WhenWidget(UnfoldAdminTextInputWidget):
    """A line of text, and below it what it means and when it would run."""

    template_name = "waywo_site/widgets/when.html"
    zone = "UTC"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["preview"] = preview(value, self.zone) if value else {}
        context["preview_url"] = reverse("admin:waywo_schedule_preview")
        context["local_zone"] = settings.TIME_ZONE
        return context


def preview(text: str, zone: str) -> dict[str, Any]:
    """Return what ``text`` means as JSON: words and runs in the operator's time zone, or error."""
    if zone not in available_timezones():
        return {"error": f"No time zone is called {zone}."}
    try:
        row = timing.parse_timing(text, zone)
    except timing.BadTiming as error:
        return {"error": str(error)}
    runs = [_written(run) for run in timing.next_runs(row)]
    return {"words": timing.in_words(row), "runs": runs}


def _written(run: datetime) -> str:
    """Return a run with its weekday, and with its seconds where it has some."""
    local = timezone.localtime(run)
    return f"{local:%a} {written(run)}" + (f":{local:%S}" if local.second else "")


class ScheduleForm(forms.ModelForm):
    """Task, time, arguments and options of one schedule. Made for use by ``form_class``."""

    name = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget, help_text="What people call it.")
    description = forms.CharField(
        required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}), help_text="What it is for."
    )
    task = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    enabled = forms.BooleanField(
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Switched off it is kept, and never runs.",
    )
    when = forms.CharField(
        max_length=100,
        widget=WhenWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Minute, hour, day of the month, month, day of the week, as 0 6 1 * *; or as: every 10 minutes. "
        "Where both kinds of day are given, both must fit.",
    )
    zone = forms.ChoiceField(
        label="Time zone",
        choices=[(name, name) for name in sorted(available_timezones())],
        initial="UTC",
        widget=UnfoldAdminSelect2Widget,
        help_text="In which the time is meant. UTC knows no daylight saving: nothing is lost or moved by it.",
    )
    queue = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget, help_text="Empty: the task's own queue.")
    priority = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=9,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="On Redis and Valkey: 0 (first) to 9 (last). Empty: 0. RabbitMQ does not follow it here.",
    )
    expire_seconds = forms.IntegerField(
        label="Expires after",
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Seconds after which a run that no worker took is dropped. Empty: shortly before the next run.",
    )

    class Meta:
        model = PeriodicTask
        fields = ("name", "description", "enabled", "priority", "expire_seconds")

    class Media:
        js = ("waywo_site/schedule.js",)

    offered: dict[str, tuple[Argument, ...]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tasks = arguments.registered()
        offered = {name: f"{name}: {arguments.summary(task)}"[:120] for name, task in tasks.items()}
        stored = self.instance
        if stored.task and stored.task not in tasks:
            offered[stored.task] = f"{stored.task} (no such task)"
        choices: dict[str, Any] = {"task": offered, "queue": {name: name for name in settings.QUEUE_TIME_LIMITS}}
        for name, shown in choices.items():
            choice: Any = self.fields[name]
            choice.choices = [("", "—"), *shown.items()]
        if stored.pk:
            self._fill(stored)
        self.fields["when"].widget.zone = self["zone"].value() or "UTC"
        # A time that this form does not know (a single moment, the sun) stays unless a new one is given.
        self.fields["when"].required = not (stored.pk and not timing.timing_text(stored.scheduler))

    def _fill(self, stored: PeriodicTask) -> None:
        self.initial.update(task=stored.task, queue=stored.queue or "", when=timing.timing_text(stored.scheduler))
        if isinstance(stored.scheduler, CrontabSchedule):
            self.initial["zone"] = str(stored.scheduler.timezone)
        elif not self.initial["when"] and stored.scheduler is not None:
            self.fields["when"].help_text = f"Now: {stored.scheduler}. Fill in a time to replace it."
        try:
            keywords = json.loads(stored.kwargs or "{}")
        except ValueError:
            keywords = {}
        for name, value in keywords.items() if isinstance(keywords, dict) else ():
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            self.initial[field_name(stored.task, name)] = shown

    def clean_task(self) -> str:
        name = self.cleaned_data["task"]
        if name not in arguments.registered():
            raise forms.ValidationError(f"No task is called {name}. Choose another.")
        return name

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        self._clean_when(data)
        self._clean_arguments(data)
        if PREVIEW in self.data:
            raise forms.ValidationError("Nothing is saved yet. See below when it would run.", code="preview")
        return data

    def _clean_when(self, data: dict[str, Any]) -> None:
        text = data.get("when")
        if not text or "zone" not in data:
            return
        try:
            data["time"] = timing.parse_timing(text, data["zone"])
        except timing.BadTiming as error:
            self.add_error("when", str(error))
            return
        if self.instance.expires:
            # It ends at a moment that somebody gave it elsewhere; beat takes that or a span, not both.
            data["expire_seconds"] = None
            return
        gap = timing.shortest_gap(data["time"])
        kept = "when" in self.changed_data and "expire_seconds" not in self.changed_data
        if data.get("expire_seconds") is None or (
            kept and (data["expire_seconds"] > gap or self._followed_the_old_time(data["expire_seconds"]))
        ):
            # Nobody chose it for this time.
            data["expire_seconds"] = max(1, min(int(gap * 0.9), 2**31 - 1))
        elif data["expire_seconds"] > gap:
            self.add_error("expire_seconds", f"It runs again after {gap:.0f} s: a run must expire before the next.")

    def _followed_the_old_time(self, expire_seconds: int) -> bool:
        """Return whether a run expired shortly before the next one, by the time that the schedule has had so far.

        One that expires long before the next was chosen so: it stays.
        """
        old = self.instance.crontab or self.instance.interval
        return bool(old and not problem_of(self.instance) and expire_seconds >= timing.shortest_gap(old) / 2)

    def _clean_arguments(self, data: dict[str, Any]) -> None:
        """Collect the chosen task's arguments; those left empty keep the task's defaults."""
        if (task := data.get("task")) is None:
            return
        data["keywords"] = {
            argument.name: value
            for argument in self.offered[task]
            if not _is_left_empty(argument, value := data.get(field_name(task, argument.name)))
        }
        for name, problem in arguments.problems(arguments.registered()[task], data["keywords"]).items():
            field = field_name(task, name)
            if field not in self.errors:
                self.add_error(field, problem)

    def _post_clean(self) -> None:
        stored, data = self.instance, self.cleaned_data
        stored.task = data.get("task", stored.task)
        stored.queue = data.get("queue") or None
        stored.args, stored.kwargs = "[]", json.dumps(data.get("keywords", {}))
        if not are_headers(stored.headers):
            stored.headers = "{}"
        if "time" in data:
            # A single moment was replaced: what was to run once runs by its new time.
            stored.one_off = stored.one_off and not stored.clocked_id
            stored.interval = stored.crontab = stored.solar = stored.clocked = None
            # Only for the check that there is a time; the row itself is saved with the schedule.
            _set_time(stored, data["time"])
        super()._post_clean()  # type: ignore[misc]

    def validate_unique(self) -> None:
        """Check the name; that there is one time is seen to by ``when``."""
        if PeriodicTask.objects.exclude(pk=self.instance.pk).filter(name=self.cleaned_data.get("name")).exists():
            self.add_error("name", "Another schedule has this name.")

    def save(self, commit: bool = True) -> PeriodicTask:
        if row := self.cleaned_data.get("time"):
            _set_time(self.instance, timing.saved(row))
        return super().save(commit)


def _set_time(schedule: PeriodicTask, row: timing.Row) -> None:
    setattr(schedule, "crontab" if isinstance(row, CrontabSchedule) else "interval", row)


def form_class() -> type[ScheduleForm]:
    """Return the form with a field for each argument of each registered task."""
    offered = {name: arguments.arguments(task) for name, task in arguments.registered().items()}
    fields = {
        field_name(task, argument.name): field_of(argument) for task, taken in offered.items() for argument in taken
    }
    return type("ScheduleForm", (ScheduleForm,), {"offered": offered, **fields})


def fieldsets(form: type[ScheduleForm]) -> list[tuple[str | None, dict[str, Any]]]:
    """Return the parts of the form: one for the arguments of each task that takes some."""
    parts = [
        (
            f"Arguments of {task}",
            {"fields": tuple(field_name(task, argument.name) for argument in taken), "classes": ("task-arguments",)},
        )
        for task, taken in form.offered.items()
        if taken
    ]
    return [
        (None, {"fields": ("name", "task", "enabled", "description")}),
        ("When", {"fields": ("when", "zone")}),
        *parts,
        ("How", {"fields": ("queue", "priority", "expire_seconds")}),
    ]


def _is_left_empty(argument: Argument, value: Any) -> bool:
    """Tell whether the task's default holds; a switch that is off says nothing where None is the default."""
    return value in (None, "", [], argument.default) or (argument.kind is bool and value == bool(argument.default))
