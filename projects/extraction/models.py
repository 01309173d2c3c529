"""What a reading leaves behind: one row for each run over a comment."""

from django.db import models

from comments.models import Comment


class Extraction(models.Model):
    """One run of the workflow over one comment: what it did, what it dropped and what it cost."""

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        PARTIAL = "partial", "Partial"
        FAILED = "failed", "Failed"
        SUPERSEDED = "superseded", "Superseded"

    # The comment was read to its end, if not all that was found in it could be described.
    READ = (Status.SUCCEEDED, Status.PARTIAL)

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="extractions")
    analyst = models.CharField(max_length=200, help_text="rules, or the language model's name.")
    prompt_version = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=16, choices=Status, default=Status.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    steps = models.JSONField(default=list, blank=True, help_text="Each step with its seconds and outcome.")
    segments = models.JSONField(default=list, blank=True, help_text="What was kept and what was dropped, and why.")
    confidence = models.FloatField(
        null=True, blank=True, help_text="How sure its least sure verdict is, from 0 to 1; below 0.5 is unsure."
    )
    llm_calls = models.PositiveIntegerField("LLM calls", default=0)
    calls_cached = models.PositiveIntegerField(default=0, help_text="Answers that were kept from an earlier reading.")
    asked_again = models.PositiveIntegerField(default=0, help_text="Answers that did not fit and were asked for anew.")
    mended = models.JSONField(default=dict, blank=True, help_text="What was mended in answers: kind -> how often.")
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    task_id = models.CharField("task ID", max_length=64, blank=True)

    class Meta:
        verbose_name = "reading"
        ordering = ("-started_at",)
        indexes = (
            models.Index(fields=("comment", "-started_at"), name="extraction_comment_started"),
            models.Index(fields=("status", "-started_at"), name="extraction_status_started"),
            models.Index(fields=("-started_at",), name="extraction_started"),
            # For the filters that list what there is.
            models.Index(fields=("analyst",), name="extraction_analyst"),
            models.Index(fields=("prompt_version",), name="extraction_prompt_version"),
        )

    def __str__(self) -> str:
        return f"Reading of {self.comment_id} by {self.analyst}"
