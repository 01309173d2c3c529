"""How tasks ended: one that only started a batch ends as that does, whatever it said of itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from celery.states import SUCCESS
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_celery_results.models import TaskResult

from core.admin.task_values import TASK_COLOURS, outcome_of
from core.jobs.batch_progress import BatchProgress
from core.jobs.started_batches import batches_of

# Of the state of a batch: the colour of its badge, and its words, where they are not those of the batch.
OF_BATCHES = {
    "empty": ("", "nothing to do"),
    "waiting": ("info", "waits"),
    "running": ("info", ""),
    "succeeded": ("success", "succeeded"),
    "partial": ("warning", ""),
    "failed": ("danger", ""),
    "cancelled": ("", "cancelled"),
}


@dataclass(frozen=True)
class Outcome:
    """How a task stands, in a few words, and the colour that says the same (empty for none)."""

    words: str
    colour: str
    batch: BatchProgress | None = None

    def badge(self) -> SafeString:
        """Return it as a badge."""
        return format_html('<span class="waywo-badge waywo-{}">{}</span>', self.colour or "plain", self.words)


def outcomes(results: Iterable[TaskResult]) -> dict[str, Outcome]:
    """Return how each task stands, by its id; all batches that they started are asked for at once."""
    rows = list(results)
    # One that followed what it started tells itself what came of it: its result names no batch to follow.
    # Asked of the database, since lists leave the results out, which name each task of a batch.
    succeeded = [row.pk for row in rows if row.status == SUCCESS]
    handed_on = TaskResult.objects.filter(pk__in=succeeded, result__contains='"group_id"')
    batches = batches_of(handed_on.values_list("task_id", flat=True) if succeeded else ())
    return {row.task_id: _outcome(row.status, batches.get(row.task_id)) for row in rows}


def _outcome(status: str, batch: BatchProgress | None) -> Outcome:
    if batch is None:
        return Outcome(outcome_of(status), TASK_COLOURS.get(status, ""))
    colour, words = OF_BATCHES[batch.state]
    return Outcome(words or str(batch), colour, batch)
