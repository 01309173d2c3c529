"""What a reviewer does with one project on the review page, a function each."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin

from core.jobs.sending import send
from projects.admin.forms import ReviewEditForm
from projects.models import Project, ReviewAction
from projects.reviewing import acts, snoozing
from projects.reviewing.history import record
from projects.reviewing.rejections import LONGEST_REASON

HERE = ReviewAction.Place.REVIEW


class Refused(Exception):
    """What was sent cannot be done; the message is one line, ``errors`` are those of fields."""

    def __init__(self, message: str, errors: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or {}


def as_id(text: str) -> int | None:
    """Return the number that an id may be."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


def by_id(pk: int | None) -> Project | None:
    projects = Project.objects.defer("embedding", "search_vector").select_related("reviewer", "snooze__user")
    return None if pk is None else projects.filter(pk=pk).first()


def _approve(pages: ModelAdmin, request: HttpRequest, project: Project, seen: Any) -> tuple[str, bool]:
    changes = {"review_status": Project.ReviewStatus.APPROVED}
    acts.change(project.pk, changes, request.user, HERE, seen)
    pages.log_change(request, project, "Approved.")
    return f"Approved “{project.title}”.", True


def _reject(pages: ModelAdmin, request: HttpRequest, project: Project, seen: Any) -> tuple[str, bool]:
    reason = request.POST.get("reason", "").replace("\0", "").strip()[:LONGEST_REASON]
    if not reason:
        raise Refused("Say why it is rejected.")
    changes = {"review_status": Project.ReviewStatus.REJECTED, "review_note": reason}
    acts.change(project.pk, changes, request.user, HERE, seen)
    pages.log_change(request, project, f"Rejected: {reason}")
    return f"Rejected “{project.title}”: {reason}.", True


def _bookmark(pages: ModelAdmin, request: HttpRequest, project: Project, seen: Any) -> tuple[str, bool]:
    wanted = not project.is_bookmarked
    acts.change(project.pk, {"is_bookmarked": wanted}, request.user, HERE, seen)
    done = "Bookmarked" if wanted else "Took the bookmark from"
    pages.log_change(request, project, f"{done} it.")
    return f"{done} “{project.title}”.", False


def _edit(pages: ModelAdmin, request: HttpRequest, project: Project, seen: Any) -> tuple[str, bool]:
    tags = ", ".join(map(str, project.tags.all()))
    form = ReviewEditForm(request.POST, instance=project, initial={"tags": tags})
    if not form.is_valid():
        raise Refused(
            "Not saved: see what is marked.", {name: list(map(str, found)) for name, found in form.errors.items()}
        )
    changes = form.changes()
    if not changes:
        return "Nothing was changed.", False
    acts.change(project.pk, changes, request.user, HERE, seen)
    pages.log_change(request, project, f"Edited {', '.join(sorted(changes))}.")
    return "Saved. A later reading leaves what you wrote alone.", False


def _merge(pages: ModelAdmin, request: HttpRequest, project: Project, seen: Any) -> tuple[str, bool]:
    target = as_id(request.POST.get("target", ""))
    kept = None if target is None else by_id(target)
    if kept is None:
        raise Refused("Choose a project to merge it into.")
    acts.merge_into(project.pk, kept.pk, request.user, HERE, seen)
    pages.log_change(request, kept, f"Merged “{project.title}” ({project.pk}) into it.")
    return f"Merged “{project.title}” into “{kept.title}”.", True


def _split(pages: ModelAdmin, request: HttpRequest, project: Project, seen: Any) -> tuple[str, bool]:
    submission = as_id(request.POST.get("submission", ""))
    if submission is None:
        raise Refused("Choose the submission to split off.")
    action = acts.split_off(project.pk, submission, request.user, HERE, seen)
    pages.log_change(request, project, f"Split off submission {submission} as project {action.details['new']}.")
    return (
        f"Split off as project {action.details['new']}, which waits in the queue. Read it again to describe it again.",
        False,
    )


def _snooze(pages: ModelAdmin, request: HttpRequest, project: Project, seen: Any) -> tuple[str, bool]:
    note = request.POST.get("note", "").replace("\0", "").strip()
    try:
        action = snoozing.snooze(project.pk, request.POST.get("until", ""), note, request.user, HERE, seen)
    except snoozing.SnoozeError as error:
        raise Refused(str(error)) from None
    pages.log_change(request, project, f"{action}.")
    return f"{action}.", True


def _wake(pages: ModelAdmin, request: HttpRequest, project: Project, seen: Any) -> tuple[str, bool]:
    try:
        action = snoozing.wake(project.pk, request.user, HERE, seen)
    except snoozing.SnoozeError as error:
        raise Refused(str(error)) from None
    pages.log_change(request, project, f"{action}.")
    return f"{action}: it waits for a review again.", False


def _read(pages: ModelAdmin, request: HttpRequest, project: Project, seen: Any) -> tuple[str, bool, str]:
    ids = list(project.submissions.order_by("-comment__posted_at").values_list("comment_id", flat=True)[:1])
    if not ids:
        raise Refused("It comes from no comment, so there is nothing to read.")
    task_id = send("process_waywo_comment", {"comment_id": ids[0]}, queue="priority")
    summary = f"Had the comment of “{project.title}” read again"
    record(request.user, ReviewAction.Kind.READ, HERE, summary, project_id=project.pk, count=1)
    pages.log_change(request, project, f"Had comment {ids[0]} read again.")
    return "A worker reads its comment again; what it finds shows here by itself.", False, task_id


# Each returns what to say, whether the next project is shown, and the id of the task that it sent, if it did.
ACTS: dict[str, Callable[[ModelAdmin, HttpRequest, Project, Any], tuple[str, bool] | tuple[str, bool, str]]] = {
    "approve": _approve,
    "reject": _reject,
    "bookmark": _bookmark,
    "edit": _edit,
    "merge": _merge,
    "split": _split,
    "snooze": _snooze,
    "wake": _wake,
    "read": _read,
}
