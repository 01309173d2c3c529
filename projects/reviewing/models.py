"""What people did to projects and tags, with what is needed to undo it; and which projects wait for a later day."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone


class ProjectMerge(models.Model):
    """Two projects that a person made one, with all that is needed to part them again."""

    kept = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="merges")
    absorbed_id = models.BigIntegerField("absorbed project's ID", help_text="The id that it had and gets back.")
    absorbed_title = models.CharField(max_length=200)
    absorbed = models.JSONField(help_text="The absorbed project's fields, tags and submissions.")
    kept_before = models.JSONField(help_text="What the kept project was before.")
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    merged_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "merge"
        ordering = ("-merged_at",)

    def __str__(self) -> str:
        return f"{self.absorbed_title} into {self.kept_id}"


class ReviewAction(models.Model):
    """One act of a person on projects or tags: a line of the one history, with what is needed to undo it.

    What it changed of each project stands in its ``changes``; what else an undo needs, in ``details`` and ``merge``.
    """

    class Kind(models.TextChoices):
        REVIEW = "review", "Reviewed"
        EDIT = "edit", "Edited"
        BOOKMARK = "bookmark", "Bookmarked"
        TAG = "tag", "Tagged"
        MERGE = "merge", "Merged"
        SPLIT = "split", "Split off"
        SNOOZE = "snooze", "Snoozed"
        READ = "read", "Read again"
        TAG_MERGE = "tag_merge", "Merged tags"
        TAG_RENAME = "tag_rename", "Renamed a tag"
        TAG_ALIAS = "tag_alias", "Added an alias"
        TAG_REMOVAL = "tag_removal", "Removed tags or aliases"
        REMOVAL = "removal", "Removed an author"
        RESTORE = "restore", "Showed an author again"

    class Place(models.TextChoices):
        """Where it was done."""

        REVIEW = "review", "Review"
        LIST = "list", "the list of projects"
        PROJECT = "project", "the project's page"
        IMPORT = "import", "an import of reviews"
        MERGING = "merging", "the page that merges two"
        IDEAS = "ideas", "a page of new ideas"
        TAGS = "tags", "the tags"
        AUTHORS = "authors", "the removed authors"
        API = "api", "the API"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty for a program with a token of nobody's, and for accounts that are gone.",
    )
    kind = models.CharField("what", max_length=16, choices=Kind)
    place = models.CharField("where", max_length=16, choices=Place, default=Place.REVIEW)
    summary = models.CharField(max_length=300, blank=True, help_text="What was done, in a line.")
    project_id = models.BigIntegerField(
        "project's ID",
        null=True,
        blank=True,
        help_text="Of an act on one project. A number only: a merge deletes the row.",
    )
    count = models.PositiveIntegerField("projects", default=1, help_text="How many projects it was done to.")
    details = models.JSONField(default=dict, help_text="What an undo needs beside the changes.")
    merge = models.ForeignKey(ProjectMerge, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    done_at = models.DateTimeField("when", default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("-done_at", "-id")
        verbose_name = "history entry"
        verbose_name_plural = "history entries"
        indexes = (
            models.Index(fields=("user", "-done_at", "-id"), name="review_action_of_user"),
            models.Index(fields=("-done_at", "-id"), name="review_action_newest"),
        )

    def __str__(self) -> str:
        return self.summary or f"{self.get_kind_display()} {self.project_id or ''}".strip()


class ReviewChange(models.Model):
    """What an act changed of one project: the values before and after, of the changed fields alone."""

    action = models.ForeignKey(ReviewAction, on_delete=models.CASCADE, related_name="changes")
    project_id = models.BigIntegerField("project's ID", help_text="A number only: a merge deletes the row.")
    title = models.CharField(max_length=200)
    before = models.JSONField(help_text="The fields as they were.")
    after = models.JSONField(help_text="The fields as they were left; another value now means a conflict.")
    left = models.CharField(max_length=300, blank=True, help_text="Why an undo left the project alone.")

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=("project_id", "-id"), name="review_change_project"),
            # What an undoing could not take back, of the acts of a list.
            models.Index(fields=("action",), condition=~models.Q(left=""), name="review_change_left"),
        )

    def __str__(self) -> str:
        return self.title


class SnoozeQuerySet(models.QuerySet["Snooze"]):
    """Rules about snoozes, each named once."""

    def asleep(self, now: datetime | None = None) -> "SnoozeQuerySet":
        """Snoozes that are not over."""
        return self.filter(until__gt=now or timezone.now())

    def over(self, now: datetime | None = None) -> "SnoozeQuerySet":
        return self.filter(until__lte=now or timezone.now())


class Snooze(models.Model):
    """A project that comes back to the review later; it waits for a review all the while."""

    project = models.OneToOneField("projects.Project", on_delete=models.CASCADE, primary_key=True)
    until = models.DateTimeField(db_index=True)
    note = models.CharField(max_length=300, blank=True, help_text="Why it waits.")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    snoozed_at = models.DateTimeField(default=timezone.now)

    objects = SnoozeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.project_id} until {self.until:%Y-%m-%d %H:%M}"
