"""Pages that projects link to, and whose turn it is to be asked."""

from django.db import models

URL_LENGTH = 2000


class Page(models.Model):
    """A fetched URL, shared by all who link to it. Beside an ``error`` stands what it said before, where it did."""

    url = models.CharField("URL", max_length=URL_LENGTH, unique=True)
    final_url = models.CharField("final URL", max_length=URL_LENGTH, blank=True, help_text="After redirects.")
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="HTTP status; empty if none came.")
    title = models.CharField(max_length=500, blank=True)
    text = models.TextField(blank=True)
    fetched_at = models.DateTimeField()
    error = models.CharField(max_length=500, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="In a row; each doubles the pause before the next try.")

    class Meta:
        verbose_name = "linked page"
        ordering = ("-fetched_at",)
        indexes = (
            models.Index(fields=("-fetched_at",), name="page_fetched_at"),
            # For the filter that lists what there is.
            models.Index(fields=("status",), name="page_status"),
        )

    def __str__(self) -> str:
        return self.url


class HostTurn(models.Model):
    """When a host that projects link to may be asked again, by whichever process."""

    host = models.CharField(max_length=300, primary_key=True)
    free_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.host
