"""Flags projects whose comment was deleted or flagged at its source: a person looks again, nothing is dropped."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.dispatch import receiver
from django.utils import timezone

from comments.signals import comments_restored, comments_withdrawn
from projects.models import Project

WITHDRAWN = "Its comment was deleted or flagged at its source."


@receiver(comments_withdrawn)
def flag_projects(sender: Any, comment_ids: Sequence[int], **_: Any) -> None:
    """Flag the projects found in these comments, except those that are flagged for another reason."""
    found = Project.objects.filter(submissions__comment__in=comment_ids, flag_reason="")
    Project.objects.filter(pk__in=found.values("pk")).update(flag_reason=WITHDRAWN, updated_at=timezone.now())


@receiver(comments_restored)
def clear_flags(sender: Any, comment_ids: Sequence[int], **_: Any) -> None:
    """Take back the flag of projects whose comments are all shown again."""
    flagged = Project.objects.filter(flag_reason=WITHDRAWN)
    gone = flagged.filter(Q(submissions__comment__dead=True) | Q(submissions__comment__deleted=True))
    back = flagged.filter(submissions__comment__in=comment_ids).exclude(pk__in=gone.values("pk"))
    Project.objects.filter(pk__in=back.values("pk")).update(flag_reason="", updated_at=timezone.now())
