"""Who may use the API, and how much of it they have used."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from waywo_site.operations.models import Alert, Analytics, HealthResult, QueueSample, Tally

__all__ = ["Alert", "Analytics", "ApiToken", "HealthResult", "QueueSample", "RequestCount", "Scope", "Tally"]


class Scope(models.TextChoices):
    """What a token allows beside the open reading."""

    READ_ALL = "read-all", "Read all: queues, workers, health"
    RUN = "run", "Run: start and cancel tasks"
    REVIEW = "review", "Review projects"


class ApiTokenQuerySet(models.QuerySet):
    """Rules about tokens."""

    def valid(self) -> "ApiTokenQuerySet":
        """Tokens that open something: not revoked, and whose maker may still sign in here."""
        staff = Q(created_by__is_active=True, created_by__is_staff=True)
        return self.filter(Q(revoked_at=None), Q(created_by__isnull=True) | staff)


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

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """The last sign of life of a part: beat's tick, a queue's canary, or the first look of a machine at the health."""

    name = models.CharField(max_length=100, primary_key=True)
    sent_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
