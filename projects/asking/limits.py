"""Who may ask, how often and how much: limits per address, the bound of the queue, the day's tokens, the switch."""

import hashlib
import hmac
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from projects.asking.models import AskingPause, Question, QuestionQuerySet

# Questions that wait or run at once; one more is refused rather than answered in an hour.
MOST_OPEN = 20
QUEUE_FULL_SECONDS = 30
# What an open question is taken to cost, until it is known.
TYPICAL_TOKENS = 5_000
# A question that nobody began to answer for so long is given up: who asked it is gone.
LONGEST_WAIT = timedelta(minutes=10)
TOO_LATE = "No worker came to it in time. Ask again."


class AskError(Exception):
    """A question was not taken; the message is one line for the one who asked."""


class BadQuestion(AskError):
    """It is empty or too long."""


class ConversationOver(AskError):
    """The conversation that it goes on with takes no more."""


class AskingIsOff(AskError):
    """The operator switched asking off."""


class AskLater(AskError):
    """It may be asked again in ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = max(1, int(retry_after))


class TooManyQuestions(AskLater):
    """This address asked as often as it may."""


class QueueFull(AskLater):
    """As many questions wait as may."""


class BudgetSpent(AskLater):
    """The tokens of the day are spent."""


def is_on() -> bool:
    """Return whether questions are taken."""
    return not AskingPause.objects.exists()


def switch(on: bool, by: str = "") -> bool:
    """Have questions taken, or refused until somebody switches it back; return whether that changed anything.

    What waits or runs already is answered. ``by`` is the name of the person.
    """
    if on:
        return bool(AskingPause.objects.all().delete()[0])
    return AskingPause.objects.get_or_create(defaults={"paused_by": by[:150]}, pk=1)[1]


def asked_today() -> QuestionQuerySet:
    """Return the questions of this day (UTC), by which limits and tokens are counted."""
    return Question.objects.filter(created_at__gte=_midnight(timezone.now()))


def tokens_today() -> int:
    """Return how many tokens the questions of this day (UTC) took; an open one counts as a typical one."""
    today = asked_today()
    spent: int = today.aggregate(n=Coalesce(Sum("tokens_in"), 0) + Coalesce(Sum("tokens_out"), 0))["n"]
    return spent + TYPICAL_TOKENS * today.open().count()


def asker(address: str, now: datetime) -> str:
    """Return what the questions of an address are counted by: a digest that another day's cannot be compared with."""
    told = f"{now:%Y-%m-%d} {address}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), told, hashlib.sha256).hexdigest()


def check_limits(asked_by: str, now: datetime, *, has_model: bool) -> None:
    """Raise the AskError for which one more question of ``asked_by`` is not taken now.

    Call it under a lock: two questions at once must not both be the last that may be.
    """
    if not is_on():
        raise AskingIsOff("Asking is switched off here for now. The search and the lists work as always.")
    _check_address(asked_by, now)
    if not has_model:
        return
    if Question.objects.open().count() >= MOST_OPEN:
        raise QueueFull(f"{MOST_OPEN} questions wait for an answer. Ask again in a moment.", QUEUE_FULL_SECONDS)
    if settings.ASK_TOKENS_PER_DAY and tokens_today() >= settings.ASK_TOKENS_PER_DAY:
        raise BudgetSpent(
            "All that may be spent on answers today is spent. Ask again tomorrow, or use the search.",
            (_midnight(now) + timedelta(days=1) - now).total_seconds(),
        )


def _check_address(asked_by: str, now: datetime) -> None:
    theirs = Question.objects.filter(asked_by=asked_by)
    lately = list(
        theirs.filter(created_at__gt=now - timedelta(minutes=1))
        .order_by("-created_at")
        .values_list("created_at", flat=True)[: settings.ASK_PER_MINUTE]
    )
    if len(lately) == settings.ASK_PER_MINUTE:
        seconds = (lately[-1] + timedelta(minutes=1) - now).total_seconds()
        raise TooManyQuestions(
            f"More than {settings.ASK_PER_MINUTE} questions in a minute. Ask again in {max(1, round(seconds))} s.",
            seconds,
        )
    if theirs.count() >= settings.ASK_PER_DAY:
        tomorrow = _midnight(now) + timedelta(days=1)
        raise TooManyQuestions(
            f"More than {settings.ASK_PER_DAY} questions in a day. Ask again tomorrow.",
            (tomorrow - now).total_seconds(),
        )


def _midnight(now: datetime) -> datetime:
    """Return when the day (UTC) began."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
