"""The page on which a reading is tried: a comment or a text, by rules, a model or both, without saving anything."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.http import urlencode
from django_celery_results.models import TaskResult
from kombu.exceptions import OperationalError
from unfold.admin import ModelAdmin

from core.admin.listing import page_context, require
from core.http import Refused
from core.jobs import following
from core.jobs.sending import send
from projects.extraction.reading import ANALYSTS, ReadingError
from projects.extraction.trying import LONGEST_MODEL, LONGEST_TEXT, check_request
from projects.models import UNSURE_BELOW

TASK = "try_reading"
TRY = "comments.change_comment"  # the right that it takes
LARGEST_ID = 2**63 - 1
STEPS = {
    "segmenting": "Looks for projects",
    "checking_duplicates": "Compares them with earlier ones",
    "fetching_pages": "Fetches linked pages",
    "describing": "Describes the projects",
    "embedding": "Embeds the descriptions",
}


class TryForm(forms.Form):
    """What is read, and by whom; ``asked`` are the arguments of a task for each analyst."""

    comment_id = forms.IntegerField(
        label="Comment",
        required=False,
        min_value=1,
        max_value=LARGEST_ID,
        help_text="The id of a comment that was collected.",
    )
    text = forms.CharField(
        label="Or a text",
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=f"Read as if it were a comment, {LONGEST_TEXT:,} characters at most: plain, or Hacker News's HTML.",
    )
    analysts = forms.MultipleChoiceField(
        label="Read by",
        choices=tuple((name, name) for name in ANALYSTS),
        widget=forms.CheckboxSelectMultiple,
        help_text="Both are shown one beside the other.",
    )
    model = forms.CharField(
        label="Model",
        required=False,
        max_length=LONGEST_MODEL,
        help_text="Another one of the same server; empty for LLM_MODEL.",
    )
    fresh = forms.BooleanField(
        label="Ask anew", required=False, help_text="Else answers that an earlier reading kept are used, at no cost."
    )
    asked: list[dict[str, Any]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        has_model = bool(settings.LLM_BASE_URL and settings.LLM_MODEL)
        model = f"The language model ({settings.LLM_MODEL})" if has_model else "A language model (none is configured)"
        self.fields["analysts"].choices = [("rules", "Rules"), ("llm", model)]  # type: ignore[attr-defined]
        self.fields["analysts"].initial = ["llm"] if has_model else ["rules"]

    def clean(self) -> dict[str, Any]:
        super().clean()
        given = self.cleaned_data
        if self.errors:
            return given
        about = {"comment_id": given["comment_id"]} if given["comment_id"] else {"text": given["text"]}
        if given["comment_id"] and given["text"]:
            self.add_error("text", "It takes a comment or a text, one of the two.")
        elif not given["comment_id"] and not given["text"].strip():
            self.add_error("text", "Name a comment above, or paste a text.")
        self.asked = []
        for analyst in () if self.errors else given["analysts"]:
            by_model = {"model": given["model"]} if given["model"] and analyst == "llm" else {}
            try:
                check_request(**about, analyst=analyst, **by_model)
            except ReadingError as error:
                self.add_error("comment_id", str(error))
            except (ValueError, Refused) as error:
                self.add_error("analysts", str(error))
            self.asked.append(about | by_model | {"analyst": analyst, "fresh": given["fresh"]})
        return given


class TryingPages(ModelAdmin):
    """The page, and what its script asks for."""

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("try/", wrap(self.try_view), name="projects_extraction_try"),
            path("try/<str:task_id>/", wrap(self.trial_view), name="projects_extraction_trial"),
            *super().get_urls(),
        ]

    def may_try(self, request: HttpRequest) -> bool:
        """Return whether a person may have something read: it costs what a reading costs."""
        return request.user.has_perm(TRY)

    def try_view(self, request: HttpRequest) -> HttpResponse:
        """Show the form, start what it asks for, and show the trials that the address names."""
        require(self.may_try(request), TRY)
        form = TryForm(request.POST if request.method == "POST" else None, initial=self._initial(request))
        if form.is_bound and form.is_valid() and (response := self._start(request, form)):
            return response
        trials = [] if form.is_bound else [_trial(task_id) for task_id in request.GET.getlist("task")[: len(ANALYSTS)]]
        context = page_context(
            self,
            request,
            "Try a reading",
            form=form,
            trials=trials,
            is_under_way=any(not trial["finished"] for trial in trials),
            is_fullwidth="1",
        )
        return TemplateResponse(request, "admin/projects/extraction/try.html", context)

    def trial_view(self, request: HttpRequest, task_id: str) -> HttpResponse:
        """Return one trial as HTML, for the page that follows it."""
        require(self.may_try(request), TRY)
        return render(request, "admin/projects/extraction/trial.html", {"trial": _trial(task_id)})

    def _start(self, request: HttpRequest, form: TryForm) -> HttpResponse | None:
        try:
            task_ids = [send(TASK, arguments, queue="priority") for arguments in form.asked]
        except OperationalError:
            messages.error(request, "The broker cannot be reached, so nothing was read. Try again in a moment.")
            return None
        query = urlencode([("task", task_id) for task_id in task_ids])
        return HttpResponseRedirect(f"{reverse('admin:projects_extraction_try')}?{query}")

    def _initial(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the form begins with: what was tried last, or the comment that the address names."""
        task_ids = request.GET.getlist("task")[: len(ANALYSTS)]
        rows = TaskResult.objects.filter(task_id__in=task_ids, task_name=TASK).values_list("task_kwargs", flat=True)
        before = [arguments for row in rows if (arguments := _arguments(row))]
        if not before:
            return {"comment_id": request.GET.get("comment", "")}
        analysts = [arguments["analyst"] for arguments in before]
        models = [arguments["model"] for arguments in before if arguments.get("model")]
        return before[0] | {"analysts": analysts, "model": models[0] if models else ""}


def _arguments(stored: str | None) -> dict[str, Any]:
    """Return what a trial was asked; nothing where a worker cut a long text short."""
    try:
        return following.stored_arguments(stored or '"{}"')
    except (ValueError, SyntaxError):
        return {}


def _trial(task_id: str) -> dict[str, Any]:
    """Return how far a trial is, and its result: ``text`` says what it is at or why there is none."""
    row = {"task_id": task_id, "finished": True, "result": None, "done": 0, "total": 0}
    try:
        state = following.task_state(task_id)
    except following.TaskNotFound:
        return row | {"text": "There is no such trial, or it is over a day old: try it again."}
    if state.name != TASK:
        return row | {"text": "This is no trial of a reading."}
    if state.is_finished:
        return row | {"result": _shown(state.result), "text": state.error or ""}
    row["finished"] = False
    if state.progress is None:
        return row | {"text": "Waits for a worker that serves the queue “priority”."}
    return row | state.progress | {"text": STEPS.get(state.progress["step"], "Reads")}


def _shown(result: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a result with each verdict that is unsure marked."""
    if result is None:
        return None
    for segment in result["segments"]:
        segment["is_unsure"] = segment["confidence"] < UNSURE_BELOW
    return result
