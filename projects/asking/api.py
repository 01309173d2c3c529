"""Asking the index over HTTP: a question is sent, its answer followed as it comes, stopped, shared and deleted."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import resolve, reverse
from ninja import Field, Header, Router, Schema, Status

from core.api.bodies import StrictBody
from core.api.following import HEARTBEAT_SECONDS, STREAM_SECONDS
from core.api.listing import NO_NUL
from core.api.problems import FieldProblem, Problem, problem_responses
from core.api.streams import stopping, stream
from core.callers import address_of
from projects.asking import conversations, questions
from projects.asking.limits import AskError, AskLater, BadQuestion, ConversationOver, TooManyQuestions
from projects.asking.models import MOST_CHARACTERS, Question, QuestionEvent
from projects.asking.showing import ShownAnswer, ShownResult, ShownSentence, events_after, shown_answer
from projects.models import Project

router = Router(tags=["asking"])

POLL_SECONDS = 0.3
OFF_SECONDS = 3600
LAST_EVENT = 2**31 - 1
REFUSED = problem_responses(
    {
        429: "This address asked as often as it may; `Retry-After` says when it may again",
        503: "Asking is switched off, as many questions wait as may, or the tokens of the day are spent",
    }
)
STREAMED = {
    200: {"description": "Events `step`, `results`, `sentence`, `end`", "content": {"text/event-stream": {}}},
    204: {"description": "The answer has ended and you have all of it"},
}


class Ask(StrictBody):
    """A question in words. With `conversation` it follows the ones before and may speak of them."""

    question: Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS, pattern=NO_NUL)]
    conversation: UUID | None = None


class ProjectLink(Schema):
    """A project and its page."""

    id: int
    title: str
    address: str


class ResultOut(Schema):
    """What a tool found: a project, or figures as `rows` of a name and a value. One that is gone tells nothing."""

    number: int
    kind: str
    label: str
    tool: str
    text: str
    rows: list[tuple[str, str]]
    address: str
    project_id: int | None
    is_gone: bool


class SentenceOut(Schema):
    """One sentence. `citations` are the numbers of the results that carry it; where none does `why` says so."""

    place: int
    text: str
    citations: list[int]
    grounded: bool
    why: str


class QuestionOut(Schema):
    """A question and what there is of its answer. `reason` says why there is none, or not all of it.

    `model` is empty where none is set: then `nearest` is what the search finds.
    """

    id: UUID
    conversation: UUID
    number: int
    question: str
    status: Question.Status
    is_finished: bool
    reason: str
    model: str
    plan: dict[str, Any]
    results: list[ResultOut]
    sentences: list[SentenceOut]
    nearest: list[ProjectLink]
    created_at: datetime
    finished_at: datetime | None
    seconds: float | None
    page: str
    status_url: str
    events_url: str


class SharedOut(Schema):
    """Where others may read a conversation."""

    address: str


def _link(project: Project) -> ProjectLink:
    return ProjectLink(id=project.pk, title=project.title, address=project.get_absolute_url())


def _result(result: ShownResult) -> ResultOut:
    pk = result.project.pk if result.project else None
    names = ("number", "kind", "label", "tool", "text", "rows", "address", "is_gone")
    return ResultOut(project_id=pk, **{name: getattr(result, name) for name in names})


def _answer(request: HttpRequest, shown: ShownAnswer) -> QuestionOut:
    question = shown.question
    names = ("id", "number", "status", "is_finished", "reason", "model", "plan", "created_at", "finished_at", "seconds")
    api = resolve(request.path_info).namespace
    return QuestionOut(
        **{name: getattr(question, name) for name in names},
        conversation=question.conversation_id,
        question=question.text,
        results=[_result(result) for result in shown.results],
        sentences=[SentenceOut(**vars(sentence)) for sentence in shown.sentences],
        nearest=[_link(project) for project in shown.nearest],
        page=reverse("site:question", args=[question.pk]),
        status_url=reverse(f"{api}:get_question", args=[question.pk]),
        events_url=reverse(f"{api}:question_events", args=[question.pk]),
    )


def _question(pk: UUID) -> Question:
    try:
        return conversations.kept_question(pk)
    except conversations.NotKept as error:
        raise Http404(str(error)) from error


def _conversation(pk: UUID) -> Any:
    try:
        return conversations.kept_conversation(pk)
    except conversations.NotKept as error:
        raise Http404(str(error)) from error


def refusal(error: AskError) -> Problem:
    """Return the problem for a question that was not taken."""
    if isinstance(error, BadQuestion):
        allowed = f"1 to {MOST_CHARACTERS} characters, with a word among them"
        return Problem(422, str(error), [FieldProblem("body.question", str(error), allowed)])
    if isinstance(error, ConversationOver):
        return Problem(422, str(error), [FieldProblem("body.conversation", str(error), "one with room, or none")])
    seconds = error.retry_after if isinstance(error, AskLater) else OFF_SECONDS
    status = 429 if isinstance(error, TooManyQuestions) else 503
    return Problem(status, str(error), headers={"Retry-After": str(seconds)})


@router.post("/ask", response={202: QuestionOut}, openapi_extra={"responses": REFUSED}, summary="Ask the index")
def ask(request: HttpRequest, arguments: Ask) -> Any:
    """Send a question; its answer comes at `events_url` and `status_url`. It is deleted after 30 days."""
    conversation = _conversation(arguments.conversation) if arguments.conversation else None
    try:
        question = questions.ask_question(arguments.question, conversation, address=address_of(request))
    except AskError as error:
        raise refusal(error) from error
    return Status(202, _answer(request, shown_answer(question)))


@router.get("/ask/{question_id}", response=QuestionOut, url_name="get_question", summary="A question and its answer")
def get_question(request: HttpRequest, question_id: UUID) -> Any:
    """What there is of the answer. What is no longer in the index is left out, with what was said of it."""
    return _answer(request, shown_answer(_question(question_id)))


@router.get(
    "/ask/{question_id}/events",
    url_name="question_events",
    openapi_extra={"responses": STREAMED},
    summary="Follow an answer (server-sent events)",
)
def question_events(
    request: HttpRequest,
    question_id: UUID,
    last_event_id: Annotated[int, Header(ge=0, le=LAST_EVENT, alias="Last-Event-ID")] = 0,
) -> Any:
    """Each step and sentence as it comes, until `end` or for 5 minutes.

    Who hands on the id of the last event that they got, as browsers do, goes on behind it.
    """
    question = _question(question_id)
    if question.is_finished and not question.events.filter(number__gt=last_event_id).exists():
        return HttpResponse(status=204)
    return stream(_events(request, question, last_event_id), "text/event-stream")


@router.post("/ask/{question_id}/stop", response=QuestionOut, summary="Stop an answer")
def stop(request: HttpRequest, question_id: UUID) -> Any:
    """Have the answer end, within about a second; what there is of it stays. One that has ended stays as it is."""
    question = _question(question_id)
    questions.stop_question(question)
    return _answer(request, shown_answer(question))


@router.delete("/ask/conversations/{conversation_id}", response={204: None}, summary="Delete a conversation")
def delete_conversation(request: HttpRequest, conversation_id: UUID) -> Any:
    """Delete all questions of a conversation, and the address that it was shared at."""
    conversations.forget(_conversation(conversation_id))
    return Status(204, None)


@router.post("/ask/conversations/{conversation_id}/share", response=SharedOut, summary="Share a conversation")
def share(request: HttpRequest, conversation_id: UUID) -> Any:
    """Give a conversation an address that others may read it at; asked again it is the same."""
    share_id = questions.share(_conversation(conversation_id))
    return SharedOut(address=reverse("site:shared", args=[share_id]))


@router.delete("/ask/conversations/{conversation_id}/share", response={204: None}, summary="Take a shared address back")
def unshare(request: HttpRequest, conversation_id: UUID) -> Any:
    """Let nobody read the conversation at its address any more; sharing it again makes another."""
    questions.unshare(_conversation(conversation_id))
    return Status(204, None)


def _events(request: HttpRequest, question: Question, seen: int) -> Iterator[str]:
    """Yield what happens to ``question`` behind the event ``seen``; beside it signs of life.

    It ends with the web server, and with a question that somebody deletes.
    """
    ends, last_sent = time.monotonic() + STREAM_SECONDS, time.monotonic()
    yield "retry: 1000\n\n"
    while time.monotonic() < ends:
        try:
            for event, shown in events_after(question, seen):
                seen, last_sent = event.number, time.monotonic()
                yield f"id: {seen}\nevent: {event.kind}\ndata: {json.dumps(_told(request, shown))}\n\n"
                if event.kind == QuestionEvent.Kind.END:
                    return
        except Question.DoesNotExist:
            return
        if stopping.wait(POLL_SECONDS):
            return
        if time.monotonic() - last_sent > HEARTBEAT_SECONDS:
            try:
                conversations.kept_question(question.pk)
            except conversations.NotKept:
                return
            yield ": still here\n\n"
            last_sent = time.monotonic()


def _told(request: HttpRequest, shown: Any) -> dict[str, Any]:
    """Return what an event tells: a step as it is, results, a sentence, or at the end the whole answer."""
    if isinstance(shown, ShownAnswer):
        return _answer(request, shown).model_dump(mode="json")
    if isinstance(shown, ShownSentence):
        return SentenceOut(**vars(shown)).model_dump(mode="json")
    if isinstance(shown, list):
        return {"results": [_result(result).model_dump(mode="json") for result in shown]}
    return dict(shown)
