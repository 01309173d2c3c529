"""What asking a source leaves behind."""

from django.db import models

LONGEST_ERROR = 300  # characters


class SourceHour(models.Model):
    """How one endpoint of a source answered in one hour, all processes together."""

    source = models.CharField(max_length=32, help_text="As stored with what it brings: hn, lobsters.")
    endpoint = models.CharField(max_length=32, help_text="Which of its interfaces: item API, Algolia, Lobsters.")
    hour = models.DateTimeField(help_text="When the hour began.")
    asked = models.PositiveIntegerField(default=0, help_text="Requests, each try counted.")
    failed = models.PositiveIntegerField(default=0, help_text="Those of them without an answer that can be used.")
    seconds = models.FloatField(default=0, help_text="How long all usable answers took together.")
    slowest = models.FloatField(default=0, help_text="How long the slowest of them took.")
    last_error = models.CharField(max_length=LONGEST_ERROR, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    last_answer_at = models.DateTimeField(null=True, blank=True, help_text="When the last usable answer came.")

    class Meta:
        ordering = ("-hour", "source", "endpoint")
        constraints = (
            models.UniqueConstraint(fields=("source", "endpoint", "hour"), name="source_hour_once"),
            models.CheckConstraint(
                condition=models.Q(failed__lte=models.F("asked")), name="source_hour_failed_of_asked"
            ),
        )
        indexes = (models.Index(fields=("-hour",), name="source_hour_hour"),)

    def __str__(self) -> str:
        return f"{self.endpoint} at {self.hour:%Y-%m-%d %H:00}: {self.failed} of {self.asked} failed"
