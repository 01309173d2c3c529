"""Answers of language models, kept so that none is paid twice: after a crash, a retry, a second delivery.

Looked for and kept at the moment of each call, beside the reading's own transaction: a reading that fails, or whose
process is killed, has kept what it paid for.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from core.event_loop import beside
from projects.language.models import KeptAnswer

T = TypeVar("T")
logger = logging.getLogger(__name__)

_ignored: ContextVar[bool] = ContextVar("kept answers are ignored", default=False)
_unchanged: ContextVar[bool] = ContextVar("kept answers stay as they are", default=False)


@contextmanager
def ignoring_kept_answers(ignored: bool = True) -> Iterator[None]:
    """Have the calls inside ask anew, whatever was kept; what comes is kept in its place."""
    token = _ignored.set(ignored)
    try:
        yield
    finally:
        _ignored.reset(token)


@contextmanager
def leaving_kept_answers() -> Iterator[None]:
    """Have the calls inside use what was kept, keep nothing and forget nothing."""
    token = _unchanged.set(True)
    try:
        yield
    finally:
        _unchanged.reset(token)


@dataclass(frozen=True)
class Question:
    """What an answer depends on: whom one asks, and what. ``mark`` is a random word in it that changes nothing."""

    endpoint: str
    model: str
    prompt_version: int
    messages: Sequence[tuple[str, str]]
    schema: dict[str, Any]
    mark: str = ""

    @property
    def key(self) -> str:
        """The digest by which its answer is found again."""
        messages = [[role, text.replace(self.mark, "") if self.mark else text] for role, text in self.messages]
        asked = [self.endpoint, self.model, self.prompt_version, messages, self.schema]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


class KeptAnswers:
    """The table of kept answers, for what runs in an event loop: each act has a thread and a connection for itself.

    Where the database is away an answer is not found, or not kept: that costs a call and no reading.
    """

    async def find(self, question: Question) -> dict[str, Any] | None:
        """Return what was kept for the question and is not too old."""
        if _ignored.get() or not settings.LLM_ANSWER_DAYS:
            return None
        rows = KeptAnswer.objects.filter(pk=question.key, created_at__gte=oldest())
        return await _tried(lambda: rows.values_list("said", flat=True).first(), None)

    async def keep(self, question: Question, said: dict[str, Any]) -> None:
        """Keep the answer to the question, in place of an older one."""
        if _unchanged.get() or not settings.LLM_ANSWER_DAYS:
            return
        row = KeptAnswer(
            key=question.key,
            endpoint=question.endpoint[:500],
            model=question.model[:200],
            prompt_version=question.prompt_version,
            said=said,
            created_at=timezone.now(),
        )
        fields = [field.name for field in KeptAnswer._meta.fields if not field.primary_key]
        await _tried(
            lambda: KeptAnswer.objects.bulk_create(
                [row], update_conflicts=True, unique_fields=["key"], update_fields=fields
            ),
            None,
        )

    async def forget(self, questions: Sequence[Question]) -> None:
        """Forget answers of which nothing could be made: the next reading asks anew."""
        if _unchanged.get():
            return
        keys = [question.key for question in questions]
        await _tried(lambda: KeptAnswer.objects.filter(pk__in=keys).delete(), None)


def oldest() -> Any:
    """Return the moment before which an answer is too old to be used again."""
    return timezone.now() - timedelta(days=settings.LLM_ANSWER_DAYS)


def kept_size() -> dict[str, int]:
    """Return how many answers are kept, about, and how many bytes they take in the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT greatest(reltuples, 0)::bigint, pg_total_relation_size(oid) FROM pg_class WHERE oid = %s::regclass",
            [KeptAnswer._meta.db_table],
        )
        rows, size = cursor.fetchone()
    return {"answers": rows, "bytes": size}


async def _tried(act: Callable[[], T], otherwise: T) -> T:
    try:
        return await beside(act)
    except Error:
        logger.warning("the kept answers cannot be used now", exc_info=True)
        return otherwise
