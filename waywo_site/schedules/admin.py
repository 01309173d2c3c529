"""The schedules in the admin: what runs when, how it went, and the switch."""

from typing import Any
from urllib.parse import quote

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.defaultfilters import timesince_filter, timeuntil_filter
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from django_celery_beat.models import PeriodicTask
from django_celery_results.models import TaskResult
from kombu.exceptions import OperationalError
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.views import ChangeList

from core.admin.listing import filtered_list_link
from core.admin.outcomes import outcomes
from core.http import in_short
from core.times import written
from waywo_site.embedded import EmbeddedError
from waywo_site.running.admin import duration, result_link
from waywo_site.schedules import stored, time_line
from waywo_site.schedules.form import fieldsets, form_class, preview
from waywo_site.schedules.timing import in_words, next_runs, timing_text


def _cell(markup: str, *parts: Any) -> SafeString:
    """Return a cell of several lines, which stay one below the other on a phone."""
    return format_html('<div class="waywo-cell">{}</div>', format_html(markup, *parts))


class ScheduleList(ChangeList):
    """The list, with the newest result of each schedule in one query."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        ids = [schedule.last_result_id for schedule in self.result_list if schedule.last_result_id]
        results = TaskResult.objects.defer("traceback", "meta", "task_args", "result").in_bulk(ids)
        found = outcomes(results.values())
        runs = time_line.runs_of(self.result_list, time_line.IN_LIST)
        may_change = self.model_admin.has_change_permission(request)
        for schedule in self.result_list:
            schedule.may_change = may_change
            schedule.time_line = runs[schedule.pk]
            schedule.problem = stored.problem_of(schedule)
            schedule.last_result = last = results.get(schedule.last_result_id)
            schedule.outcome = found[last.task_id] if last else None


@admin.register(PeriodicTask)
class ScheduleAdmin(ModelAdmin):
    """What runs when. An edit is in force within seconds."""

    list_display = ("switch", "shown_name", "when", "last_run", "last_runs", "next_run", "run_button")
    bare_on_phones = ("when",)
    list_display_links = ("shown_name",)
    list_filter = ("enabled", "task")
    search_fields = ("name", "task")
    ordering = ("name",)
    list_per_page = 50
    show_full_result_count = False
    actions = ("switch_on", "switch_off")
    warn_unsaved_form = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[PeriodicTask]:
        rows = super().get_queryset(request).select_related("interval", "crontab", "solar", "clocked")
        return stored.with_last_results(rows)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ScheduleList

    # -- the form -----------------------------------------------------------------------------------------

    def get_form(
        self, request: HttpRequest, obj: PeriodicTask | None = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm]:
        return super().get_form(request, obj, change, **kwargs) if self._only_looks(request, obj) else form_class()

    def get_fieldsets(self, request: HttpRequest, obj: PeriodicTask | None = None) -> Any:
        if self._only_looks(request, obj):
            shown = ("name", "task", "enabled", "description", "state", "when", "upcoming", "kwargs", "runs")
            return [(None, {"fields": (*shown, "queue", "priority", "expire_seconds")})]
        parts = fieldsets(form_class())
        if obj is not None:
            parts[0][1]["fields"] += ("state", "runs")
        return parts

    def get_readonly_fields(self, request: HttpRequest, obj: PeriodicTask | None = None) -> tuple[str, ...]:
        if self._only_looks(request, obj):
            return ("state", "when", "upcoming", "runs")
        return ("state", "runs") if obj is not None else ()

    def _only_looks(self, request: HttpRequest, obj: PeriodicTask | None) -> bool:
        return not (self.has_change_permission(request, obj) if obj else self.has_add_permission(request))

    # -- what is shown of one -----------------------------------------------------------------------------

    @display(description="on", ordering="enabled")
    def switch(self, schedule: PeriodicTask) -> SafeString:
        if not schedule.may_change:
            return format_html("{}", "on" if schedule.enabled else "off")
        return format_html(
            '<button type="submit" role="switch" aria-checked="{}" aria-label="Switch {} {}" class="waywo-switch"'
            ' formaction="{}" name="enabled" value="{}"></button>',
            "true" if schedule.enabled else "false",
            schedule.name,
            "off" if schedule.enabled else "on",
            reverse("admin:waywo_schedule_switch", args=[schedule.pk]),
            "" if schedule.enabled else "1",
        )

    @display(description="schedule", ordering="name")
    def shown_name(self, schedule: PeriodicTask) -> SafeString:
        problem = schedule.problem
        below = format_html('<br><span class="waywo-bad">Broken: {}</span>', problem) if problem else ""
        return _cell('{}<br><span class="waywo-quiet">{}</span>{}', schedule.name, schedule.task, below)

    @display(description="when", ordering="crontab__hour")
    def when(self, schedule: PeriodicTask) -> SafeString:
        zone = getattr(schedule.scheduler, "timezone", "")
        return _cell(
            '<span title="{}">{}</span><br><span class="waywo-quiet">{}</span>',
            timing_text(schedule.scheduler),
            in_words(schedule.scheduler) if schedule.scheduler else "—",
            zone,
        )

    @display(description="last run")
    def last_run(self, schedule: PeriodicTask) -> SafeString | str:
        result = schedule.last_result
        if result is None:
            if schedule.last_run_at is None:
                return "—"
            return _cell("sent {} ago", timesince_filter(schedule.last_run_at))
        return _cell(
            '{}<br><span class="waywo-quiet">{} ago{}</span>',
            result_link(result.pk, schedule.outcome.badge()),
            timesince_filter(result.date_created),
            f", took {took}" if (took := duration(result)) else "",
        )

    @display(description="last runs")
    def last_runs(self, schedule: PeriodicTask) -> SafeString:
        return time_line.strip(schedule.time_line)

    @display(description="next run")
    def next_run(self, schedule: PeriodicTask) -> SafeString | str:
        if schedule.problem:
            return "never"
        if not schedule.enabled:
            return "switched off"
        if since := stored.due_since(schedule, getattr(schedule.last_result, "date_created", None)):
            return _cell(
                '<span class="waywo-bad">overdue since {}</span><br><span class="waywo-quiet">Does beat run?</span>',
                written(since),
            )
        run = next_runs(schedule.scheduler, 1)[0]
        return _cell(
            'in {}<br><span class="waywo-quiet">{}</span>',
            timeuntil_filter(run) if run > timezone.now() else "a moment",
            written(run),
        )

    @display(description="")
    def run_button(self, schedule: PeriodicTask) -> SafeString | str:
        if not schedule.may_change or schedule.problem:
            return ""
        heavy = stored.HEAVY.get(schedule.task)
        return format_html(
            '<button type="submit" class="waywo-button" formaction="{}"{}>Run now</button>',
            reverse("admin:waywo_schedule_run", args=[schedule.pk]),
            format_html(' data-confirm="{} Run it now?"', heavy) if heavy else "",
        )

    @display(description="state")
    def state(self, schedule: PeriodicTask) -> SafeString | str:
        if problem := stored.problem_of(schedule):
            return format_html(
                '<span class="waywo-bad">Broken: {} Nothing will run. Mend it here or delete it.</span>', problem
            )
        return "It can run." if schedule.enabled else "Switched off."

    @display(description="next runs")
    def upcoming(self, schedule: PeriodicTask) -> str:
        if stored.problem_of(schedule):
            return "—"
        return " · ".join(f"{timezone.localtime(run):%a} {written(run)}" for run in next_runs(schedule.scheduler))

    @display(description="runs")
    def runs(self, schedule: PeriodicTask) -> SafeString:
        link = filtered_list_link(
            "django_celery_results_taskresult_changelist", "Show all its runs", periodic_task_name=quote(schedule.name)
        )
        return format_html("{}{}", time_line.table(time_line.runs_of([schedule], time_line.ON_PAGE)[schedule.pk]), link)

    # -- what can be done ---------------------------------------------------------------------------------

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, chosen: QuerySet[PeriodicTask]) -> None:
        self._switch(request, chosen, True)

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, chosen: QuerySet[PeriodicTask]) -> None:
        self._switch(request, chosen, False)

    def _switch(self, request: HttpRequest, chosen: QuerySet[PeriodicTask], enabled: bool) -> None:
        to_change = list(PeriodicTask.objects.filter(pk__in=chosen.values("pk")).exclude(enabled=enabled))
        stored.set_enabled(PeriodicTask.objects.filter(pk__in=[row.pk for row in to_change]), enabled)
        word = "on" if enabled else "off"
        for schedule in to_change:
            self.log_change(request, schedule, f"Switched {word}.")
        self.message_user(request, f"Switched {word}: {', '.join(row.name for row in to_change) or 'nothing'}.")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("preview/", wrap(self.preview_view), name="waywo_schedule_preview"),
            path("<path:pk>/switch/", wrap(require_POST(self.switch_view)), name="waywo_schedule_switch"),
            path("<path:pk>/run/", wrap(self.run_view), name="waywo_schedule_run"),
            *super().get_urls(),
        ]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Return as JSON what a time means and when it would run."""
        if not self.has_view_permission(request):
            return JsonResponse({"error": "You may not see schedules."}, status=403)
        return JsonResponse(preview(request.GET.get("when", "")[:100], request.GET.get("zone", "UTC")))

    def switch_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        schedule = self._changeable(request, pk)
        if schedule is not None:
            self._switch(request, PeriodicTask.objects.filter(pk=schedule.pk), request.POST.get("enabled") == "1")
        return self._back(request)

    def run_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Send a schedule's task now; what is heavy only after a second click."""
        schedule = self._changeable(request, pk)
        if schedule is None:
            return self._back(request)
        heavy = stored.HEAVY.get(schedule.task, "")
        if request.method != "POST" or (heavy and request.POST.get("confirmed") != "1"):
            context = self.admin_site.each_context(request) | {
                "title": f"Run {schedule.name} now?",
                "schedule": schedule,
                "heavy": heavy,
                "opts": self.opts,
            }
            return TemplateResponse(request, "waywo_site/schedules/run.html", context)
        try:
            task_id = stored.run_now(schedule, started_by=request.user)
        except stored.NotStarted as error:
            self.message_user(request, str(error), messages.WARNING)
            return self._back(request)
        except (OperationalError, EmbeddedError, OSError) as error:
            self.message_user(
                request, f"The broker does not answer, so nothing was started: {in_short(error)}.", messages.ERROR
            )
            return self._back(request)
        self.log_change(request, schedule, f"{time_line.BY_HAND}: {task_id}.")
        row = TaskResult.objects.filter(task_id=task_id).only("pk").first()
        where = result_link(row.pk, "follow it here") if row else task_id
        self.message_user(request, format_html("Queued {}: {}.", schedule.name, where))
        return self._back(request)

    def _changeable(self, request: HttpRequest, pk: str) -> PeriodicTask | None:
        schedule = self.get_object(request, unquote(pk))
        if schedule is None:
            self.message_user(request, "This schedule is gone.", messages.WARNING)
        elif not self.has_change_permission(request, schedule):
            self.message_user(request, "You may look at schedules, not change or run them.", messages.ERROR)
            return None
        return schedule

    def _back(self, request: HttpRequest) -> HttpResponse:
        came_from = request.META.get("HTTP_REFERER", "")
        own = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, request.is_secure())
        changelist = reverse("admin:django_celery_beat_periodictask_changelist")
        return redirect(came_from if own and "/run/" not in came_from else changelist)
