"""Asking the index: the box, a conversation at its secret address, and what was shared of one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from kombu.exceptions import OperationalError

from core.callers import address_of, is_sent_by_another_site
from core.text import storable
from projects.asking import conversations, limits, questions
from projects.asking.models import KEPT_FOR, MOST_CHARACTERS, Conversation, Question
from projects.models import Analytics
from projects.site.asked import asked_in
from projects.site.charts import month_name
from projects.site.errors import BadRequest, NoPage, reader_page

BROKER_SECONDS = 30
# Of an address: nothing that long was ever asked here.
MOST_TYPED = 20 * MOST_CHARACTERS
# What examples are made of.
FIGURES = ("year", "month", "tags", "projects_seen_again")


class SentByAnotherSite(NoPage):
    """A page of another site had the browser send this."""

    status = 403
    heading = "This was sent by another site"


@dataclass(frozen=True)
class Refusal:
    """Why a question was not taken: the status of the answer, and what its page says."""

    status: int
    heading: str
    text: str
    retry_after: int | None = None


# By what is raised. The text is that of the error.
REFUSALS: dict[type[limits.AskError], tuple[int, str]] = {
    limits.BadQuestion: (400, "That is no question that can be answered"),
    limits.ConversationOver: (400, "That conversation is over"),
    limits.AskingIsOff: (503, "Asking is switched off"),
    limits.TooManyQuestions: (429, "That were many questions"),
    limits.QueueFull: (503, "Many are asking just now"),
    limits.BudgetSpent: (503, "No more answers today"),
}


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@reader_page
def ask(request: HttpRequest) -> HttpResponse:
    """The box; a question that is sent (POST) leads to the address of its answer.

    No reader has a cookie, so there is no CSRF token: the browser says whose page sent it.
    """
    if request.method != "POST":
        typed = storable(request.GET.get("q", ""))[:MOST_CHARACTERS]
        return ask_page(request, typed)
    _refuse_other_sites(request)
    typed = storable(request.POST.get("question", ""))
    conversation = _conversation_of(request)
    try:
        question = questions.ask_question(typed, conversation, address=address_of(request))
    except limits.AskError as error:
        return ask_page(request, typed, _refusal(error), conversation)
    except OperationalError:
        text = "The queue that questions wait in does not answer. Ask again in a moment."
        refusal = Refusal(503, "This cannot be answered just now", text, BROKER_SECONDS)
        return ask_page(request, typed, refusal, conversation)
    return redirect(_address(question), permanent=False)


def ask_page(
    request: HttpRequest, typed: str = "", refusal: Refusal | None = None, conversation: Conversation | None = None
) -> HttpResponse:
    """Return the page of the box with ``typed`` in it, and why it was not taken where it was not."""
    context = {
        "title": "Ask",
        "description": "Ask the index of projects in words.",
        "typed": typed[:MOST_TYPED],
        "search_words": typed[:MOST_CHARACTERS].strip(),
        "refusal": refusal,
        "conversation": conversation,
        "examples": examples(),
    }
    status = refusal.status if refusal else 200
    response = render(request, "projects/site/ask.html", context | about_asking(), status=status)
    if refusal and refusal.retry_after:
        response["Retry-After"] = str(refusal.retry_after)
    response["Cache-Control"] = "no-store" if refusal else "no-cache"
    return response


def about_asking() -> dict[str, Any]:
    """Return what every page with a box says about asking."""
    return {
        "is_on": limits.is_on(),
        "model": settings.LLM_MODEL if questions.has_model() else "",
        "a_day": settings.ASK_PER_DAY,
        "most_characters": MOST_CHARACTERS,
        "kept_days": KEPT_FOR.days,
    }


def examples() -> list[str]:
    """Return questions that the index as it is can answer, none for an empty one."""
    months = list(Analytics.objects.months().order_by("-year", "-month").only(*FIGURES)[:2])
    if not months or not months[0].tags:
        return []
    newest, tags = months[0], [tag["name"] for tag in months[0].tags]
    found = [f"Who builds something with {tags[0]}, and what is it?"]
    if len(months) > 1:
        named = [month_name((month.year, month.month)) for month in months]
        found.append(f"How many projects were there in {named[0]} compared with {named[1]}?")
    found.append(f"How did {tags[min(1, len(tags) - 1)]} go over the months?")
    if newest.projects_seen_again:
        found.append("Which projects came back most often?")
    return found


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@reader_page
def question(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The conversation of a question, at an address that its asker alone knows; what is done to it (POST ``act``)."""
    try:
        found = conversations.kept_question(pk)
    except conversations.NotKept as error:
        raise NoPage(str(error)) from error
    if request.method == "POST":
        _refuse_other_sites(request)
        return _acted(request, found)
    asked = asked_in(found.conversation)
    shared = found.conversation.share_id
    context = {
        "title": f"{found.text} · Ask",
        "asked": asked,
        "conversation": found.conversation,
        "here": found,
        "is_open": any(not each.question.is_finished for each in asked),
        "shared_url": request.build_absolute_uri(reverse("site:shared", args=[shared])) if shared else "",
    }
    return _secret(render(request, "projects/site/ask_conversation.html", context | about_asking()))


def _acted(request: HttpRequest, found: Question) -> HttpResponse:
    """Do what the page's buttons are for."""
    act = request.POST.get("act", "")
    if act == "delete":
        conversations.forget(found.conversation)
        return redirect("site:ask")
    if act == "stop":
        questions.stop_question(found)
        return redirect(_address(found))
    if act == "share":
        questions.share(found.conversation)
    elif act == "unshare":
        questions.unshare(found.conversation)
    else:
        raise BadRequest("That is nothing that can be done here: there are stop, share, unshare and delete.")
    return redirect(f"{reverse('site:question', args=[found.pk])}#sharing")


@reader_page
def shared(request: HttpRequest, share_id: UUID) -> HttpResponse:
    """A conversation that its visitor shared: to read, with nothing on it that leads to the original."""
    try:
        conversation = conversations.shared_conversation(share_id)
    except conversations.NotKept as error:
        raise NoPage(str(error)) from error
    asked = asked_in(conversation)
    title = f"{asked[0].question.text if asked else 'A conversation'} · Ask"
    context = {"title": title, "asked": asked, "conversation": conversation} | about_asking()
    return _secret(render(request, "projects/site/ask_shared.html", context))


def _conversation_of(request: HttpRequest) -> Conversation | None:
    """Return the conversation that a question goes on with. Raises BadRequest for what is none, NoPage for one gone."""
    key = request.POST.get("conversation", "")
    if not key:
        return None
    try:
        return conversations.kept_conversation(UUID(key))
    except (ValueError, ValidationError) as error:
        raise BadRequest("The conversation that this question goes on with is no conversation.") from error
    except conversations.NotKept as error:
        raise NoPage("The conversation was deleted. Begin a new one.") from error


def _refusal(error: limits.AskError) -> Refusal:
    status, heading = REFUSALS[type(error)]
    return Refusal(status, heading, str(error), getattr(error, "retry_after", None))


def _refuse_other_sites(request: HttpRequest) -> None:
    if is_sent_by_another_site(request):
        raise SentByAnotherSite("A page of another site had your browser send this. Ask here yourself.")


def _address(found: Question) -> str:
    return f"{reverse('site:question', args=[found.pk])}#q{found.number}"


def _secret(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
