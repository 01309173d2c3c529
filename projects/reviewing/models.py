"""What people did to projects, with what is needed to undo it."""

from django.conf import settings
from django.db import models


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
        ordering = ("-merged_at",)

    def __str__(self) -> str:
        return f"{self.absorbed_title} into {self.kept_id}"


class ReviewAction(models.Model):
    """One thing that a person did to a project, with what is needed to undo it."""

    class Kind(models.TextChoices):
        REVIEW = "review", "Reviewed"
        EDIT = "edit", "Edited"
        BOOKMARK = "bookmark", "Bookmarked"
        MERGE = "merge", "Merged"
        SPLIT = "split", "Split off"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind)
    project_id = models.BigIntegerField("project's ID", help_text="A number only: a merge deletes the row.")
    before = models.JSONField(default=dict, help_text="The fields as they were.")
    after = models.JSONField(
        default=dict, help_text="The fields as they were left; another value now means a conflict."
    )
    merge = models.ForeignKey(ProjectMerge, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    done_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("user", "-id"), name="review_action_user"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.project_id}"
