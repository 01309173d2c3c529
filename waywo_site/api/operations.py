"""Queues, workers and health over HTTP."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from comments.source_health import source_health
from projects.reading_costs import DAYS, reading_costs
from waywo_site.operations.health import looking, watch
from waywo_site.running import queues

router = Router(tags=["operations"])


class QueueOut(Schema):
    """A queue; `depth` counts what waits, without what a worker holds. It is null where the broker has none yet."""

    name: str
    depth: int


class QueueList(Schema):
    """All queues."""

    items: list[QueueOut]


class WorkerOut(Schema):
    """A worker that answered within a second, the queues it serves and how many tasks it runs now."""

    name: str
    queues: list[str]
    active: int


class WorkerList(Schema):
    """The workers alive."""

    items: list[WorkerOut]


class CheckOut(Schema):
    """One part of the whole: how it is, why, what to do, and how long the look took."""

    name: str
    state: Literal["ok", "degraded", "failed"]
    reason: str
    remedy: str
    seconds: float


class ReadingCostOut(Schema):
    """The readings of one analyst (`rules`, or a model) with one version of its prompt.

    `mended` counts by kind what was mended in answers, `asked_again` answers that did not fit, `cached` answers that
    cost no call, `seconds` is the mean for one comment. `cost` is by LLM_PRICE_IN and LLM_PRICE_OUT, null without them
    and for another model than LLM_MODEL.
    """

    analyst: str
    prompt_version: int
    readings: int
    failed: int
    partial: int
    unsure: int
    calls: int
    cached: int
    asked_again: int
    mended: dict[str, int]
    tokens_in: int
    tokens_out: int
    seconds: float
    cost: float | None


class ReadingCostList(Schema):
    """Of the last `days`, the analyst with the most readings first."""

    days: int
    items: list[ReadingCostOut]


class ReadingCostParameters(Schema):
    """Which readings count."""

    days: int = Field(DAYS, ge=1, le=3650, description="How many days back.")


class RateOut(Schema):
    """Requests over a span of time: `success` is a share, the delays are of answered ones; null without any."""

    asked: int
    failed: int
    success: float | None
    mean_seconds: float | None
    slowest_seconds: float | None


class SourceOut(Schema):
    """How one endpoint of a source answered: in the last two hours (`now`), a day and a week."""

    source: str
    endpoint: str
    now: RateOut
    day: RateOut
    week: RateOut
    last_error: str
    last_error_at: datetime | None
    last_answer_at: datetime | None


class SourceList(Schema):
    """The endpoints that were asked in the last week."""

    items: list[SourceOut]


class HealthOut(Schema):
    """`status` is the worst state among the parts."""

    status: Literal["ok", "degraded", "failed"]
    checks: list[CheckOut]


@router.get("/queues", response=QueueList, summary="Queues")
def list_queues(request: HttpRequest) -> Any:
    """How much waits in each queue."""
    return {"items": [{"name": name, "depth": depth} for name, depth in queues.depths().items()]}


@router.get("/workers", response=WorkerList, summary="Workers")
def list_workers(request: HttpRequest) -> Any:
    """Which workers are alive."""
    return {"items": [vars(worker) for worker in queues.workers()]}


@router.get("/reading-costs", response=ReadingCostList, summary="What reading costs")
def list_reading_costs(request: HttpRequest, parameters: Query[ReadingCostParameters]) -> Any:
    """What readings cost, and how much of their answers was mended, asked again, kept or failed."""
    return {"days": parameters.days, "items": [vars(cost) for cost in reading_costs(parameters.days)]}


@router.get("/sources", response=SourceList, summary="Sources")
def list_sources(request: HttpRequest) -> Any:
    """How each endpoint of the sources answered in the last week."""
    return {"items": [asdict(endpoint) for endpoint in source_health()]}


@router.get("/health", response=HealthOut, summary="Health")
def get_health(request: HttpRequest) -> Any:
    """Every part, looked at now: it takes some seconds where one does not answer."""
    found = watch.checks()
    return {"status": looking.worst(found), "checks": [check.as_dict() for check in found]}
