"""What hiding an author takes out of the index."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from comments.removing import comments_by
from projects.models import Project, Submission


@dataclass(frozen=True)
class Reach:
    """How many comments and projects of an author are hidden, and how many projects stay since others posted them too.

    Counted as readers see the index now: what is rejected, deleted at its source or hidden already is not in it.
    """

    comments: int
    projects: int
    shared: int


def reach_of(source: str, name: str) -> Reach:
    """Return what removing an author takes away, or takes away now."""
    theirs = Submission.objects.filter(comment__source=source, comment__author=name)
    posted = Project.objects.not_rejected().filter(pk__in=theirs.values("project"))
    others = Submission.objects.visible().exclude(comment__source=source, comment__author=name)
    shared = posted.filter(Exists(others.filter(project=OuterRef("pk")))).count()
    return Reach(comments_by(source, name).present().count(), posted.count() - shared, shared)
