"""How log lines look: a line for people, or JSON with fields (LOG_FORMAT=json).

A module says fields by ``extra``: ``logger.info("read", extra={"comment_id": 1, "seconds": 0.2})``. The task that
runs is added to every line. No body of a comment and no secret is logged above debug.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from celery import current_task

from core.http import in_short

# Tasks that run a few times a minute. Among them what else happens would not be seen.
HOUSEKEEPING = ("canary", "send_canaries", "reconcile")
# Tasks that look at how Waywo is, every few minutes.
MONITORING = ("health_check", "monitor_queues")
# What every record has by itself; all else on a record came by ``extra``.
OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Celery's own lines carry a dictionary of everything, arguments included.
LEFT_OUT = frozenset({"data", "request", "status_code", "server_time"})


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields that ``extra`` gave, and the task that runs where none was given."""
    given = {name: value for name, value in vars(record).items() if name not in OWN and name not in LEFT_OUT}
    task = current_task
    if task and task.request.id and "task_id" not in given:
        given |= {"task": task.name, "task_id": task.request.id}
    return given


class LeaveOutHousekeeping(logging.Filter):
    """Leave out what beat and workers say of each run of what keeps Waywo going, unless debugging is asked for."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno != logging.INFO:
            return True
        args = record.args
        names = args.values() if isinstance(args, dict) else args or ()
        return not any(name in HOUSEKEEPING for name in (*names, getattr(record, "task", "")) if isinstance(name, str))


class LostProcess(logging.Filter):
    """Say in one line, without Celery's own traceback, that a process ended in the middle of a task.

    One that was told to (SIGTERM: its task was cancelled) is no error; what another was at goes back into its queue.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if type(error).__name__ != "WorkerLostError":
            return True
        how = in_short(error or Exception()).removeprefix("Worker exited prematurely: ")
        told = "SIGTERM" in how
        record.levelno = logging.INFO if told else logging.ERROR
        record.levelname = logging.getLevelName(record.levelno)
        what = "was told to end" if told else "ended; its task goes back into its queue"
        record.msg, record.args, record.exc_info, record.exc_text = f"A process at a task {what}: {how}", (), None, None
        return True


class LineFormatter(logging.Formatter):
    """Time, level, module and message, then the fields as name=value."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        fields = "".join(f" {name}={_short(value)}" for name, value in fields_of(record).items())
        return super().formatMessage(record) + fields


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (ISO 8601, UTC), level, logger, message, the fields, and a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        } | fields_of(record)
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or " " in text or '"' in text else text
