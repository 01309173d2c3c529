"""The bar of a batch and the figures beside it, which move by themselves (static/waywo_site/progress.js)."""

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.jobs.batch_progress import BatchProgress

# The parts of a bar, in their order: what is counted, its colour, its name.
PARTS = (
    ("succeeded", "good", "succeeded"),
    ("failed", "bad", "failed"),
    ("cancelled_tasks", "cancelled", "cancelled"),
    ("running", "info", "under way"),
)


def bar(progress: BatchProgress) -> SafeString:
    """Return the bar of a batch with its words below, both moving until it has ended."""
    total = progress.total or 1
    parts = format_html_join(
        "",
        '<span class="waywo-fill-{}" data-part="{}" style="width: {}%" title="{}"></span>',
        ((colour, name, f"{100 * getattr(progress, name) / total:.2f}", label) for name, colour, label in PARTS),
    )
    return format_html(
        '<div class="waywo-progress waywo-progress-{}" {}><div class="waywo-bar" role="progressbar" aria-label="{}" '
        'aria-valuemin="0" aria-valuemax="{}" aria-valuenow="{}">{}</div><span data-figure="words">{}</span></div>',
        *(progress.state, _address(progress), progress.label, total, progress.done, parts, progress),
    )


def moving(progress: BatchProgress, figure: str, text: str = "") -> SafeString:
    """Return a figure of a batch by its name in the JSON form, or ``text`` for one that is not in it."""
    shown = text or str(getattr(progress, figure)) or "—"
    return format_html('<span class="waywo-lines" {} data-figure="{}">{}</span>', _address(progress), figure, shown)


def _address(progress: BatchProgress) -> SafeString:
    """Return the attribute by which a script asks how far the batch is; none is asked that has ended."""
    if progress.is_finished:
        return SafeString("")
    return format_html('data-progress-url="{}"', reverse("admin:core_batch_progress", args=[progress.group_id]))
