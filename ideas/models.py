"""What nobody is building yet: runs of the generator, and where each idea comes from."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from projects.models import Project

MOST_IDEAS = 50
LEAST_CREATIVITY, MOST_CREATIVITY = 0.1, 1.5


class IdeaRunQuerySet(models.QuerySet["IdeaRun"]):
    """Rules about runs, each named once."""

    def unfinished(self) -> "IdeaRunQuerySet":
        """Runs that wait or are under way, as far as is known."""
        return self.filter(status__in=(IdeaRun.Status.QUEUED, IdeaRun.Status.RUNNING))


class IdeaRun(models.Model):
    """One asking for ideas: what was asked, what came of it and what it cost."""

    idea_count: int  # of the admin's list

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCESS = "success", "Success"
        PARTIAL = "partial", "Partial"
        FAILED = "failed", "Failed"

    num_ideas = models.PositiveSmallIntegerField(
        "number of ideas", default=5, validators=(MinValueValidator(1), MaxValueValidator(MOST_IDEAS))
    )
    seed_tags = ArrayField(
        models.CharField(max_length=50), default=list, blank=True, help_text="Every idea combines all of them."
    )
    creativity = models.FloatField(
        default=0.85,
        validators=(MinValueValidator(LEAST_CREATIVITY), MaxValueValidator(MOST_CREATIVITY)),
        help_text="The temperature at which the ideas are written.",
    )

    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    task_id = models.CharField("task ID", max_length=64, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often a worker began it.")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    language_model = models.CharField(max_length=200, blank=True)
    is_from_starter_tags = models.BooleanField(
        "from the starter list", default=False, help_text="No project had a tag, so the tags come from a shipped list."
    )
    rows_asked = models.PositiveIntegerField(default=0, help_text="Ideas asked of the model, those asked again too.")
    refusals = models.JSONField(default=list, blank=True, help_text="Ideas that were not saved, and why.")
    errors = models.JSONField(default=list, blank=True, help_text="What went wrong, in a line each.")
    seconds = models.FloatField(default=0, help_text="Of work, over all attempts.")
    llm_calls = models.PositiveIntegerField("LLM calls", default=0)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)

    objects = IdeaRunQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "run of new ideas", "new ideas"
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(fields=("task_id",), condition=~Q(task_id=""), name="idea_run_once_per_task"),
            models.CheckConstraint(condition=Q(num_ideas__range=(1, MOST_IDEAS)), name="idea_run_asks_1_to_50"),
        )

    def __str__(self) -> str:
        tags = f" of {', '.join(self.seed_tags)}" if self.seed_tags else ""
        return f"{self.num_ideas} idea{'s' if self.num_ideas > 1 else ''}{tags}"

    @property
    def is_finished(self) -> bool:
        """True when it ended, well or not."""
        return self.status in (self.Status.SUCCESS, self.Status.PARTIAL, self.Status.FAILED)

    @property
    def project_ids(self) -> list[int]:
        """The projects that it saved, oldest first."""
        return list(self.ideas.order_by("pk").values_list("project_id", flat=True))

    def finish(self, status: str) -> None:
        """Set how it ended, and save it."""
        self.status, self.finished_at = status, timezone.now()
        self.save()

    def as_result(self) -> dict[str, Any]:
        """Return the result of the task ``generate_ideas`` (design, section 4)."""
        ids = self.project_ids
        return {"status": self.status, "num_saved": len(ids), "project_ids": ids, "errors": list(self.errors)}


class Idea(models.Model):
    """Where a generated project comes from: the run, what was drawn for it, and the model's own words."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="lineage")
    run = models.ForeignKey(IdeaRun, on_delete=models.CASCADE, related_name="ideas")
    primary_tag = models.CharField(max_length=50)
    secondary_tags = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    audience = models.CharField(max_length=200)
    target_complexity = models.PositiveSmallIntegerField(help_text="1 to 10, as drawn.")
    prose = models.TextField(help_text="The idea in the model's first words.")
    nearest = models.JSONField(
        default=list, blank=True, help_text="The real projects most like it when it was saved: id and similarity."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"Idea {self.project_id}"
