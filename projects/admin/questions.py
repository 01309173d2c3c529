"""What readers asked, what they got and what that cost; and the switch."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.views.decorators.http import require_POST
from unfold.decorators import display

from core.admin.listing import ReadOnlyAdmin, require
from projects.admin.filters import YesNoFilter
from projects.asking import limits
from projects.asking.costs import costs_by_day
from projects.asking.models import KEPT_FOR, Question
from projects.asking.questions import has_model
from projects.asking.showing import ShownResult, shown_answer

RIGHT = "projects.change_question"
SHOWN_CITED = 3
SHOWN_CHARACTERS = 120
COLOURS = {
    Question.Status.WAITING: "info",
    Question.Status.RUNNING: "warning",
    Question.Status.ANSWERED: "success",
    Question.Status.NOTHING: "warning",
    Question.Status.SEARCHED: "info",
    Question.Status.STOPPED: "info",
    Question.Status.FAILED: "danger",
}


class FoundNothingFilter(YesNoFilter):
    """Nothing in the index answered it."""

    title, parameter_name = "found nothing", "nothing"

    def answered(self, questions: Any, yes: bool) -> Any:
        nothing = {"status": Question.Status.NOTHING}
        return questions.filter(**nothing) if yes else questions.exclude(**nothing)


@admin.register(Question)
class QuestionAdmin(ReadOnlyAdmin):
    """What readers asked. Who asked is not known here: an address is kept as a digest of the day, to count by."""

    list_display = ("asked", "shown_status", "cited", "calls", "tokens", "seconds", "created_at")
    list_filter = ("status", FoundNothingFilter, "model")
    search_fields = ("text", "error", "=task_id")
    date_hierarchy = "created_at"
    hidden_on_phones = ("calls", "seconds")
    bare_on_phones = ("cited", "created_at")
    list_before_template = "admin/projects/question/tools.html"
    fields = (
        *("text", "status", "reason", "error", "created_at", "finished_at", "seconds_to_first", "seconds"),
        *("shown_plan", "shown_results", "shown_sentences", "model", "prompt_version", "calls", "tokens_in"),
        *("tokens_out", "attempts", "task_id"),
    )

    class Media:
        css = {"all": ("core/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        return super().get_queryset(request).defer("plan")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(require_POST(self.switch_view))
        return [path("switch/", view, name="projects_question_switch"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        asking = {
            "is_on": limits.is_on(),
            "has_model": has_model(),
            "may_switch": request.user.has_perm(RIGHT),
            "tokens": limits.tokens_today(),
            "budget": settings.ASK_TOKENS_PER_DAY,
            "days": costs_by_day(),
            "kept_days": KEPT_FOR.days,
        }
        return super().changelist_view(request, {"asking": asking} | (extra_context or {}))

    def switch_view(self, request: HttpRequest) -> HttpResponse:
        """Have questions taken or refused, as ``on`` (yes or no) says."""
        require(request.user.has_perm(RIGHT), RIGHT)
        on = request.POST.get("on") == "yes"
        limits.switch(on, request.user.get_username())
        what = "Questions are taken again." if on else "Questions are refused now. Those that wait are still answered."
        messages.success(request, what)
        return HttpResponseRedirect(reverse("admin:projects_question_changelist"))

    @display(description="question", ordering="text")
    def asked(self, question: Question) -> str:
        return Truncator(question.text or str(question)).chars(SHOWN_CHARACTERS)

    @display(description="status", ordering="status", label=COLOURS)
    def shown_status(self, question: Question) -> tuple[str, str]:
        return question.status, question.get_status_display()

    @display(description="cited", empty_value="—")
    def cited(self, question: Question) -> str | None:
        """The results that its sentences stand on."""
        if question.status == Question.Status.NOTHING:
            return "found nothing"
        numbers = {number for sentence in question.sentences for number in sentence["citations"]}
        labels = [str(result["label"]) for result in question.results if result["number"] in numbers]
        more = f" and {len(labels) - SHOWN_CITED} more" if len(labels) > SHOWN_CITED else ""
        return f"{', '.join(labels[:SHOWN_CITED])}{more}" if labels else None

    @display(description="tokens")
    def tokens(self, question: Question) -> str:
        return f"{question.tokens_in + question.tokens_out:,}"

    @display(description="plan", empty_value="—")
    def shown_plan(self, question: Question) -> SafeString | None:
        calls = [(call.get("tool", ""), _arguments(call)) for call in question.plan.get("calls", [])]
        dropped = [(text,) for text in question.plan.get("dropped", [])]
        told = format_html_join("", "<p><b>{}</b> {}</p>", calls)
        return (told + format_html_join("", "<p>dropped: {}</p>", dropped)) or None

    @display(description="results", empty_value="—")
    def shown_results(self, question: Question) -> SafeString | None:
        rows = [(each.number, _named(each), _said(each)) for each in shown_answer(question).results]
        return format_html_join("", '<p><b>[{}]</b> {}</p><p class="desk-lines">{}</p>', rows) or None

    @display(description="sentences", empty_value="—")
    def shown_sentences(self, question: Question) -> SafeString | None:
        rows = [
            (each.text, ", ".join(map(str, each.citations)) or "nothing", f" {each.why}" if each.why else "")
            for each in shown_answer(question).sentences
        ]
        return format_html_join("", "<p>{} <b>[{}]</b>{}</p>", rows) or None


def _arguments(call: dict[str, Any]) -> str:
    given = {name: value for name, value in call.items() if name != "tool" and value}
    return ", ".join(
        f"{name}: {', '.join(value) if isinstance(value, list) else value}" for name, value in given.items()
    )


def _named(result: ShownResult) -> SafeString | str:
    if result.project is None:
        return result.label
    url = reverse("admin:projects_project_change", args=[result.project.pk])
    return format_html('<a class="desk-link" href="{}">{}</a>', url, result.label)


def _said(result: ShownResult) -> str:
    return "; ".join(f"{name}: {value}" for name, value in result.rows) or result.text
