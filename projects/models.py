"""What people are building: projects, where they appeared, and how that was found out."""

from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Lower
from django.urls import reverse
from django.utils.text import slugify
from pgvector.django import VectorField

from comments.models import Comment, is_removed
from core.written_once import written_once
from projects.analytics.models import Analytics as Analytics
from projects.asking.models import AskingPause as AskingPause
from projects.asking.models import Conversation as Conversation
from projects.asking.models import Question as Question
from projects.asking.models import QuestionEvent as QuestionEvent
from projects.expressions import Hosts, Spellings
from projects.extraction.models import Extraction as Extraction
from projects.language.models import KeptAnswer as KeptAnswer
from projects.links import LINK_KINDS, host_of, link_kind
from projects.mapping.models import Cluster as Cluster
from projects.mapping.models import Dot as Dot
from projects.mapping.models import Drawing as Drawing
from projects.pages.models import URL_LENGTH, Page
from projects.pages.models import HostTurn as HostTurn
from projects.reviewing.models import ProjectMerge as ProjectMerge
from projects.reviewing.models import ReviewAction as ReviewAction
from projects.reviewing.models import ReviewChange as ReviewChange
from projects.reviewing.models import Snooze as Snooze
from projects.threads.models import ThreadRun as ThreadRun

# A reading with a lower confidence is unsure of its verdict.
UNSURE_BELOW = 0.5

# The columns that a reader narrows a list by.
NARROWED_BY = ("review_status", "source", "link_kind", "idea_score", "complexity_score")


class Tag(models.Model):
    """A technology or a domain, in lower case."""

    name = models.CharField(max_length=50, unique=True)

    class Meta:
        ordering = ("name",)
        constraints = (models.CheckConstraint(condition=Q(name=Lower("name")), name="tag_in_lower_case"),)

    def __str__(self) -> str:
        return self.name


class TagAlias(models.Model):
    """Another name of a tag: a reading or a person that writes it gets the tag."""

    name = models.CharField(max_length=50, unique=True)
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="aliases")

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "tag aliases"
        constraints = (models.CheckConstraint(condition=Q(name=Lower("name")), name="tag_alias_in_lower_case"),)

    def __str__(self) -> str:
        return self.name


class ProjectQuerySet(models.QuerySet["Project"]):
    """Rules about projects, each named once."""

    def pending(self) -> "ProjectQuerySet":
        """Projects that wait for a review."""
        return self.filter(review_status=Project.ReviewStatus.PENDING)

    def snoozed(self) -> "ProjectQuerySet":
        """Those among the pending ones that somebody put off, until their time comes."""
        return self.pending().filter(pk__in=Snooze.objects.asleep().values("pk"))

    def awake(self) -> "ProjectQuerySet":
        """The other pending ones: nobody put them off, or they are back."""
        return self.pending().exclude(pk__in=Snooze.objects.asleep().values("pk"))

    def not_rejected(self) -> "ProjectQuerySet":
        """Projects that stand in the index, whoever may see them."""
        return self.exclude(review_status=Project.ReviewStatus.REJECTED)

    def published(self, *, to_staff: bool = False) -> "ProjectQuerySet":
        """Projects that strangers may see: not rejected, nor only of authors who asked to be removed.

        Where ``PUBLIC_PROJECTS`` is "approved" those that wait for a review are for ``to_staff`` alone.
        """
        if settings.PUBLIC_PROJECTS == "approved" and not to_staff:
            shown = self.filter(review_status=Project.ReviewStatus.APPROVED)
        else:
            shown = self.not_rejected()
        return shown.exclude(pk__in=_of_removed_authors_alone())

    def posted(self) -> "ProjectQuerySet":
        """Projects that people posted: what statistics are about. The generator's ideas are none of them."""
        return self.exclude(source=Project.Source.NEMO_DATA_DESIGNER)

    def generated(self) -> "ProjectQuerySet":
        return self.filter(source=Project.Source.NEMO_DATA_DESIGNER)

    def flagged(self) -> "ProjectQuerySet":
        """Projects that a machine wants a person to look at again."""
        return self.exclude(flag_reason="")

    def with_link(self, has_link: bool = True) -> "ProjectQuerySet":
        """Projects that have a primary URL; those that have none where ``has_link`` is false."""
        return self.exclude(primary_url="") if has_link else self.filter(primary_url="")

    def unsure(self) -> "ProjectQuerySet":
        """Projects of which their reading is not sure that they are any."""
        return self.filter(confidence__lt=UNSURE_BELOW)

    def sure(self) -> "ProjectQuerySet":
        """All others: those of which nobody said how sure it is, too."""
        return self.filter(Q(confidence=None) | Q(confidence__gte=UNSURE_BELOW))

    def without_heavy_fields(self) -> "ProjectQuerySet":
        """Leave out what a list never shows: embeddings and search vectors are most of a row."""
        return self.defer("embedding", "search_vector", "description", "url_summaries")


