"""The map of all projects: how it was drawn, its named areas, and where each project lies."""

from typing import Self

from django.db import models
from django.db.models import Q


class Drawing(models.Model):
    """One drawing of the map. The newest is the one that is shown; of the others only this row is left."""

    drawn_at = models.DateTimeField()
    projects = models.PositiveIntegerField(help_text="Projects that it shows.")
    clusters = models.PositiveIntegerField(help_text="Named areas, both levels together.")
    seconds = models.FloatField(help_text="How long drawing it took.")
    embedding_model = models.CharField(max_length=200, blank=True, help_text="The model whose embeddings it shows.")
    method = models.CharField(max_length=500, help_text="How it was drawn, in words.")
    parameters = models.JSONField(default=dict, help_text="The numbers that it was drawn with.")
    median_moved = models.FloatField(
        null=True,
        help_text="How far the projects of the drawing before moved: the median, as a share of the width. "
        "Empty for a first drawing.",
    )

    class Meta:
        ordering = ("-drawn_at", "-id")
        get_latest_by = ("drawn_at", "id")

    def __str__(self) -> str:
        return f"Map of {self.drawn_at:%Y-%m-%d %H:%M}"


class Cluster(models.Model):
    """A named area of the newest drawing. ``number`` stays that of an area that is mostly the same as before."""

    BROAD, FINE = 0, 1

    drawing = models.ForeignKey(Drawing, on_delete=models.CASCADE, related_name="areas")
    number = models.PositiveSmallIntegerField(help_text="Its number in this drawing, over both levels.")
    level = models.PositiveSmallIntegerField(choices=((BROAD, "broad"), (FINE, "fine")))
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, related_name="parts", help_text="The broad area of a fine one."
    )
    name = models.CharField(max_length=80)
    named_by = models.CharField(max_length=200, help_text="words, or the language model's name.")
    terms = models.JSONField(default=list, help_text="Its distinctive tags and words, the most telling first.")
    x = models.FloatField(help_text="The middle of its projects, from -1 to 1.")
    y = models.FloatField(help_text="The middle of its projects, from -1 to 1.")
    projects = models.PositiveIntegerField(help_text="How many projects it has.")

    class Meta:
        ordering = ("level", "-projects", "number")
        constraints = (models.UniqueConstraint(fields=("drawing", "number"), name="cluster_number_once_per_drawing"),)

    def __str__(self) -> str:
        return self.name


class DotQuerySet(models.QuerySet["Dot"]):
    """Rules about dots, each named once."""

    def inside(self, cluster: Cluster) -> Self:
        """The dots of a cluster; of a broad one those of all its parts."""
        return self.filter(Q(cluster=cluster) | Q(cluster__parent=cluster))


class Dot(models.Model):
    """Where a project lies in the newest drawing. Read it beside ``Project.objects.published()``: who may be seen
    changes between two drawings."""

    project = models.OneToOneField("projects.Project", on_delete=models.CASCADE, primary_key=True, related_name="dot")
    x = models.FloatField(help_text="From -1 to 1.")
    y = models.FloatField(help_text="From -1 to 1.")
    cluster = models.ForeignKey(
        Cluster,
        on_delete=models.SET_NULL,
        null=True,
        related_name="dots",
        help_text="Its fine area; empty where it lies between all of them.",
    )

    objects = DotQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = (
            models.CheckConstraint(condition=Q(x__range=(-1, 1)) & Q(y__range=(-1, 1)), name="dot_lies_within_the_map"),
        )

    def __str__(self) -> str:
        return f"{self.project_id} at {self.x:.3f}, {self.y:.3f}"
