"""Questions that readers ask of the index, with what was found, what was said of it and what that cost."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

MOST_CHARACTERS = 500
KEPT_FOR = timedelta(days=30)


def _expiry() -> datetime:
    return timezone.now() + KEPT_FOR


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Rules about conversations, each named once."""

    def current(self) -> Self:
        """Conversations that may still be read and gone on with."""
        return self.filter(expires_at__gt=timezone.now())

    def shared(self) -> Self:
        """Current ones that their visitor gave an address to."""
        return self.current().exclude(share_id=None)


class Conversation(models.Model):
    """Questions of one visitor that follow each other. Its key is known to the visitor's browser alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    share_id = models.UUIDField(
        null=True, blank=True, unique=True, help_text="The address that others read it at; empty: it is not shared."
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=_expiry, help_text="When it is deleted.")

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("expires_at",), name="conversation_expires"),)

    def __str__(self) -> str:
        return f"Conversation of {self.created_at:%Y-%m-%d %H:%M}"


class QuestionQuerySet(models.QuerySet["Question"]):
    """Rules about questions, each named once."""

    def open(self) -> Self:
        """Questions that have not ended."""
        return self.filter(status__in=Question.OPEN)

    def waiting(self) -> Self:
        """Questions that no worker has begun."""
        return self.filter(status=Question.Status.WAITING)


class Question(models.Model):
    """One question and its answer. Its key is the address that its asker reads it at, and nobody can guess it."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        ANSWERED = "answered", "Answered"
        NOTHING = "nothing", "Nothing found"
        # Without a language model: ``nearest`` has the hits, ``reason`` why that is all.
        SEARCHED = "searched", "Search results alone"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"

    OPEN = (Status.WAITING, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="questions")
    number = models.PositiveSmallIntegerField(help_text="Its place in the conversation, from 1.")
    text = models.CharField(max_length=MOST_CHARACTERS)
    status = models.CharField(max_length=16, choices=Status, default=Status.WAITING)
    plan = models.JSONField(default=dict, blank=True, help_text="The tools that were asked, and what was dropped.")
    results = models.JSONField(default=list, blank=True, help_text="What the tools found, numbered from 1.")
    sentences = models.JSONField(
        default=list, blank=True, help_text="Text, numbers of the results that carry it, and whether they do."
    )
    nearest = ArrayField(models.BigIntegerField(), default=list, blank=True, help_text="The nearest projects' ids.")
    reason = models.CharField(max_length=300, blank=True, help_text="Why there is no answer, for the one who asked.")
    model = models.CharField(max_length=200, blank=True, help_text="The language model; empty for none.")
    prompt_version = models.PositiveSmallIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    seconds_to_first = models.FloatField(
        "seconds to the first sentence", null=True, blank=True, help_text="From its asking, with the time it waited."
    )
    seconds = models.FloatField(null=True, blank=True, help_text="From its asking to its end.")
    error = models.TextField(blank=True, help_text="What went wrong, for the operator.")
    task_id = models.CharField("task ID", max_length=64, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    asked_by = models.CharField(
        max_length=64, blank=True, editable=False, help_text="A digest of the day and the address, to count by."
    )
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        constraints = (models.UniqueConstraint(fields=("conversation", "number"), name="question_number_once"),)
        indexes = (
            models.Index(fields=("-created_at",), name="question_created"),
            models.Index(fields=("asked_by", "-created_at"), name="question_asked_by"),
            models.Index(fields=("status", "-created_at"), name="question_status"),
        )

    def __str__(self) -> str:
        return self.text[:80] or "A question that its visitor had forgotten"

    @property
    def is_finished(self) -> bool:
        """True when it ended, however it did."""
        return self.status not in self.OPEN

    @property
    def grounded(self) -> list[dict[str, Any]]:
        """The sentences that their results carry."""
        return [sentence for sentence in self.sentences if sentence["grounded"]]


class QuestionEvent(models.Model):
    """Something that happened while a question was answered. A stream follows them by number.

    ``data`` only points into the question (projects/asking/showing.py): what may no longer be shown is told nowhere.
    """

    class Kind(models.TextChoices):
        STEP = "step", "Step"
        RESULTS = "results", "Results"
        SENTENCE = "sentence", "Sentence"
        END = "end", "End"

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="events")
    number = models.PositiveIntegerField(help_text="Its place among the question's events, from 1.")
    kind = models.CharField(max_length=16, choices=Kind)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("question", "number")
        constraints = (models.UniqueConstraint(fields=("question", "number"), name="question_event_number_once"),)

    def __str__(self) -> str:
        return f"{self.number}: {self.kind}"


class AskingPause(models.Model):
    """Its row is there while the operator has switched asking off."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    paused_at = models.DateTimeField(default=timezone.now)
    paused_by = models.CharField(max_length=150, blank=True, help_text="The name of who did it in the admin.")

    def __str__(self) -> str:
        return "Asking is switched off"