class LinkKindField(models.CharField):
    """What the primary URL leads to, told from it whenever the row is written."""

    def deconstruct(self) -> Any:
        """Return it as the plain column that it is to migrations."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        """Set and return what the row's primary URL leads to."""
        kind = link_kind(model_instance.primary_url)  # type: ignore[attr-defined]  # Project's
        setattr(model_instance, self.attname, kind)
        return kind


class Project(models.Model):
    """One project, however often it was posted."""

    class Source(models.TextChoices):
        """Where it was first posted, or that our generator thought of it."""

        HACKER_NEWS = "hn", "Hacker News"
        LOBSTERS = "lobsters", "Lobsters"
        NEMO_DATA_DESIGNER = "nemo_data_designer", "NeMo Data Designer"

    class ReviewStatus(models.TextChoices):
        PENDING = "pending", "Pending"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"

    SCORE = (MinValueValidator(1), MaxValueValidator(10))

    source = models.CharField(max_length=32, choices=Source, default=Source.HACKER_NEWS)
    title = models.CharField(max_length=200)
    short_description = models.CharField(max_length=200, blank=True, help_text="5 to 10 words.")
    description = models.TextField(blank=True)
    tags = models.ManyToManyField(Tag, related_name="projects", blank=True)
    primary_url = models.CharField("primary URL", max_length=URL_LENGTH, blank=True)
    canonical_url = models.CharField(
        "canonical URL",
        max_length=URL_LENGTH,
        blank=True,
        editable=False,
        help_text="The primary URL without scheme, www, tracking parameters and trailing slash.",
    )
    link_kind = LinkKindField(
        "kind of link",
        max_length=16,
        choices=[(kind, kind) for kind in LINK_KINDS],
        default="none",
        db_default="none",
        editable=False,
        help_text="What the primary URL leads to.",
    )
    urls = ArrayField(models.CharField(max_length=URL_LENGTH), default=list, blank=True, verbose_name="URLs")
    url_summaries = models.JSONField("URL summaries", default=dict, blank=True, help_text="What linked pages say.")
    pages = models.ManyToManyField(Page, related_name="projects", blank=True)
    idea_score = models.PositiveSmallIntegerField(null=True, blank=True, validators=SCORE, help_text="1 to 10.")
    idea_reason = models.CharField(max_length=500, blank=True)
    complexity_score = models.PositiveSmallIntegerField(null=True, blank=True, validators=SCORE, help_text="1 to 10.")
    complexity_reason = models.CharField(max_length=500, blank=True)

    confidence = models.FloatField(
        null=True,
        blank=True,
        editable=False,
        help_text="How sure its last reading is that it is a project, from 0 to 1; below 0.5 is unsure.",
    )

    review_status = models.CharField(max_length=16, choices=ReviewStatus, default=ReviewStatus.PENDING)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="reviewed_projects"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_note = models.TextField(blank=True)
    is_bookmarked = models.BooleanField("bookmarked", default=False)
    flag_reason = models.CharField(
        max_length=300, blank=True, help_text="Why a person should look again, as the machine saw it."
    )
    edited_fields = ArrayField(
        models.CharField(max_length=50),
        default=list,
        blank=True,
        editable=False,
        help_text="Fields that a person changed: a later reading leaves them alone.",
    )

    embedding = VectorField(null=True, blank=True, editable=False)
    embedding_model = models.CharField(max_length=200, blank=True, editable=False)
    search_vector = models.GeneratedField(
        expression=SearchVector("title", weight="A", config="english")
        + SearchVector("short_description", weight="B", config="english")
        + SearchVector("description", weight="C", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    created_by = models.CharField(max_length=200, help_text="rules, or the language model's name.")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    # Of a row that projects/search/meaning.py found by its likeness: cosines.
    distance: float
    similarity: float

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ("-last_seen_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=Q(idea_score__isnull=True) | Q(idea_score__range=(1, 10)), name="project_idea_score_1_to_10"
            ),
            models.CheckConstraint(
                condition=Q(complexity_score__isnull=True) | Q(complexity_score__range=(1, 10)),
                name="project_complexity_score_1_to_10",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="project_has_title"),
            models.CheckConstraint(
                condition=Q(embedding__isnull=True, embedding_model="")
                | (Q(embedding__isnull=False) & ~Q(embedding_model="")),
                name="project_embedding_names_its_model",
            ),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | Q(confidence__range=(0, 1)), name="project_confidence_0_to_1"
            ),
        )
        indexes = (
            # With what lists are narrowed by: the newest that fit are found without reading the rows, which are wide.
            models.Index(fields=("-last_seen_at", "-id"), include=NARROWED_BY, name="project_last_seen"),
            models.Index(fields=("review_status", "-last_seen_at"), name="project_review_last_seen"),
            # The order of the review queue.
            models.Index(
                fields=("-last_seen_at", "-id"), condition=Q(review_status="pending"), name="project_review_queue"
            ),
            # Those that the review queue can show first.
            models.Index(
                fields=("-last_seen_at", "-id"),
                condition=Q(review_status="pending", confidence__lt=UNSURE_BELOW),
                name="project_review_unsure",
            ),
            models.Index(fields=("source", "-last_seen_at"), name="project_source_last_seen"),
            models.Index(fields=("-idea_score",), name="project_idea_score"),
            models.Index(fields=("-complexity_score",), name="project_complexity_score"),
            # For the pages of the API: the key of the order, then the id.
            models.Index(fields=("-first_seen_at", "-id"), include=("source",), name="project_first_seen"),
            models.Index(Coalesce("idea_score", 0).desc(), F("id").desc(), name="project_idea_order"),
            models.Index(Coalesce("complexity_score", 0).desc(), F("id").desc(), name="project_complexity_order"),
            models.Index(fields=("canonical_url",), condition=~Q(canonical_url=""), name="project_canonical_url"),
            # For the filter that lists the analysts there are.
            models.Index(fields=("created_by",), name="project_created_by"),
            models.Index(fields=("-last_seen_at",), condition=Q(is_bookmarked=True), name="project_bookmarked"),
            models.Index(fields=("-last_seen_at",), condition=~Q(flag_reason=""), name="project_flagged"),
            # What facets are counted of (projects/facets.py), and what lists show of a tag, month or author.
            models.Index(fields=("id",), include=(*NARROWED_BY, "last_seen_at"), name="project_facets"),
            GinIndex(fields=("search_vector",), name="project_search_vector"),
            # What the search looks names up by: first letters, words, words with a typing error, links.
            models.Index(OpClass(Lower("title"), "text_pattern_ops"), name="project_title_start"),
            GinIndex(SearchVector("title", config="simple"), name="project_title_words"),
            GinIndex(Spellings("title", "short_description"), name="project_spellings"),
            GinIndex(Hosts("primary_url", "urls"), name="project_hosts"),
            models.Index(
                fields=("canonical_url",),
                opclasses=("varchar_pattern_ops",),
                condition=~Q(canonical_url=""),
                name="project_address_start",
            ),
        )

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it, with the kind of its link wherever the link is written."""
        fields = kwargs.get("update_fields")
        if fields is not None and "primary_url" in fields:
            kwargs["update_fields"] = {*fields, "link_kind"}
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        """Its page for readers; the id alone finds it."""
        slug = slugify(self.title)[:60].strip("-")
        return reverse("site:project", args=[self.pk, slug] if slug else [self.pk])

    @property
    def host(self) -> str:
        """The host of its primary URL without www; empty for none."""
        return host_of(self.primary_url)

    @property
    def is_unsure(self) -> bool:
        """True when its reading is not sure that it is a project."""
        return self.confidence is not None and self.confidence < UNSURE_BELOW

    @property
    def is_touched_by_a_person(self) -> bool:
        """True when a person reviewed or bookmarked it."""
        return self.review_status != self.ReviewStatus.PENDING or self.is_bookmarked


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """Rules about submissions, each named once."""

    def visible(self) -> "SubmissionQuerySet":
        """Submissions whose comment strangers may see, as ``Comment.objects.visible()`` says."""
        return self.filter(~is_removed("comment__"), comment__dead=False, comment__deleted=False)

    def of_removed_authors_alone(self) -> "SubmissionQuerySet":
        """Submissions by authors who asked to be removed, of projects that nobody else shows."""
        others = Submission.objects.visible().filter(project=models.OuterRef("project"))
        return self.filter(is_removed("comment__")).exclude(models.Exists(others))


@cache
def _of_removed_authors_alone() -> RawSQL:
    return written_once(Submission.objects.of_removed_authors_alone().values("project"))


class Submission(models.Model):
    """One appearance of a project in a comment."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="submissions")
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="submissions")
    text = models.TextField(help_text="The stretch of the comment in which it was found, as plain text.")
    position = models.PositiveSmallIntegerField(default=0, help_text="Its place in the comment, from 0.")
    similarity = models.FloatField(
        null=True,
        blank=True,
        help_text="Cosine similarity to the earlier project it was matched with; empty when it was new.",
    )
    split_off_from = models.ForeignKey(
        Project,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The project that a person said this one is not: a later reading keeps them apart.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ("-comment__posted_at", "position")
        constraints = (
            models.UniqueConstraint(fields=("project", "comment"), name="submission_once_per_comment"),
            models.CheckConstraint(
                condition=Q(similarity__isnull=True) | Q(similarity__range=(-1.001, 1.001)),
                name="submission_similarity_is_a_cosine",
            ),
        )

    def __str__(self) -> str:
        return f"{self.project_id} in {self.comment_id}"
