"""Writes what a source said: the thread, and its comments in lots."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from comments.models import AUTHOR_LENGTH, TITLE_LENGTH, Comment, Post, Source
from comments.months import month_of
from comments.signals import comments_restored, comments_withdrawn
from comments.sources.items import Answer, Item
from comments.text import plain_text
from core.http import OutsideError
from core.locks import lock_until_commit


@dataclass
class Collected:
    """What collecting one thread came to: the result of ``process_waywo_post``.

    Every comment that was looked at is in one of saved (new), updated (changed at the source), skipped (unchanged,
    not due for a look, or not served yet), failed and refused (403). ``not_served`` of the skipped were null at the
    source. ``deleted`` says that the source no longer has the thread; then no comment was looked at. ``missing`` has a
    line for what was refused, be it the thread itself: asking again at once would not bring it.
    """

    post_id: int
    title: str
    total_kids: int
    comments_saved: int = 0
    comments_skipped: int = 0
    comments_updated: int = 0
    failed: list[int | str] = field(default_factory=list)
    not_served: int = 0
    deleted: bool = False
    refused: list[int | str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def note_refused(self, errors: list[tuple[int | str, OutsideError]]) -> None:
        """Note the comments that the source refused to give, all of them in one line of ``missing``."""
        if errors:
            self.refused += [item_id for item_id, _ in errors]
            named = ", ".join(map(str, self.refused[:3])) + (", …" if len(self.refused) > 3 else "")
            self.missing = [
                f"Thread {self.post_id}: {len(self.refused)} comments were refused ({named}): {errors[0][1]}"
            ]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form. The status is partial where anything could not be had."""
        status = "partial" if self.failed or self.missing else "success"
        return {"status": status} | {name: value for name, value in vars(self).items() if name != "not_served"}


def missed_comments(result: dict[str, Any]) -> list[str]:
    """Return a line for each comment that the collection of ``result`` could not have, and may have another time."""
    return [
        f"Thread {result['post_id']}: comment {kid} could not be had; the next collection asks again."
        for kid in result.get("failed", [])
    ]


def save_post(source: str, item: Item, year: int | None = None, month: int | None = None) -> Post:
    """Write the thread. A month that was given wins over one that is stored, that one over what the title says."""
    fields = {
        "title": item.title[:TITLE_LENGTH],
        "text": item.text,
        "author": item.author[:AUTHOR_LENGTH],
        "score": item.score,
        "descendants": item.descendants,
        "posted_at": item.posted_at,
        # The ids of other sources are words.
        "kids": [kid for kid in item.kids if isinstance(kid, int)],
        "dead": item.dead,
        "deleted": item.deleted,
    }
    own_id = {"id": item.id} if source == Source.HACKER_NEWS else {}
    titled_year, titled_month = month_of(item.title, item.date)
    given = {name: value for name, value in (("year", year), ("month", month)) if value is not None}
    post, _ = Post.objects.update_or_create(
        source=source,
        source_id=str(item.id),
        defaults=fields | given,
        create_defaults=own_id | {"year": titled_year, "month": titled_month} | fields | given,
    )
    return post


