"""The looks at the parts of Waywo. Each returns a Finding, or raises what the part raises when it cannot be reached."""

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
from celery.states import FAILURE, SUCCESS
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django_celery_results.models import TaskResult

from comments.source_health import source_health
from core.http import user_agent
from core.models import BatchTask
from projects.checks import endpoint_problem
from projects.language.kept_answers import kept_size
from waywo_site.logs import HOUSEKEEPING
from waywo_site.operations.backups import last_backup
from waywo_site.operations.health import broker_memory
from waywo_site.operations.health.findings import DEGRADED, FAILED, OK, Finding, Part
from waywo_site.running import heartbeats, queues
from waywo_site.running.queues import workers
from waywo_site.schedules.stored import broken, overdue

# Shares of what there is, from which on somebody should look, and from which on it is too late.
DISK_LOW, DISK_FULL = 0.10, 0.03
MEMORY_LOW, MEMORY_FULL = 0.10, 0.03
CONNECTIONS_HIGH = 0.8
FAILED_TASKS_HIGH = 0.05
# Shares of answered requests, below which somebody should look, and below which a source does not work; of fewer
# requests than these nothing is said: one that failed with its three tries is no trend.
ANSWERED_LOW, ANSWERED_FAILED, FEW_REQUESTS = 0.9, 0.5, 6
# Beat ticks every 5 s, and notes it at least once a minute.
BEAT_SILENT = timedelta(minutes=3)
# A canary waits behind what its queue holds; the next one is sent after 5 minutes.
CANARY_LATE = timedelta(minutes=3)
CONTACT_SECONDS = 5.0
# Below the 3 s of its look, so that the reason is its own.
FLOWER_SECONDS = 2.0
LARGEST_ANSWER = 1000  # bytes of a single number


def database() -> Finding:
    """Whether it answers, how large it is and how many of its connections are taken."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_database_size(current_database()), current_setting('max_connections')::int, "
            "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
        )
        size, most, used = cursor.fetchone()
    reason = f"{filesizeformat(size)}, {used} of {most} connections."
    if used > most * CONNECTIONS_HIGH:
        return Finding(DEGRADED, reason, "Raise max_connections of PostgreSQL, or run fewer processes.")
    return Finding(OK, reason)


def migrations() -> Finding:
    """Whether the database has the schema of this code."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in missing[:3])
        return Finding(FAILED, f"{len(missing)} are not applied: {names}.", "Run manage.py migrate.")
    return Finding(OK, "All are applied.")


def broker() -> Finding:
    """Whether it answers and how much waits there."""
    depths = queues.depths()
    return Finding(OK, f"{sum(depths.values())} messages wait.")


def workers_alive() -> Finding:
    """Which workers answer, and what each serves."""
    alive = workers()
    if not alive:
        return Finding(FAILED, "No worker answers.")
    served = "; ".join(
        f"{worker.name} serves {_all_or_names(worker.queues)}, {worker.active} tasks run" for worker in alive
    )
    return Finding(OK, f"{served}.")


def _all_or_names(names: list[str]) -> str:
    return "all queues" if set(names) >= set(settings.QUEUE_TIME_LIMITS) else ", ".join(names)


def queues_served() -> Finding:
    """Whether each queue has a worker; one without is failed once something waits there. A paused one has none: that
    is no fault, unless it is forgotten (health/queue_watch.py)."""
    served = {queue for worker in workers() for queue in worker.queues}
    states = {state.name: state for state in queues.states() if state.name not in served}
    said = [f"{state.in_words}: resume it on the Overview." for state in states.values() if state.is_paused]
    unserved = [state for state in states.values() if not state.is_paused]
    if not unserved:
        return Finding(OK, " ".join(["Each has a worker." if not said else "Each other has a worker.", *said]))
    names = ", ".join(f"{one.name} ({one.waiting} wait)" if one.waiting else one.name for one in unserved)
    state = FAILED if any(one.waiting for one in unserved) else DEGRADED
    return Finding(state, " ".join([f"Nobody serves {names}.", *said]))


def schedules() -> Finding:
    """Which enabled schedules should have run by now, and which never will."""
    now = timezone.now()
    late = [f"{schedule.name} (by {_in_words(now - since)})" for schedule, since in overdue()]
    reasons = [f"{what}: {_first(names)}." for what, names in (("Late", late), ("Broken", broken())) if names]
    return Finding(DEGRADED, " ".join(reasons)) if reasons else Finding(OK, "All are on time.")


