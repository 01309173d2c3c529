"""Celery's result backend: django-celery-results, with the results of batches in the batches' own rows."""

from typing import Any

from celery import current_task
from celery.states import FAILURE, PENDING, READY_STATES, RETRY, REVOKED, STARTED, SUCCESS
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.db.models import Q
from django.utils import timezone
from django_celery_results.backends import DatabaseBackend
from django_celery_results.models import TaskResult

from core.models import OPEN_STATES, BatchTask


class ResultBackend(DatabaseBackend):
    """Writes what a task of a batch came to by one update, and everything else as its base does.

    Work that is done waits for a database that is away (``result_backend_always_retry``) rather than be forgotten.
    """

    def exception_safe_to_retry(self, exc: Exception) -> bool:
        """Return whether the database was away and a new connection can do it; the next try opens that."""
        if connection.in_atomic_block or not isinstance(exc, (OperationalError, InterfaceError)):
            return False  # a transaction that lost its connection cannot go on, however often it tries
        connection.close()
        return True

    def _store_result(
        self, task_id: str, result: Any, status: str, traceback: Any = None, request: Any = None, using: Any = None
    ) -> Any:
        # The worker's main process, where no task runs, writes only when a child was killed: its connection may have
        # died long ago. A child's was tried before its task, and each trial is a query. In a transaction this would end
        # that.
        if not connection.in_atomic_block and (not current_task or connection.errors_occurred):
            close_old_connections()
        if not getattr(request, "group", None):
            ended = status in (FAILURE, RETRY, SUCCESS)
            if ended and TaskResult.objects.filter(task_id=task_id, status=REVOKED).exists():
                return result  # A person ended it, and took back what it had begun: as its process went that is no end.
            return super()._store_result(task_id, result, status, traceback, request, using)
        if status == STARTED:
            return result  # written by RetryingTask, which decides by the same update whether it may start
        fields = {"status": status, "result": result}
        if status == RETRY:
            fields["retries"] = request.retries + 1
        elif status in READY_STATES:
            fields |= {"retries": max(request.retries or 0, 0), "finished_at": timezone.now()}
        row = BatchTask.objects.filter(task_id=task_id)
        # Work that was done counts, also when another delivery of the same task failed before; what somebody cancelled
        # stays so.
        writable = Q(status__in=(*OPEN_STATES, FAILURE)) if status == SUCCESS else Q(status__in=OPEN_STATES)
        row.filter(writable).update(**fields)
        return result

    def _get_task_meta_for(self, task_id: str) -> Any:
        row = BatchTask.objects.filter(task_id=task_id).first()
        if row is None:
            return super()._get_task_meta_for(task_id)
        # Celery reads an exception from its stored form by the status.
        return self.meta_from_decoded(
            {
                "task_id": task_id,
                "status": row.status,
                "result": row.result if row.status != PENDING else None,
                "date_done": row.finished_at,
                "traceback": None,
                "children": [],
            }
        )