def save_lot(post: Post, lot: list[tuple[int | str, Answer]], collected: Collected, looked_at: datetime) -> None:
    """Write the comments of ``lot`` in one transaction and count them in ``collected``.

    ``looked_at`` is a moment before the source was asked.
    """
    items = [answer for _, answer in lot if isinstance(answer, Item)]
    errors = [(item_id, answer) for item_id, answer in lot if isinstance(answer, OutsideError)]
    collected.failed += [item_id for item_id, error in errors if not error.is_forbidden]
    collected.note_refused([(item_id, error) for item_id, error in errors if error.is_forbidden])
    # Null is "not served yet": there is nothing to save, and a later look asks again.
    nulls = sum(answer is None for _, answer in lot)
    collected.not_served += nulls
    with transaction.atomic():
        # Two collections of one thread write one after another.
        lock_until_commit(f"post {post.pk}")
        stored = Comment.objects.filter(source=post.source, source_id__in=[str(item.id) for item in items])
        # Held until it is written: nobody claims a comment, or saves what it read in it, in between.
        known = {comment.source_id: comment for comment in stored.select_for_update(no_key=True).order_by("pk")}
        new = [_new_comment(post, item, looked_at) for item in items if str(item.id) not in known]
        Comment.objects.bulk_create(new)
        looks = [_Look(known[str(item.id)], item) for item in items if str(item.id) in known]
        changed = [look for look in looks if look.has_changed]
        for look in changed:
            look.apply()
        stored.due_for_a_look(looked_at).update(looked_at=looked_at)
        _tell(changed)
    collected.comments_saved += len(new)
    collected.comments_updated += len(changed)
    collected.comments_skipped += len(looks) - len(changed) + nulls


def _tell(changed: list["_Look"]) -> None:
    if withdrawn := [look.comment.pk for look in changed if look.is_withdrawn]:
        comments_withdrawn.send(Comment, comment_ids=withdrawn)
    if restored := [look.comment.pk for look in changed if look.is_restored]:
        comments_restored.send(Comment, comment_ids=restored)


def _initial_status(comment: Comment) -> str:
    readable = not (comment.dead or comment.deleted) and plain_text(comment.text).strip()
    return Comment.Status.PENDING if readable else Comment.Status.SKIPPED


def _new_comment(post: Post, item: Item, looked_at: datetime) -> Comment:
    comment = Comment(
        source=post.source,
        source_id=str(item.id),
        post=post,
        author=item.author[:AUTHOR_LENGTH],
        text=item.text,
        posted_at=item.posted_at or post.posted_at,
        looked_at=looked_at,
        dead=item.dead,
        deleted=item.deleted,
    )
    if post.source == Source.HACKER_NEWS:
        comment.pk = item.id
    comment.status = _initial_status(comment)
    return comment


def _differ_in_markup_only(stored: str, served: str) -> bool:
    """True where the item API and Algolia's copy of it write the same words: neither is an edit of the other."""
    return stored.split() != served.split() and plain_text(stored).split() == plain_text(served).split()


class _Look:
    """A known comment beside what its source says of it now."""

    def __init__(self, comment: Comment, item: Item) -> None:
        self.comment = comment
        self.dead, self.deleted = item.dead, item.deleted
        gone, was_gone = item.dead or item.deleted, comment.dead or comment.deleted
        self.is_withdrawn = gone and not was_gone
        self.is_restored = was_gone and not gone
        # A deleted item is served without its text: what was said before is kept.
        is_without = item.deleted or (item.dead and not item.text)
        self.text = comment.text if is_without or _differ_in_markup_only(comment.text, item.text) else item.text

    @property
    def has_changed(self) -> bool:
        before = (self.comment.text, self.comment.dead, self.comment.deleted)
        return before != (self.text, self.dead, self.deleted)

    def apply(self) -> None:
        """Bring the comment up to date; an edit, but not of white space alone, sets it back to pending."""
        comment = self.comment
        was_edited = self.text.split() != comment.text.split()
        waits_no_more = self.is_withdrawn and comment.status in (Comment.Status.PENDING, Comment.Status.PROCESSING)
        to_read_after_all = self.is_restored and comment.status == Comment.Status.SKIPPED
        comment.text, comment.dead, comment.deleted = self.text, self.dead, self.deleted
        fields = ["text", "dead", "deleted"]
        if was_edited or waits_no_more or to_read_after_all:
            # Ending the claim makes a reading that is under way come to nothing: what it read is gone.
            comment.status, comment.claimed_at, comment.claimed_by = _initial_status(comment), None, ""
            comment.attempts, comment.last_error = 0, ""
            fields += ["status", "claimed_at", "claimed_by", "attempts", "last_error"]
        comment.save(update_fields=fields)
