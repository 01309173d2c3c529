"""What was counted of each month and each thread. Computed by projects/analytics/computing.py, all at once."""

from django.db import models
from django.db.models import Q

from comments.models import Post


class AnalyticsQuerySet(models.QuerySet["Analytics"]):
    """Rules about figures, each named once."""

    def months(self) -> "AnalyticsQuerySet":
        """The figures of whole months, not of their threads."""
        return self.filter(post=None)


class Analytics(models.Model):
    """The figures of one month (``post`` is empty) or of one thread."""

    year = models.PositiveSmallIntegerField()
    month = models.PositiveSmallIntegerField()
    post = models.OneToOneField(
        Post, on_delete=models.CASCADE, null=True, blank=True, related_name="analytics", verbose_name="thread"
    )
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
    returned = models.JSONField(
        default=list, help_text="Projects that an earlier month had too: id, and the months that they were posted in."
    )
    hosts = models.JSONField(help_text="Hosts of the projects' links, with counts.")
    computed_at = models.DateTimeField()

    objects = AnalyticsQuerySet.as_manager()

    class Meta:
        db_table = "waywo_site_analytics"  # Where the model stood before.
        ordering = ("-year", "-month", "post")
        verbose_name, verbose_name_plural = "figures of a month", "figures by month"
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

    def growing(self, most: int) -> list[tuple[str, int, float]]:
        """Return the tags that grew most: name, projects, growth against the mean of the 3 months before."""
        grown = [tag for tag in self.tags if (tag["growth"] or 0) > 0 and tag["count"] > 1]
        grown.sort(key=lambda tag: (-tag["growth"], tag["name"]))
        return [(tag["name"], tag["count"], tag["growth"]) for tag in grown[:most]]

    def new(self, most: int) -> list[tuple[str, int]]:
        """Return the tags that no earlier thread had, most used first, with their projects."""
        names = set(self.new_tags)
        return [(tag["name"], tag["count"]) for tag in self.tags if tag["name"] in names][:most]
