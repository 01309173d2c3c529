"""What Hacker News (or another source) said: threads and their top-level comments."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Greatest, Lower
from django.utils import timezone

from comments.sources.models import SourceHour as SourceHour
from core.locks import Lock
from core.updating import update_and_lock, update_returning
from core.written_once import written_once

# A thread takes comments for about two weeks (pitfalls, "What was not settled").
LIVE_FOR = timedelta(days=14)
# How old a comment is when it is looked at again: an author may edit for two hours, a moderator acts later.
SECOND_LOOKS = (timedelta(hours=3), timedelta(days=1), timedelta(days=3), timedelta(days=14))
# Rows of sources other than Hacker News are numbered from here, far above its item ids (about 5e7 in 2026).
FIRST_FOREIGN_ID = 10**12
TITLE_LENGTH = 300
AUTHOR_LENGTH = 64


class NextForeignId(models.Func):
    """The next id of a row whose source is not Hacker News."""

    function = "nextval"
    output_field = models.BigIntegerField()


class Source(models.TextChoices):
    HACKER_NEWS = "hn", "Hacker News"
    LOBSTERS = "lobsters", "Lobsters"
    SAMPLE = "sample", "Sample thread"


class PostQuerySet(models.QuerySet["Post"]):
    """Rules about threads, each named once."""

    def due_for_collection(self) -> Self:
        """Threads to look at by schedule: those that live, or were not found complete since they closed."""
        return self.filter(settled_at=None)

    def visible(self) -> Self:
        """Threads that strangers may see: neither flagged nor deleted."""
        return self.filter(dead=False, deleted=False)

    def with_comment_count(self) -> Self:
        """Add ``comment_count``: how many comments strangers may see, counted only for the rows that are fetched."""
        counted = Comment.objects.visible().filter(post=models.OuterRef("pk")).order_by().values("post")
        return self.annotate(
            comment_count=Coalesce(models.Subquery(counted.annotate(n=models.Count("pk")).values("n")), 0)
        )

    def with_comment_counts(self) -> Self:
        """Add ``comment_count``, one count for each status, as ``pending_count``, and of those ``set_aside_count``.

        They are counted only for the rows that are fetched.
        """

        def count(**conditions: Any) -> Coalesce:
            rows = Comment.objects.filter(post=models.OuterRef("pk"), **conditions).order_by().values("post")
            return Coalesce(models.Subquery(rows.annotate(n=models.Count("pk")).values("n")), 0)

        by_status = {f"{status}_count": count(status=status) for status in Comment.Status.values}
        by_status["set_aside_count"] = count(status=Comment.Status.PENDING, is_set_aside=True)
        return self.annotate(comment_count=count(), **by_status)


class Post(models.Model):
    """A thread that asks people what they are working on. A month can have none, one or two."""

    # Of with_comment_counts().
    comment_count: int
    pending_count: int
    processed_count: int
    skipped_count: int
    failed_count: int
    set_aside_count: int

    id = models.BigIntegerField(
        "ID",
        primary_key=True,
        db_default=NextForeignId(models.Value("comments_foreign_post_id")),
        help_text="The Hacker News item id; other sources are numbered from 10^12.",
    )
    source = models.CharField(max_length=32, choices=Source, default=Source.HACKER_NEWS)
    source_id = models.CharField("source ID", max_length=64, help_text="The id that the source itself uses.")
    title = models.CharField(max_length=TITLE_LENGTH)
    text = models.TextField(blank=True, help_text="HTML as served.")
    author = models.CharField(max_length=AUTHOR_LENGTH, blank=True)
    score = models.IntegerField(null=True, blank=True)
    descendants = models.IntegerField(null=True, blank=True, help_text="Comments of all levels.")
    posted_at = models.DateTimeField()
    year = models.PositiveSmallIntegerField()
    month = models.PositiveSmallIntegerField()
    kids = ArrayField(
        models.BigIntegerField(),
        default=list,
        blank=True,
        help_text="Source ids of the top-level comments, in rank order.",
    )
    dead = models.BooleanField(default=False)
    deleted = models.BooleanField(default=False)
    collected_at = models.DateTimeField(null=True, blank=True, help_text="When its comments were last collected.")
    settled_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When it was found complete after it had closed; from then on it is looked at only when asked.",
    )

    objects = PostQuerySet.as_manager()

    class Meta:
        verbose_name = "thread"
        ordering = ("-posted_at",)
        get_latest_by = "posted_at"
        constraints = (
            models.UniqueConstraint(fields=("source", "source_id"), name="post_once_per_source"),
            models.CheckConstraint(condition=Q(month__range=(1, 12)), name="post_month_1_to_12"),
            models.CheckConstraint(condition=Q(year__range=(2006, 2200)), name="post_year_2006_to_2200"),
            models.CheckConstraint(
                condition=Q(source=Source.HACKER_NEWS, id__lt=FIRST_FOREIGN_ID)
                | (~Q(source=Source.HACKER_NEWS) & Q(id__gte=FIRST_FOREIGN_ID)),
                name="post_id_fits_source",
            ),
        )
        indexes = (
            models.Index(fields=("-posted_at",), name="post_posted_at"),
            models.Index(fields=("year", "month"), name="post_year_month"),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def month_name(self) -> str:
        """The month that it belongs to, as 2024-08."""
        return f"{self.year}-{self.month:02}"

    @property
    def source_url(self) -> str:
        """Where a person reads the thread; empty for the sample."""
        return source_url(self.source, self.source_id)

    def has_closed(self, now: datetime | None = None) -> bool:
        """Return whether the thread takes no more comments."""
        return self.posted_at <= (now or timezone.now()) - LIVE_FOR


class RemovedAuthorQuerySet(models.QuerySet["RemovedAuthor"]):
    """Rules about authors who asked to be removed, each named once."""

    def active(self) -> Self:
        """Authors who are hidden now."""
        return self.filter(restored_at=None)


class RemovedAuthor(models.Model):
    """An author's wish to be removed. While it stands all of their comments are hidden, also those yet to come.

    An author is a name on one source. Nothing is deleted, so that it can be undone.
    """

    source = models.CharField(max_length=32, choices=Source, default=Source.HACKER_NEWS)
    name = models.CharField("author", max_length=AUTHOR_LENGTH, help_text="The name on that source, as written there.")
    reason = models.CharField(max_length=500, help_text="Who asked, when and how; strangers never see it.")
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    removed_at = models.DateTimeField(auto_now_add=True)
    restored_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    restored_at = models.DateTimeField("shown again at", null=True, blank=True)

    objects = RemovedAuthorQuerySet.as_manager()

    class Meta:
        ordering = ("-removed_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("source", "name"), condition=Q(restored_at=None), name="author_removed_once_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="removed_author_has_a_name"),
        )

    def __str__(self) -> str:
        return f"{self.name} on {self.get_source_display()}"


def is_removed(comment: str = "") -> Q:
    """Return the condition that the author of a comment asked to be removed.

    ``comment`` is the way to it from the row that is filtered, as "comment__"; none where that is the comment. Those
    comments are looked up once for a query, from the few authors on.
    """
    return Q(**{f"{comment}pk__in": _of_removed_authors()})


@cache
def _of_removed_authors() -> RawSQL:
    wishes = RemovedAuthor.objects.active().filter(source=models.OuterRef("source"), name=models.OuterRef("author"))
    return written_once(Comment.objects.filter(models.Exists(wishes)).values("pk"))


class CommentQuerySet(models.QuerySet["Comment"]):
    """Rules about comments, each named once."""

    def pending(self) -> Self:
        """Comments that wait to be read; those of authors who asked to be removed do not."""
        return self.filter(~is_removed(), status=Comment.Status.PENDING)

    def present(self) -> Self:
        """Comments that are shown at their source: neither flagged nor deleted."""
        return self.filter(dead=False, deleted=False)

    def visible(self) -> Self:
        """Comments that strangers may see: those present, but of authors who asked to be removed."""
        return self.present().filter(~is_removed())

    def of_removed_authors(self) -> Self:
        """Comments of authors who asked to be removed, whatever a later collection brought."""
        return self.filter(is_removed())

    def due_for_reading(self, now: datetime | None = None) -> Self:
        """Comments to read: pending, or left under way by a worker that must be dead by now.

        What an author asked to have removed is not read, nor sent to a model.
        """
        expired = (now or timezone.now()) - settings.CLAIM_EXPIRES_AFTER
        return self.filter(~is_removed()).filter(
            Q(status=Comment.Status.PENDING) | Q(status=Comment.Status.PROCESSING, claimed_at__lt=expired)
        )

    def set_aside(self, ids: Any) -> int:
        """Note of those of ``ids`` that wait that somebody cancelled their reading; return how many.

        Being read clears it.
        """
        pending = Comment.Status.PENDING
        # The status is written, too: by that the version of the index rises, and pages that were kept are made anew.
        return self.filter(pk__in=ids, status=pending).update(is_set_aside=True, status=pending)

    def were_set_aside(self) -> Self:
        """Pending comments that nothing reads until somebody asks for it."""
        return self.filter(status=Comment.Status.PENDING, is_set_aside=True)

    def being_read(self, now: datetime | None = None) -> Self:
        """Comments that somebody reads, claimed so lately that they may be alive."""
        expired = (now or timezone.now()) - settings.CLAIM_EXPIRES_AFTER
        return self.filter(status=Comment.Status.PROCESSING, claimed_at__gte=expired)

    def due_for_a_look(self, now: datetime | None = None) -> Self:
        """Comments that may have been edited or removed since the source was last asked for them."""
        now = now or timezone.now()
        due = Q(looked_at=None)
        for age in SECOND_LOOKS:
            due |= Q(posted_at__lte=now - age, looked_at__lt=F("posted_at") + age)
        return self.filter(due)

    def failed(self) -> Self:
        """Comments whose reading ended in an error."""
        return self.filter(status=Comment.Status.FAILED)

    def fell_short(self) -> Self:
        """Comments whose reading ended in an error, or was saved but for a project that could not be described."""
        partly_read = Q(status=Comment.Status.PROCESSED) & ~Q(last_error="")
        return self.filter(Q(status=Comment.Status.FAILED) | partly_read)

    def claimable(self, task_id: str = "", now: datetime | None = None, *, only_unread: bool = False) -> Self:
        """Comments that a task may start on: not under way, or left by a dead worker; ``only_unread`` no others' work.

        A broker hands a message on only when its worker is lost, so a task that meets a claim of its own id
        takes it over at once.
        """
        expired = (now or timezone.now()) - settings.CLAIM_EXPIRES_AFTER
        unread = Q(status__in=(Comment.Status.PENDING, Comment.Status.FAILED))
        idle = unread if only_unread else ~Q(status=Comment.Status.PROCESSING)
        free = idle | Q(status=Comment.Status.PROCESSING, claimed_at__lt=expired)
        return self.filter(free | Q(claimed_by=task_id) if task_id else free)

    def with_project_count(self) -> Self:
        """Add ``project_count``, counted only for the rows that are fetched."""
        submissions = self.model._meta.get_field("submissions").related_model.objects  # type: ignore[union-attr]  # a model
        counted = submissions.filter(comment=models.OuterRef("pk")).order_by().values("comment")
        return self.annotate(
            project_count=Coalesce(models.Subquery(counted.annotate(n=models.Count("pk")).values("n")), 0)
        )


class Comment(models.Model):
    """One top-level comment of a thread, and how far its reading has come."""

    project_count: int  # of with_project_count()
    beginning: str  # of the admin's list, which leaves out the whole text

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        PROCESSING = "processing", "Processing"
        PROCESSED = "processed", "Processed"
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "Skipped"

    id = models.BigIntegerField(
        "ID",
        primary_key=True,
        db_default=NextForeignId(models.Value("comments_foreign_comment_id")),
        help_text="The Hacker News item id; other sources are numbered from 10^12.",
    )
    source = models.CharField(max_length=32, choices=Source, default=Source.HACKER_NEWS)
    source_id = models.CharField("source ID", max_length=64)
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="comments", verbose_name="thread")
    author = models.CharField(max_length=AUTHOR_LENGTH, blank=True)
    text = models.TextField(blank=True, help_text="HTML as served.")
    posted_at = models.DateTimeField()
    looked_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the source was last asked for it."
    )
    dead = models.BooleanField(default=False, help_text="Flagged or killed at the source.")
    deleted = models.BooleanField(default=False, help_text="Deleted by its author.")
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    claimed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Since when a worker has been reading it."
    )
    claimed_by = models.CharField(max_length=64, blank=True, editable=False, help_text="The task that reads it.")
    processed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="Starts since a reading last came to an end: over 1, its worker died."
    )
    last_error = models.TextField(blank=True)
    is_set_aside = models.BooleanField(
        "set aside",
        default=False,
        db_default=False,
        help_text="Its reading was cancelled: nothing reads it by itself until somebody asks for it.",
    )

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ("-posted_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=("source", "source_id"), name="comment_once_per_source"),
            models.CheckConstraint(
                condition=Q(source=Source.HACKER_NEWS, id__lt=FIRST_FOREIGN_ID)
                | (~Q(source=Source.HACKER_NEWS) & Q(id__gte=FIRST_FOREIGN_ID)),
                name="comment_id_fits_source",
            ),
            models.CheckConstraint(
                condition=Q(status="processing", claimed_at__isnull=False)
                | (~Q(status="processing") & Q(claimed_at__isnull=True)),
                name="comment_claimed_while_processing",
            ),
        )
        indexes = (
            # With what is counted by states (projects/filling.py), without reading the texts.
            models.Index(
                fields=("status", "-posted_at"),
                include=("id", "source", "is_set_aside", "dead", "deleted"),
                name="comment_status_posted_at",
            ),
            models.Index(fields=("post", "status"), name="comment_post_status"),
            models.Index(fields=("author", "-posted_at"), name="comment_author_posted_at"),
            # What the search looks authors up by: first letters, in whichever case.
            models.Index(OpClass(Lower("author"), "text_pattern_ops"), name="comment_author_start"),
            # What the admin's search looks at (comments/search.py).
            GinIndex(SearchVector("text", config="english"), name="comment_text_words"),
            models.Index(fields=("-posted_at", "-id"), name="comment_posted_at"),
            # Whom and what strangers may see, without reading the texts.
            models.Index(
                fields=("id",),
                include=("post", "source", "author"),
                condition=Q(dead=False, deleted=False),
                name="comment_shown",
            ),
            models.Index(
                fields=("-posted_at",), condition=Q(status="processed") & ~Q(last_error=""), name="comment_partly_read"
            ),
        )

    def __str__(self) -> str:
        return f"Comment {self.pk} by {self.author or 'nobody'}"

    @property
    def source_url(self) -> str:
        """Where a person reads the comment; empty for the sample."""
        return source_url(self.source, self.source_id, "c")

    def claim(self, task_id: str = "", now: datetime | None = None, *, only_unread: bool = False) -> bool:
        """Take the comment for reading, if nobody has it; count the attempt. Return whether it is ours.

        With ``only_unread`` it is not taken either where somebody has read it since it was chosen.
        One conditional update decides, so of two workers at the same moment one gets False.
        """
        now = now or timezone.now()
        claimable = Comment.objects.claimable(task_id, now, only_unread=only_unread).filter(pk=self.pk)
        claim = {"status": Comment.Status.PROCESSING, "claimed_at": now, "claimed_by": task_id, "is_set_aside": False}
        won = update_returning(claimable, **claim, attempts=F("attempts") + 1)
        for row in won:
            # It may have been edited since it was fetched.
            for field in self._meta.concrete_fields:
                setattr(self, field.attname, getattr(row, field.attname))
        return bool(won)

    def release(self, status: str, *, error: str = "", now: datetime | None = None, locks: Sequence[Lock] = ()) -> bool:
        """End our claim with ``status``. Return False when the claim was lost (an edit, a take-over) meanwhile.

        Where it was not, ``locks`` are held until the current transaction ends.
        """
        # Whoever ends its claim has not died, so what is counted of deaths begins again.
        fields: dict[str, Any] = {"status": status, "claimed_at": None, "claimed_by": "", "attempts": 0}
        fields["last_error"] = error[:2000]
        if status == self.Status.PROCESSED:
            fields["processed_at"] = now or timezone.now()
        return bool(update_and_lock(self.held(), locks, **fields) if locks else self.held().update(**fields))

    def held(self) -> CommentQuerySet:
        """Return the comment while our claim holds, else nothing."""
        return Comment.objects.filter(
            pk=self.pk, status=Comment.Status.PROCESSING, claimed_at=self.claimed_at, claimed_by=self.claimed_by
        )

    def give_back(self, error: str) -> bool:
        """End our claim as if it had not been made, because a service was not even asked. Return as ``release``."""
        return bool(
            self.held().update(
                status=Comment.Status.PENDING,
                claimed_at=None,
                claimed_by="",
                last_error=error[:2000],
                attempts=Greatest(F("attempts") - 1, 0),
            )
        )


class Candidate(models.Model):
    """A thread on Hacker News that discovery found and was not sure of; a person accepts or refuses it."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        ACCEPTED = "accepted", "Accepted"
        REFUSED = "refused", "Refused"

    id = models.BigIntegerField("ID", primary_key=True, help_text="The Hacker News item id.")
    title = models.CharField(max_length=TITLE_LENGTH)
    author = models.CharField(max_length=AUTHOR_LENGTH, blank=True)
    comments = models.PositiveIntegerField(default=0, help_text="Comments of all levels when it was found.")
    posted_at = models.DateTimeField()
    year = models.PositiveSmallIntegerField()
    month = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=300, help_text="Why it was not taken at once.")
    status = models.CharField(max_length=16, choices=Status, default=Status.WAITING)
    found_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("-posted_at",)
        indexes = (models.Index(fields=("status", "-posted_at"), name="candidate_status_posted_at"),)

    def __str__(self) -> str:
        return self.title

    @property
    def source_url(self) -> str:
        """Where a person reads the thread."""
        return source_url(Source.HACKER_NEWS, str(self.pk))


def source_url(source: str, source_id: str, lobsters_kind: str = "s") -> str:
    """Return the page of an item at its source, an empty text for the sample.

    ``lobsters_kind`` is ``s`` for a story, ``c`` for a comment.
    """
    if source == Source.HACKER_NEWS:
        return f"https://news.ycombinator.com/item?id={source_id}"
    return f"{settings.LOBSTERS_BASE_URL}/{lobsters_kind}/{source_id}" if source == Source.LOBSTERS else ""
