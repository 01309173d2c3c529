"""Asking the index: a question is taken, stopped, shared. ``answering.py`` answers it, in a worker."""

import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from typing import cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core.jobs import sending
from core.locks import lock_until_commit
from core.text import storable
from projects.asking.answering import CROSSED, answer_by_search
from projects.asking.limits import LONGEST_WAIT, TOO_LATE, BadQuestion, ConversationOver, asker, check_limits
from projects.asking.models import MOST_CHARACTERS, Conversation, Question
from projects.asking.recording import Ended, note_end

MOST_QUESTIONS = 50  # of one conversation
# With all its tries; a worker that is at it for longer is dead.
LONGEST_RUN = timedelta(minutes=30)


def has_model() -> bool:
    """Return whether a language model is set, so that questions are answered and not only searched for."""
    return bool(settings.LLM_BASE_URL and settings.LLM_MODEL)


def clean_text(text: str) -> str:
    """Return a question in one line, as it can be stored. Raises BadQuestion for an empty one or a long one."""
    cleaned = " ".join(storable(text).split())
    if not any(character.isalnum() for character in cleaned):
        raise BadQuestion("There is nothing to answer: ask a question in words.")
    if len(cleaned) > MOST_CHARACTERS:
        raise BadQuestion(f"That is {len(cleaned):,} characters long: a question takes {MOST_CHARACTERS} at most.")
    return cleaned


def ask_question(
    text: str, conversation: Conversation | None = None, *, address: str, in_worker: bool = True
) -> Question:
    """Take a question and return it; a worker answers it, or with no ``in_worker`` whoever called.

    It begins a conversation where none is given. ``address`` is that of the asker, whose questions are counted; empty
    for the operator, whom no limit holds. Where no language model is set a question of a stranger is answered at once,
    by the search alone.

    Raises an AskError (limits.py): BadQuestion, ConversationOver, AskingIsOff, TooManyQuestions, QueueFull,
    BudgetSpent. The last three say in how many seconds to ask again. Raises kombu's OperationalError where the broker
    is away.
    """
    cleaned, now = clean_text(text), timezone.now()
    asked_by = asker(address, now) if address else ""
    if conversation is not None and conversation.expires_at <= now:
        raise ConversationOver("This conversation has ended. Begin a new one.")
    with transaction.atomic():
        lock_until_commit("ask")
        if asked_by:
            check_limits(asked_by, now, has_model=has_model())
        conversation = conversation or Conversation.objects.create()
        number = conversation.questions.count() + 1
        if number > MOST_QUESTIONS:
            raise ConversationOver(f"This conversation has {MOST_QUESTIONS} questions. Begin a new one.")
        question = Question.objects.create(
            conversation=conversation, number=number, text=cleaned, asked_by=asked_by, created_at=now
        )
    if in_worker and has_model():
        _send(question)
    elif in_worker:
        answer_by_search(question)
        question.refresh_from_db()
    return question


def _send(question: Question) -> None:
    try:
        with transaction.atomic():
            # Without the key, which is the question's secret address: more people see tasks than questions.
            question.task_id = sending.send("answer_question", {})
            question.save(update_fields=["task_id"])
    except Exception:
        # A broker that took nothing must not leave a question that waits.
        question.delete()
        raise


def stop_question(question: Question) -> bool:
    """Have the answer end; return whether there was anything to stop.

    One that waits ends at once. One that runs ends within about a second, and the model's call with it.
    """
    now = timezone.now()
    stopped = Question.objects.open().filter(pk=question.pk, stop_requested_at=None).update(stop_requested_at=now)
    with transaction.atomic():
        waits = Question.objects.select_for_update().waiting().filter(pk=question.pk)
        if waits.exists():
            note_end(question, Question.Status.STOPPED, reason="It was stopped before it began.")
    question.refresh_from_db()
    return bool(stopped)


def share(conversation: Conversation) -> uuid.UUID:
    """Give the conversation an address that others may read it at, and return that; it keeps the one that it has."""
    Conversation.objects.filter(pk=conversation.pk, share_id=None).update(share_id=uuid.uuid4())
    conversation.refresh_from_db(fields=["share_id"])
    return cast(uuid.UUID, conversation.share_id)


def unshare(conversation: Conversation) -> None:
    """Take the conversation's address away: a later one is another."""
    conversation.share_id = None
    conversation.save(update_fields=["share_id"])


def give_up_old(now: datetime | None = None) -> int:
    """End the questions that waited for too long, and those whose worker was lost for good; return how many."""
    now, ended = now or timezone.now(), 0
    waited = Question.objects.waiting().filter(created_at__lt=now - LONGEST_WAIT)
    lost = Question.objects.open().filter(created_at__lt=now - LONGEST_WAIT - LONGEST_RUN)
    for question in waited | lost:
        is_lost = question.status == Question.Status.RUNNING
        reason, error = (CROSSED, "Its worker was lost.") if is_lost else (TOO_LATE, "It waited for too long.")
        with suppress(Ended):
            note_end(question, Question.Status.FAILED, reason=reason, error=error)
            ended += 1
    return ended
