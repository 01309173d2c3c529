"""Beat's scheduler: one leader, nothing fired twice, nothing that fell due forgotten, edits soon in force."""

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from celery.utils import uuid
from django.db import DatabaseError, InterfaceError, close_old_connections, connections
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from core.jobs import sending
from core.locks import try_lock_session
from waywo_site.running import heartbeats
from waywo_site.schedules.stored import unreadable

logger = logging.getLogger(__name__)

LEADER_LOCK = "beat"  # held by the session of the one beat that fires
STANDBY_SECONDS = 5
HEARTBEAT_SECONDS = 5
SOON_SECONDS = 3600
# Two machines' clocks may differ by so much; a run further ahead was noted by a clock that was wrong.
CLOCKS_AGREE = timedelta(seconds=60)
# What an edit can change, as a bulk update does without any signal.
WATCHED = (
    *("pk", "name", "task", "enabled", "args", "kwargs", "queue", "exchange", "routing_key", "priority", "headers"),
    *("expires", "expire_seconds", "one_off", "start_time", "interval__every", "interval__period"),
    *("crontab__minute", "crontab__hour", "crontab__day_of_week", "crontab__day_of_month"),
    *("crontab__month_of_year", "crontab__timezone", "clocked__clocked_time"),
    *("solar__event", "solar__latitude", "solar__longitude"),
)


def _clock() -> float:
    return timezone.now().timestamp()


class Entry(ModelEntry):
    """A schedule that writes back only when it ran: an operator's edit at the same moment stays."""

    def save(self) -> None:
        PeriodicTask.objects.filter(pk=self.model.pk).update(
            last_run_at=self.model.last_run_at, total_run_count=self.model.total_run_count
        )


