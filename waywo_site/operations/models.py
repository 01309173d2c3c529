"""What operations keeps: results of health checks, alerts, how long queues were, and the figures of each month."""

from django.db import models
from django.db.models import Q

from comments.models import Post
from waywo_site.operations.findings import DEGRADED, FAILED, OK

STATES = [(OK, "Ok"), (DEGRADED, "Degraded"), (FAILED, "Failed")]


class HealthResult(models.Model):
    """What one health check said about one part."""

    name = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=STATES)
    reason = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    seconds = models.FloatField(help_text="How long the look took.")
    checked_at = models.DateTimeField()

    class Meta:
        app_label = "waywo_site"
        ordering = ("-checked_at", "name")
        indexes = (
            models.Index(fields=("-checked_at",), name="healthresult_checked"),
            models.Index(fields=("name", "-checked_at"), name="healthresult_name_checked"),
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"


class Alert(models.Model):
    """What was last said about one subject (a part, a queue), so that each change is told once."""

    subject = models.CharField(max_length=100, primary_key=True)
    state = models.CharField(max_length=16, choices=STATES, default=OK)
    reason = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    since = models.DateTimeField(null=True, help_text="When it came into this state.")
    told_at = models.DateTimeField(null=True, blank=True, help_text="When this state was last told.")
    due_by = models.CharField(
        "to be told by", max_length=64, blank=True, help_text="Ways by which it could not be sent yet; tried again."
    )
    error = models.TextField(blank=True, help_text="Why it could not be sent.")

    class Meta:
        app_label = "waywo_site"
        ordering = ("subject",)

    def __str__(self) -> str:
        return f"{self.subject}: {self.state}"


class QueueSample(models.Model):
    """How much waited in one queue at one moment."""

    queue = models.CharField(max_length=64)
    waiting = models.PositiveIntegerField()
    oldest_seconds = models.FloatField(null=True, blank=True, help_text="Age of the oldest message.")
    has_worker = models.BooleanField()
    is_paused = models.BooleanField(default=False)
    measured_at = models.DateTimeField()

    class Meta:
        app_label = "waywo_site"
        ordering = ("-measured_at", "queue")
        indexes = (
            models.Index(fields=("-measured_at",), name="queuesample_measured"),
            models.Index(fields=("queue", "-measured_at"), name="queuesample_queue_measured"),
        )

    def __str__(self) -> str:
        return f"{self.queue}: {self.waiting}"


class Analytics(models.Model):
    """The figures of one month (``post`` is empty) or of one thread."""

    year = models.PositiveSmallIntegerField()
    month = models.PositiveSmallIntegerField()
    post = models.OneToOneField(Post, on_delete=models.CASCADE, null=True, blank=True, related_name="analytics")
    comments = models.PositiveIntegerField(help_text="Top-level comments that strangers may see.")
    read_comments = models.PositiveIntegerField(help_text="Those of them that were read.")
    valid_comments = models.PositiveIntegerField(help_text="Those of them with a project.")
    projects = models.PositiveIntegerField()
    projects_seen_again = models.PositiveIntegerField(help_text="Projects that an earlier thread had too.")
    authors = models.PositiveIntegerField()
    returning_authors = models.PositiveIntegerField(help_text="Authors who wrote in an earlier thread too.")
    tags = models.JSONField(help_text="Name, count, and growth against the mean of the 3 months before.")
    new_tags = models.JSONField(help_text="Tags that no earlier thread had.")
    tag_pairs = models.JSONField(help_text="Two tags of one project, with the number of such projects.")
    idea_scores = models.JSONField(help_text="Projects by score, 1 to 10.")
    complexity_scores = models.JSONField(help_text="Projects by score, 1 to 10.")
    hosts = models.JSONField(help_text="Hosts of the projects' links, with counts.")
    fingerprint = models.CharField(max_length=64, editable=False, help_text="Of what it was computed from.")
    computed_at = models.DateTimeField()

    class Meta:
        app_label = "waywo_site"
        ordering = ("-year", "-month", "post")
        verbose_name_plural = "analytics"
        constraints = (
            models.UniqueConstraint(fields=("year", "month"), condition=Q(post=None), name="analytics_once_per_month"),
        )

    def __str__(self) -> str:
        return self.period

    @property
    def period(self) -> str:
        """The month as 2026-09, of a thread with its id."""
        month = f"{self.year}-{self.month:02}"
        return f"{month}, thread {self.post_id}" if self.post_id else month

    @property
    def valid_share(self) -> float | None:
        """Share of the comments read that have a project; None where none was read."""
        return self.valid_comments / self.read_comments if self.read_comments else None


class Tally(models.Model):
    """One number of /metrics that only grows, summed up over all processes and machines."""

    key = models.CharField(max_length=300, primary_key=True, help_text="The metric and its labels, as a JSON list.")
    amount = models.FloatField()

    class Meta:
        app_label = "waywo_site"

    def __str__(self) -> str:
        return f"{self.key}: {self.amount:g}"
