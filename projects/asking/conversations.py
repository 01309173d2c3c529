"""Questions and conversations by the secret that is their key, as long as they are kept."""

from uuid import UUID

from projects.asking.models import KEPT_FOR, Conversation, Question
from projects.asking.questions import stop_question


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
    """Delete the conversation with all its questions; an answer under way ends."""
    for question in Question.objects.open().filter(conversation=conversation):
        stop_question(question)
    conversation.delete()
