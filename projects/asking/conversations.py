"""Questions and conversations by the secret that is their key, as long as they are kept."""

from contextlib import suppress
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from projects.asking.models import KEPT_FOR, Conversation, Question, QuestionEvent
from projects.asking.questions import stop_question
from projects.asking.recording import Ended, note_end


class NotKept(LookupError):
    """There was never such a thing, or it was deleted; the message is one line for who asked for it."""


def kept_question(pk: UUID) -> Question:
    """Return the question with its conversation. Raises NotKept."""
    current = Conversation.objects.current()
    found = Question.objects.filter(pk=pk, conversation__in=current).select_related("conversation").first()
    if found is None:
        raise NotKept(f"There is no question {pk}, or not any more: all are deleted after {KEPT_FOR.days} days.")
    return found


def kept_conversation(pk: UUID) -> Conversation:
    """Return the conversation. Raises NotKept."""
    found = Conversation.objects.current().filter(pk=pk).first()
    if found is None:
        raise NotKept(f"There is no conversation {pk}, or not any more: all are deleted after {KEPT_FOR.days} days.")
    return found


def shared_conversation(share_id: UUID) -> Conversation:
    """Return the conversation that its visitor shared at this address. Raises NotKept."""
    found = Conversation.objects.shared().filter(share_id=share_id).first()
    if found is None:
        raise NotKept("Nothing is shared at this address: it was taken back, or deleted, as all is in time.")
    return found


def forget(conversation: Conversation) -> None:
    """Have all that was asked and said forgotten at once; an answer under way ends.

    The rows go with the first clean-up of another day. Until then they say how much was asked and spent: who forgets
    what was asked may not ask more often for it.
    """
    for question in Question.objects.open().filter(conversation=conversation):
        stop_question(question)
        with suppress(Ended):  # From now on whoever answers it writes nothing more.
            note_end(question, Question.Status.STOPPED)
    questions = conversation.questions.all()
    with transaction.atomic():
        QuestionEvent.objects.filter(question__in=questions.values("pk")).delete()
        questions.update(text="", plan={}, results=[], sentences=[], nearest=[], reason="", error="")
        Conversation.objects.filter(pk=conversation.pk).update(expires_at=timezone.now(), share_id=None)
