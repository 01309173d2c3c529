"""Answers a question that was asked: runs the workflow, writes down what comes as it comes, and ends it well."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.utils import timezone

from core import event_loop
from core.http import NotAsked, OutsideError, Refused, Unavailable
from core.jobs.retrying import GivenUp
from core.locks import try_lock
from core.models import MAX_DEATHS
from projects import catalogue
from projects.asking import prompts, recording
from projects.asking.grounding import Sentence
from projects.asking.limits import LONGEST_WAIT, TOO_LATE
from projects.asking.models import Question
from projects.asking.plans import Call, Plan
from projects.asking.showing import shown_answers
from projects.asking.stopping import Stopped, watching
from projects.asking.tools import Found, ToolFailed, known_months, run_tool
from projects.language.metering import Usage, metering
from projects.language.model import LanguageModel, get_language_model
from projects.search.searching import SearchTooSlow, search

MOST_NEAREST = 8
TOOL_SECONDS = 8

NO_MODEL = "No language model is set here, so this is what the search finds."
NOTHING = "Nothing in the index answers that."
STOPPED = "It was stopped."
CROSSED = "The worker that answered it was lost. Ask again."
BROKEN_OFF = "The language model broke off in the middle of its answer."
NO_ANSWER = "The language model cannot answer now. Ask again later."
BUG = "Something went wrong here. Ask again later."

# Told what was written down: "step" with a text, "results" with a list, "sentence" with a sentence's JSON form.
Tell = Callable[[str, Any], None]


class QuestionNotFound(Exception):
    """There is no such question: it may have been removed."""


class BeingAnswered(Exception):
    """Another process answers this question at this moment."""


class Unanswered(Refused):
    """The model failed, and is not asked again: somebody waits, or has read the first sentence already."""


class TooSlow(Unavailable):
    """There was no time left: the model took too long."""


def tell_nobody(kind: str, what: Any) -> None:
    """Tell nobody."""


def answer_question(question_id: Any, *, last_try: bool = True, tell: Tell = tell_nobody) -> Question:
    """Answer a question and return it as it ended; one that has ended is left as it is.

    ``last_try`` says whether an error that may pass ends it, or leaves it waiting for another try; after the first
    sentence there is none. Raises QuestionNotFound, BeingAnswered, GivenUp, and Unanswered where the model failed; by
    then the question says so. Raises Unavailable before another try.
    """
    with try_lock(f"question {question_id}") as is_ours:
        if not is_ours:
            raise BeingAnswered(f"Question {question_id} is being answered.")
        question = Question.objects.filter(pk=question_id).first()
        if question is None:
            raise QuestionNotFound(f"There is no question {question_id}.")
        if _begin(question):
            _answer(question, last_try, tell)
        question.refresh_from_db()
        return question


def answer_sent(task_id: str, *, last_try: bool) -> Question:
    """Answer the question that the task ``task_id`` was sent for, as ``answer_question`` does.

    Raises QuestionNotFound where there is none: it was removed, or the task was sent by hand.
    """
    question_id = Question.objects.filter(task_id=task_id).values_list("pk", flat=True).first() if task_id else None
    if question_id is None:
        raise QuestionNotFound("No question waits for this task: questions are asked by page, API or the command ask.")
    return answer_question(question_id, last_try=last_try)


def _begin(question: Question) -> bool:
    """Note that the question is being answered; end it where it cannot be, or was left in the middle."""
    if question.is_finished:
        return False
    was_running = question.status == Question.Status.RUNNING
    if question.stop_requested_at:
        # Its worker died, or its first try failed, before it noticed.
        _end(question, Question.Status.STOPPED, reason=STOPPED)
        return False
    if question.sentences:
        # Its worker died in the middle. What was said would be said again, perhaps in other words.
        _end(question, Question.Status.FAILED, reason=CROSSED, error="Its worker died after the first sentence.")
        return False
    if not was_running and question.created_at < timezone.now() - LONGEST_WAIT:
        _end(question, Question.Status.FAILED, reason=TOO_LATE, error="It waited for too long.")
        return False
    question.attempts += 1
    if was_running and question.attempts > MAX_DEATHS:
        _end(question, Question.Status.FAILED, reason=CROSSED, error=GivenUp.REASON)
        raise GivenUp(f"A question: {GivenUp.REASON}")
    begun = {"status": Question.Status.RUNNING, "attempts": question.attempts}
    return bool(Question.objects.open().filter(pk=question.pk).update(**begun))


def _answer(question: Question, last_try: bool, tell: Tell) -> None:
    """Run the workflow and note how it ended."""
    try:
        model = get_language_model()
    except Refused:
        answer_by_search(question, tell)
        return
    usage = Usage()
    status = Question.Status
    try:
        outcome = _run(question, model, usage, tell)
        if outcome == "answered":
            _end(question, status.ANSWERED, usage, model=model.name)
        else:
            nearest = nearest_to(question)
            _end(question, status.NOTHING, usage, model=model.name, reason=NOTHING, nearest=nearest)
    except (Stopped, recording.Ended):
        _end(question, status.STOPPED, usage, model=model.name, reason=STOPPED)
    except OutsideError as error:
        has_begun = Question.objects.filter(pk=question.pk).exclude(sentences=[]).exists()
        # A model that is down is waited for by nobody.
        if not (error.permanent or last_try or has_begun or isinstance(error, NotAsked)):
            try:
                recording.note_another_try(question, usage, str(error))
            except recording.Ended:
                recording.note_cost(question, usage)
                return
            raise
        reason = BROKEN_OFF if has_begun else NO_ANSWER
        nearest = [] if has_begun else nearest_to(question)
        _end(question, status.FAILED, usage, model=model.name, reason=reason, error=str(error), nearest=nearest)
        raise Unanswered(str(error)) from error
    except Exception as error:
        # First the row is moved out of the way, then the error goes on: a bug must not leave it running.
        told = f"{type(error).__name__}: {error}"[:2000]
        _end(question, status.FAILED, usage, model=model.name, reason=BUG, error=told)
        raise


def _end(question: Question, status: str, usage: Usage | None = None, **fields: Any) -> None:
    try:
        recording.note_end(question, status, usage, prompt_version=prompts.VERSION, **fields)
    except recording.Ended:
        # Somebody ended it meanwhile; what it cost, it cost.
        recording.note_cost(question, usage or Usage())


def _run(question: Question, model: LanguageModel, usage: Usage, tell: Tell) -> str:
    """Run the workflow over a question; return whether it was "answered" or there is "nothing"."""
    from workflows.errors import WorkflowTimeoutError

    from projects.asking.events import QuestionAsked
    from projects.asking.workflow import AskWorkflow

    tags = [tag.name for tag in catalogue.counted_tags()[: prompts.TAGS]]
    asked = QuestionAsked(text=question.text, turns=turns_before(question), months=known_months(), tags=tags)

    async def run() -> str:
        stopped = asyncio.Event()
        workflow = AskWorkflow(model, _beside, Recorder(question, tell), stopped, timeout=settings.ANSWER_SECONDS)
        with metering(usage), watching(question.pk, stopped):
            ended: Any = await workflow.run(start_event=asked)
            return str(ended.outcome)

    try:
        return event_loop.run(run())
    except WorkflowTimeoutError:
        raise TooSlow(f"It was not answered within {settings.ANSWER_SECONDS} s.") from None


async def _beside(call: Call) -> list[Found]:
    """Run a tool in a thread, for as long as a tool may take."""
    try:
        async with asyncio.timeout(TOOL_SECONDS):
            return await event_loop.beside(lambda: run_tool(call))
    except TimeoutError:
        raise ToolFailed(f"It took longer than {TOOL_SECONDS} s.") from None


class Recorder:
    """Writes down what the workflow does, then tells it."""

    def __init__(self, question: Question, tell: Tell) -> None:
        self.question, self._tell = question, tell

    async def step(self, name: str, told: str) -> None:
        """Note a step."""
        await event_loop.beside(lambda: recording.note_step(self.question, name, told))
        self._tell("step", told)

    async def results(self, results: list[dict[str, Any]], plan: Plan) -> None:
        """Note what the tools found."""
        await event_loop.beside(lambda: recording.note_results(self.question, results, plan.as_dict()))
        self._tell("results", results)

    async def sentence(self, sentence: Sentence) -> None:
        """Note a sentence."""
        await event_loop.beside(lambda: recording.note_sentence(self.question, sentence.as_dict()))
        self._tell("sentence", sentence.as_dict())


def turns_before(question: Question) -> list[tuple[str, str]]:
    """Return the questions of the conversation before this one, each with what was said that stands on results."""
    rows = question.conversation.questions.filter(number__lt=question.number).order_by("-number")[: prompts.TURNS]
    return [
        (shown.question.text, " ".join(sentence.text for sentence in shown.sentences if sentence.grounded))
        for shown in shown_answers(list(reversed(rows)))
    ]


def nearest_to(question: Question) -> list[int]:
    """Return the ids of the projects that the search finds for the question, best first."""
    try:
        return [hit.project.pk for hit in search(question.text, limit=MOST_NEAREST).hits]
    except SearchTooSlow:
        return []


def answer_by_search(question: Question, tell: Tell = tell_nobody) -> None:
    """Give the projects that the search finds for the question, where no language model is set.

    One that somebody ends meanwhile stays as they left it.
    """
    with suppress(recording.Ended):
        _search_for(question, tell)


def _search_for(question: Question, tell: Tell) -> None:
    call = Call("search", question.text)
    recording.note_step(question, "search", call.told)
    tell("step", call.told)
    try:
        results = [found.as_dict(number) for number, found in enumerate(run_tool(call), 1)]
    except ToolFailed as error:
        recording.note_end(question, Question.Status.FAILED, reason=str(error))
        return
    nearest = [result["project"] for result in results]
    recording.note_results(question, results, Plan([call]).as_dict(), nearest)
    tell("results", results)
    status = Question.Status.SEARCHED if results else Question.Status.NOTHING
    recording.note_end(question, status, reason=NO_MODEL if results else NOTHING)


def end_cancelled(task_id: str) -> None:
    """End the questions of a task that was cancelled, before its process is."""
    for question in Question.objects.open().filter(task_id=task_id):
        _end(question, Question.Status.STOPPED, reason=STOPPED, error="Its task was cancelled.")