def _first(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _in_words(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


def beat() -> Finding:
    """When beat last looked at its schedules."""
    last = heartbeats.beat_last_tick()
    if last is None:
        return Finding(FAILED, "Beat has never run.")
    age = timezone.now() - last
    reason = f"Its last tick was {age.total_seconds():.0f} s ago."
    return Finding(FAILED if age > BEAT_SILENT else OK, reason)


def canaries() -> Finding:
    """Whether a task went through each queue lately: a worker can be alive and take nothing."""
    now, stopped = timezone.now(), queues.paused()
    lost = [
        canary.queue
        for canary in heartbeats.canaries()
        if canary.queue not in stopped and canary.is_waiting and canary.sent_at and now - canary.sent_at > CANARY_LATE
    ]
    if lost:
        return Finding(FAILED, f"The canary of {', '.join(lost)} has not come through.")
    return Finding(OK, "Those that were sent came through.")


def failed_tasks() -> Finding:
    """The share of tasks of the last hour that failed, those of batches among them and housekeeping not."""
    since = timezone.now() - timedelta(hours=1)
    single = TaskResult.objects.filter(date_done__gt=since).exclude(task_name__in=HOUSEKEEPING)
    ended: Counter[str] = Counter()
    for rows in (single, BatchTask.objects.filter(finished_at__gt=since)):
        ended.update(dict(rows.order_by().values_list("status").annotate(Count("pk"))))
    failed, all_ended = ended[FAILURE], ended[FAILURE] + ended[SUCCESS]
    reason = f"{failed} of {all_ended} failed in the last hour."
    return Finding(FAILED if failed > all_ended * FAILED_TASKS_HIGH else OK, reason)


def disk() -> Finding:
    """How much room there is where data and backups are kept."""
    found = []
    for folder in dict.fromkeys((settings.VAR_DIR, settings.BACKUP_DIR)):
        usage = shutil.disk_usage(_existing(folder))
        share = usage.free / usage.total
        state = FAILED if share < DISK_FULL else DEGRADED if share < DISK_LOW else OK
        found.append((state, f"{filesizeformat(usage.free)} free ({share:.0%}) for {folder}"))
    states = [state for state, _ in found]
    state = FAILED if FAILED in states else DEGRADED if DEGRADED in states else OK
    return Finding(state, "; ".join(text for _, text in found) + ".")


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest parent that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def memory() -> Finding:
    """How much memory this machine has left."""
    seen = psutil.virtual_memory()
    share = seen.available / seen.total
    state = FAILED if share < MEMORY_FULL else DEGRADED if share < MEMORY_LOW else OK
    return Finding(state, f"{filesizeformat(seen.available)} of {filesizeformat(seen.total)} available ({share:.0%}).")


def hacker_news() -> Finding:
    """Whether the item API gives the number of its newest item."""
    status, body = _get(f"{settings.HN_API_BASE_URL}/maxitem.json")
    if status != httpx.codes.OK:
        return Finding(FAILED, f"{settings.HN_API_BASE_URL} answered {status}.")
    if not body.strip().isdigit():
        return Finding(FAILED, f"{settings.HN_API_BASE_URL} does not answer as Hacker News does.")
    return Finding(OK, f"The newest item is {int(body)}.")


def sources() -> Finding:
    """Whether the requests of the last two hours to each endpoint of a source were answered."""
    states, reasons = [OK], []
    for endpoint in source_health():
        lately = endpoint.now
        if lately.asked < FEW_REQUESTS or lately.success is None or lately.success >= ANSWERED_LOW:
            continue
        states.append(FAILED if lately.success < ANSWERED_FAILED else DEGRADED)
        reasons.append(
            f"{endpoint.endpoint} of {endpoint.source} answered {lately.success:.0%} of {lately.asked} requests in "
            f"the last two hours. Its last error: {endpoint.last_error}"
        )
    state = FAILED if FAILED in states else DEGRADED if DEGRADED in states else OK
    return Finding(state, " ".join(reasons) or "What was asked of them lately was answered.")


def language_model() -> Finding:
    """Whether the configured server has the configured model, and how much is kept of its answers."""
    found = _model("LLM", "None is configured: comments are read by rules.")
    if found.state != OK or not settings.LLM_BASE_URL:
        return found
    kept = kept_size()
    size = filesizeformat(kept["bytes"]).replace("\xa0", " ")
    return Finding(OK, f"{found.reason} About {kept['answers']} of its answers are kept, {size}.")


def embeddings() -> Finding:
    """Whether the configured embedding server has the configured model."""
    return _model("EMBEDDING", "None is configured: WordLlama makes them on the processor.")


def _model(kind: str, without: str) -> Finding:
    url, model = getattr(settings, f"{kind}_BASE_URL"), getattr(settings, f"{kind}_MODEL")
    if not url:
        return Finding(OK, without)
    if not model:
        return Finding(FAILED, f"{kind}_BASE_URL is set and {kind}_MODEL is not.", f"Set {kind}_MODEL.")
    problem, hint = endpoint_problem(url, getattr(settings, f"{kind}_API_KEY"), model)
    if problem:
        return Finding(FAILED, problem, hint.format(kind=kind))
    return Finding(OK, f"{url} has {model}.")


def flower() -> Finding:
    """Whether Flower answers. Waywo works without it."""
    try:
        status, _ = _get(f"{settings.FLOWER_URL}/healthcheck", FLOWER_SECONDS)
    except httpx.HTTPError as error:
        return Finding(DEGRADED, f"{settings.FLOWER_URL} does not answer: {str(error) or type(error).__name__}.")
    if status != httpx.codes.OK:
        return Finding(DEGRADED, f"{settings.FLOWER_URL} answered {status}.")
    return Finding(OK, "It answers.")


def _get(url: str, seconds: float = CONTACT_SECONDS) -> tuple[int, str]:
    """Return status and text of an answer; of a long one the beginning, so that a liar fills no memory."""
    headers = {"User-Agent": user_agent()}
    with httpx.stream("GET", url, headers=headers, timeout=seconds, trust_env=False) as response:
        body = b""
        for piece in response.iter_bytes():
            body += piece
            if len(body) > LARGEST_ANSWER:
                break
        return response.status_code, body[:LARGEST_ANSWER].decode(errors="replace")


def _part(look: Callable[[], Finding], seconds: float, remedy: str, name: str = "", **options: Any) -> Part:
    return Part(name or look.__name__, look, seconds, remedy, **options)


START_ONE = "Start a worker for them, manage.py run_worker --queues NAME,NAME, or name them in WORKER_QUEUES."
START_FLOWER = "Start Waywo (make run) or Flower alone (make flower), or correct FLOWER_URL."

PARTS = (
    _part(database, 2, "Start PostgreSQL, or correct DATABASE_URL."),
    _part(migrations, 2, "Run manage.py migrate."),
    _part(broker, 2, "Start the broker, or correct CELERY_BROKER_URL."),
    _part(broker_memory.finding, 2, broker_memory.WAY_OUT, "broker_memory"),
    _part(workers_alive, 5, "Start Waywo (make run), or a worker alone: make worker.", "workers"),
    _part(queues_served, 5, START_ONE, "queues"),
    _part(beat, 2, "Start Waywo (make run), or beat alone: make beat."),
    _part(canaries, 2, "Look at what the workers of these queues do; restart them where they do nothing."),
    _part(schedules, 2, "See whether beat and a worker run; Schedules in the admin has them."),
    _part(failed_tasks, 2, "See Task results and Batches in the admin: each failed task names its error.", "tasks"),
    _part(hacker_news, 6, "Wait, or correct HN_API_BASE_URL."),
    _part(sources, 2, "Wait, or see Sources in the admin: a 403 says that the source wants no requests from here."),
    _part(language_model, 6, "Start the server, or correct LLM_BASE_URL."),
    _part(embeddings, 6, "Start the server, or correct EMBEDDING_BASE_URL."),
    _part(last_backup, 2, "Run manage.py backup_database, and see the schedule of that name.", "backup", is_local=True),
    _part(flower, 3, START_FLOWER, without_answer=DEGRADED, is_local=True),
    _part(disk, 2, "Make room: manage.py cleanup_old_data, fewer backups (BACKUP_KEEP), a larger disk.", is_local=True),
    _part(memory, 1, "Run fewer worker processes (WORKER_CONCURRENCY), or add memory.", is_local=True),
)
