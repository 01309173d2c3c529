"""What stands around one project in its comment. Pure."""

from collections.abc import Sequence

from projects.extraction.schemas import CommentInput, Segment
from projects.language.tokens import sentences


def without_others(comment: CommentInput, own: Segment, others: Sequence[Segment]) -> CommentInput:
    """Return ``comment`` without the sentences and links that are of its ``others`` alone.

    A small model that sees them takes the one project's features for the other's, and its address too.
    """
    if not others:
        return comment
    theirs = " ".join(other.text for other in others)
    kept = [said for said in sentences(comment.text) if said in own.text or said not in theirs]
    links = tuple(link for link in comment.links if link in own.text or link not in theirs)
    return comment.model_copy(update={"text": "\n".join(kept), "links": links})
