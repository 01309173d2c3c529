"""Who may use the API and how much they used it, and what operations keeps: health, alerts, queue lengths."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from waywo_site.operations.health.findings import DEGRADED, FAILED, OK


class Scope(models.TextChoices):
    READ_ALL = "read-all", "Read all: queues, workers, health"
    RUN = "run", "Run: start and cancel tasks"
    REVIEW = "review", "Review projects"


class ApiTokenQuerySet(models.QuerySet):
    def valid(self) -> "ApiTokenQuerySet":
        """Tokens that open something: not revoked or expired, and whose maker may still sign in here."""
        staff = Q(created_by__is_active=True, created_by__is_staff=True)
        lasts = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(lasts, Q(revoked_at=None), Q(created_by__isnull=True) | staff)


class ApiToken(models.Model):
    """A key to the API. Its secret is shown once, when it is made; here stands only what it is checked against."""

    name = models.CharField(max_length=100, unique=True, help_text="What it is for.")
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope), help_text="What it allows.")
    prefix = models.CharField(max_length=16, editable=False, help_text="How the secret begins.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    # Who leaves takes their tokens along.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="To the minute.")
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="From then on it opens nothing; empty for never."
    )
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        verbose_name = "API token"

    def __str__(self) -> str:
        return self.name


class RequestCount(models.Model):
    """How many requests somebody made in a window of time. The table is unlogged: a crash forgets it, no harm done."""

    key = models.CharField(max_length=100, primary_key=True, help_text="What is counted and for whom.")
    window = models.BigIntegerField(help_text="The window's number since 1970.")
    count = models.IntegerField()

    class Meta:
        indexes = (models.Index(fields=("window",), name="requestcount_window"),)

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"


class PausedQueue(models.Model):
    """A queue from which no worker takes."""

    name = models.CharField(max_length=64, primary_key=True)
    paused_at = models.DateTimeField(auto_now_add=True)
    paused_by = models.CharField(max_length=150, blank=True, help_text="The name of who did it in the admin.")

    def __str__(self) -> str:
        return self.name


class OfferedSchedule(models.Model):
    """A default schedule that this installation was given once: deleted or renamed, it does not come back."""

    name = models.CharField(max_length=200, primary_key=True)
    offered_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """The last sign of life of a part: beat's tick, or a queue's canary."""

    name = models.CharField(max_length=100, primary_key=True)
    sent_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


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
        verbose_name = "health check"
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
    notices = models.JSONField(
        default=list, blank=True, help_text="Who was told when and of what, the newest first: at, kind, way, to, error."
    )

    class Meta:
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
        verbose_name = "queue length"
        ordering = ("-measured_at", "queue")
        indexes = (
            models.Index(fields=("-measured_at",), name="queuesample_measured"),
            models.Index(fields=("queue", "-measured_at"), name="queuesample_queue_measured"),
        )

    def __str__(self) -> str:
        return f"{self.queue}: {self.waiting}"


class QueueWork(models.Model):
    """What workers did of one queue in five minutes: tasks that ended, and how long they had waited for their start.

    Housekeeping is not counted (running/queue_work.py).
    """

    queue = models.CharField(max_length=64)
    since = models.DateTimeField(help_text="When the five minutes began.")
    ended = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    waits = ArrayField(models.PositiveIntegerField(), help_text="How many starts had waited up to each of the bounds.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("queue", "since"), name="queuework_once"),)
        indexes = (models.Index(fields=("-since",), name="queuework_since"),)
        default_permissions = ()  # shown with the queue lengths

    def __str__(self) -> str:
        return f"{self.queue}: {self.ended}"