class Leadership:
    """The advisory lock of the leading beat, in a session of its own: it ends with its process, whatever ends that."""

    def __init__(self) -> None:
        self._connection: Any = None

    def held(self) -> bool:
        """Return whether this process leads; try to, when it does not. Raises DatabaseError, InterfaceError."""
        try:
            if self._connection is not None:
                with self._connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
                return True
            return self._take()
        except (DatabaseError, InterfaceError):
            self.give_up()
            raise

    def _take(self) -> bool:
        connection = connections["default"].copy()
        try:
            with connection.cursor() as cursor:
                if not try_lock_session(cursor, LEADER_LOCK):
                    connection.close()
                    return False
                # The server notices a leader whose machine vanished, within 20 s.
                cursor.execute("SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 5")
                cursor.execute("SET tcp_keepalives_count = 3")
        except (DatabaseError, InterfaceError):
            connection.close()
            raise
        self._connection = connection
        return True

    def give_up(self) -> None:
        """End the session, and with it the lock."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Scheduler(DatabaseScheduler):
    """django-celery-beat's scheduler with a leader and a heartbeat, and without what 2.9.0 does wrong.

    - Of several beats one fires, the one that holds an advisory lock; another takes over within 10 s of its end.
    - What fell due while no beat ran is sent once, when one starts, and then at its own times.
    - A change is in force at the next tick (5 s), also one by ``QuerySet.update()``, which sends no signal.
    - When the table cannot be written, what ran is remembered here, and written when it can be.
    - A row that cannot be read is left out and named in the log; the others run.
    - A clock that is set forward or back costs no schedule more than one run, and silences none.
    """

    Entry = Entry

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.leadership = Leadership()
        self.leads = False
        self._said_standby = False
        self._watched: int | None = None
        self._ran: dict[int, tuple[datetime, int]] = {}
        self._clock_offset: float | None = None
        self._unreadable: dict[str, str] = {}
        super().__init__(*args, **kwargs)

    def install_default_entries(self, data: Any) -> None:
        """Install nothing.

        django-celery-beat writes its own clean-up of results again at each start, over what an operator changed in it
        or deleted; a migration puts it in once instead.
        """

    def tick(self, *args: Any, **kwargs: Any) -> float:
        close_old_connections()
        try:
            if not self._take_the_lead():
                return STANDBY_SECONDS
            heartbeats.note_tick()
        except (DatabaseError, InterfaceError) as error:
            # Without the database nobody can tell who leads: better late than twice.
            logger.warning("The database cannot be used, nothing is sent: %s", error)
            self.leads = False
            return STANDBY_SECONDS
        if self._clock_was_set():
            # What comes next stands in the order of times that no longer hold: read and ordered again.
            self._initial_read, self._heap = True, None
        return min(super().tick(*args, **kwargs), HEARTBEAT_SECONDS)

    def _clock_was_set(self) -> bool:
        """Return whether the clock jumped since the last tick, against the one that only goes on."""
        before, self._clock_offset = self._clock_offset, _clock() - time.monotonic()
        return before is not None and abs(self._clock_offset - before) > CLOCKS_AGREE.total_seconds()

    def _take_the_lead(self) -> bool:
        led, self.leads = self.leads, self.leadership.held()
        if self.leads and not led:
            logger.info("This beat leads.")
            # What the last leader sent is in the table, not here.
            self._initial_read = True
        elif not self.leads and not self._said_standby:
            self._said_standby = True
            logger.info("Another beat leads; this one stands by.")
        return self.leads

    def enabled_models_qs(self) -> Any:
        """Return all enabled schedules.

        2.9.0 leaves out the crontabs that are more than two hours away, so that one missed by more is forgotten until
        two hours before its next time, and then sent too early.
        """
        return self.Model.objects.enabled().select_related("interval", "crontab", "clocked", "solar")

    def enabled_models(self) -> list[PeriodicTask]:
        """Return the enabled schedules that can be read. 2.9.0 stops at one that cannot, or switches it off."""
        rows = list(self.enabled_models_qs())
        problems = {row.name: problem for row in rows if (problem := unreadable(row))}
        for name in problems.keys() - self._unreadable.keys():
            logger.warning("The schedule “%s” is left out, the others run. %s", name, problems[name])
        self._unreadable = problems
        return [row for row in rows if row.name not in problems]

    def all_as_schedule(self) -> dict[str, ModelEntry]:
        """Return the schedules; one whose last run could not be written keeps it from memory."""
        entries = super().all_as_schedule()
        for name, entry in entries.items():
            now = entry._default_now()
            ran = self._ran.get(entry.model.pk)
            if ran and entry.last_run_at < ran[0] <= now + CLOCKS_AGREE:
                entry.last_run_at = entry.model.last_run_at = ran[0]
                entry.model.total_run_count = entry.total_run_count = ran[1]
            elif entry.last_run_at > now + CLOCKS_AGREE:
                # A clock that was set right must not silence a schedule until the time that it had shown.
                entry.last_run_at = entry.model.last_run_at = now
                self._ran.pop(entry.model.pk, None)
                self._dirty.add(name)
        return entries

    def reserve(self, entry: ModelEntry) -> ModelEntry:
        reserved = super().reserve(entry)
        self._ran[entry.model.pk] = (reserved.last_run_at, reserved.total_run_count)
        return reserved

    def apply_async(self, entry: ModelEntry, *args: Any, **kwargs: Any) -> Any:
        """Send a schedule's task, after a row that waits for it: a message that gets lost is sent again.

        Not so where a run expires within the hour, since the next one comes before long.
        """
        expires = entry.options.get("expires")
        comes_again = isinstance(expires, (int, float)) and expires <= SOON_SECONDS
        if entry.task in self.app.tasks and not entry.args and not comes_again:
            task_id = uuid()
            try:
                sending.remember(task_id, entry.task, entry.kwargs, entry.name)
            except (DatabaseError, InterfaceError) as error:
                logger.warning("The run of %s is sent without a row: %s", entry.name, error)
                close_old_connections()
            else:
                entry.options = {**entry.options, "task_id": task_id}
        try:
            return super().apply_async(entry, *args, **kwargs)
        finally:
            entry.options.pop("task_id", None)

    def sync(self) -> None:
        """Write what ran; what cannot be written is kept for the next time (django-celery-beat#1040, unreleased)."""
        for name in list(self._dirty):
            entry = (self._schedule or {}).get(name)
            try:
                if entry is not None:
                    entry.save()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("The run of %s could not be written, it is tried again: %s", name, error)
                close_old_connections()
                return
            self._dirty.discard(name)

    def schedule_changed(self) -> bool:
        changed = super().schedule_changed()
        try:
            rows = hash(tuple(PeriodicTask.objects.order_by("pk").values_list(*WATCHED)))
        except (DatabaseError, InterfaceError):
            return False
        seen, self._watched = self._watched, rows
        return changed or seen not in (None, rows)

    def close(self) -> None:
        super().close()
        self.leadership.give_up()
