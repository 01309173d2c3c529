"""A whole Waywo whose parts are stopped in turn: prints what the health check says, how soon, and who is told.

Run it as ``VAR_DIR=/tmp/health PORT=8600 python -m tests.benchmarks.health``, as root where the full disk is to be
seen (a small tmpfs). VAR_DIR must be new. It takes about ten minutes: beat is missed after three.
Words after the name choose what is stopped: ``… tests.benchmarks.health Valkey worker``.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psutil

from comments.sources.known_threads import known_threads
from tests.servers.hackernews import HackerNewsServer
from tests.servers.llm import LLMServer
from tests.servers.loopback import Fault
from tests.servers.receivers import Webhook
from tests.servers.threads import generate_thread

ROOT = Path(__file__).resolve().parents[2]
WELL_SECONDS = 300
DISK_BYTES = 32_000_000
LINE = "    {:<14} {:<9} {:>5} s  {}"

Undo = Callable[[], object]


class Show:
    """A running Waywo, and the webhook that takes its alerts."""

    def __init__(self, webhook: Webhook, up: subprocess.Popen) -> None:
        self.webhook, self.up = webhook, up

    def look(self) -> dict:
        """Look at everything as ``manage.py health --alert`` does."""
        from django.db import connections

        from waywo_site.operations.health.watch import check_health

        try:
            return check_health()
        finally:
            connections.close_all()

    def wait_for(self, names: Iterable[str] | None, seconds: float, *, ok: bool = True) -> dict:
        """Look until all of ``names`` (None: all parts) are well, or not well; return the last look."""
        deadline = time.monotonic() + seconds
        while True:
            result = self.look()
            states = [c["state"] == "ok" for c in result["checks"] if names is None or c["name"] in names]
            if all(state == ok for state in states) or time.monotonic() > deadline:
                return result
            time.sleep(2)

    def stopped(self, title: str, names: list[str], stop: Callable[[], Undo], *, seconds: float = 30) -> None:
        """Stop a part, look three times, start it again; print what was said and told."""
        if not any(word in title for word in sys.argv[1:] or [""]):
            return
        since = len(self.webhook.bodies)
        began = time.monotonic()
        undo = stop()
        try:
            result = self.wait_for(names, seconds, ok=False)
            print(f"\n{title}: seen after {time.monotonic() - began:.1f} s")
            for check in result["checks"]:
                if check["state"] != "ok":
                    print(LINE.format(check["name"], check["state"], check["seconds"], check["reason"]))
            for _ in range(2):
                self.look()
        finally:
            undo()
        began = time.monotonic()
        self.wait_for(names, 120)
        told = [alert for body in self.webhook.bodies[since:] for alert in body["alerts"]]
        for name in names:
            kinds = [alert["kind"] for alert in told if alert["subject"] == f"health: {name}"]
            is_right = kinds == ["problem", "recovery"]
            print(f"    told of {name}: {', '.join(kinds)}{'' if is_right else '   <-- NOT ONCE EACH'}")
        print(f"    well again after {time.monotonic() - began:.1f} s", flush=True)

    def part(self, *words: str) -> list[psutil.Process]:
        """Return the processes of ours whose command line has all ``words``, with their children."""
        ours = psutil.Process(self.up.pid).children(recursive=True)
        of_folder = [one for one in psutil.process_iter() if _has(one, [os.environ["VAR_DIR"]])]
        found = {one.pid: one for one in [*ours, *of_folder] if _has(one, words)}
        for one in list(found.values()):
            found |= {child.pid: child for child in one.children(recursive=True)}
        return list(found.values())

    def pause(self, *words: str) -> Callable[[], Undo]:
        """Return what stops (SIGSTOP) the processes with ``words``: one that dies would be started again."""

        def stop() -> Undo:
            found = self.part(*words)
            assert found, f"no process has {words}"
            for one in found:
                one.send_signal(signal.SIGSTOP)
            return lambda: [one.send_signal(signal.SIGCONT) for one in found]

        return stop


def _has(process: psutil.Process, words: Iterable[str]) -> bool:
    try:
        # Valkey names itself again, so what says whose it is may be its folder alone.
        line = " ".join([process.cwd(), *process.cmdline()])
    except psutil.Error:
        return False
    return all(word in line for word in words) and process.pid != os.getpid()


def full_disk(folder: Path) -> Undo:
    """Fill the disk of ``folder``, and see what a backup does there."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        try:
            while True:
                file.write(b"x" * 65_536)
                file.flush()
        except OSError:
            pass
    before = sorted(folder.iterdir())
    done = subprocess.run([sys.executable, "manage.py", "backup_database"], cwd=ROOT, capture_output=True, text=True)
    print(f"\na backup on a full disk: exit {done.returncode}: {done.stderr.strip()}")
    print(f"    the folder is as before: {sorted(folder.iterdir()) == before}")
    return filler.unlink


def old_backup(folder: Path) -> Undo:
    """Make all backups two days old."""
    from django.utils import timezone

    old = (timezone.now() - timedelta(days=2)).strftime("waywo-%Y%m%dT%H%M%SZ")
    renamed = [(file, folder / (old + file.name[len(old) :])) for file in folder.glob("waywo-*")]
    for before, after in renamed:
        before.rename(after)
    return lambda: [after.rename(before) for before, after in renamed]


def unserved_queue() -> Undo:
    """Let no worker take from the queue "generation", and send something there."""
    from celery import current_app

    current_app.control.cancel_consumer("generation", reply=True, timeout=5)
    message = {"kwargs": {"queue": "generation"}, "queue": "generation", "expires": 300, "ignore_result": True}
    current_app.tasks["canary"].apply_async(**message)
    return lambda: current_app.control.add_consumer("generation", reply=True, timeout=5)


def failing_tasks() -> Undo:
    """Send tasks that fail, and let them be two hours old afterwards."""
    from celery import current_app
    from django.utils import timezone
    from django_celery_results.models import TaskResult

    for number in range(30):
        current_app.tasks["process_waywo_comment"].apply_async(kwargs={"comment_id": 900_000_000 + number})
    failed = TaskResult.objects.filter(status="FAILURE")
    return lambda: failed.update(date_done=timezone.now() - timedelta(hours=2))


@contextmanager
def waywo() -> Iterator[subprocess.Popen]:
    """Run ``manage.py up``."""
    log = Path(os.environ["VAR_DIR"]).with_suffix(".log")
    with log.open("w") as output:
        up = subprocess.Popen([sys.executable, "manage.py", "up"], cwd=ROOT, stdout=output, stderr=output)
        try:
            yield up
        finally:
            up.send_signal(signal.SIGINT)
            up.wait(60)


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small disk on ``folder`` where we may; yields whether."""
    folder.mkdir(parents=True)
    options = f"size={DISK_BYTES},mode=700"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
    try:
        yield mounted.returncode == 0
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def main() -> None:
    """Start everything, print the table, stop each part in turn."""
    backups = Path(os.environ["VAR_DIR"]).absolute().with_suffix(".backups")
    with (
        # The thread that a new Waywo collects first.
        HackerNewsServer(generate_thread(12, post_id=known_threads()[0].id)) as news,
        LLMServer() as model,
        LLMServer() as embeddings,
        Webhook() as webhook,
        small_disk(backups) as is_small,
    ):
        os.environ |= {
            "BACKUP_DIR": str(backups),
            "HN_API_BASE_URL": news.item_api,
            "HN_SEARCH_BASE_URL": news.search_api,
            "LLM_BASE_URL": model.url,
            "LLM_MODEL": "scripted",
            "EMBEDDING_BASE_URL": embeddings.url,
            "EMBEDDING_MODEL": "scripted",
            "ALERT_WEBHOOK_URL": webhook.url,
            "FETCH_PAGES": "false",
        }
        with waywo() as up:
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waywo_site.settings")
            import django

            django.setup()
            run(Show(webhook, up), news, model, embeddings, backups if is_small else None)


def run(show: Show, news: HackerNewsServer, model: LLMServer, embeddings: LLMServer, disk: Path | None) -> None:
    """Print the table with everything well, then stop one part after the other."""

    def news_away() -> Undo:
        news.fail(None, Fault.DROPPED)
        return news.heal

    def away(server: LLMServer) -> Callable[[], Undo]:
        def stop() -> Undo:
            server.stop()
            return server.start

        return stop

    time.sleep(30)
    subprocess.run([sys.executable, "manage.py", "backup_database"], cwd=ROOT, check=True)
    show.wait_for(None, WELL_SECONDS)
    print("everything is well: manage.py health", flush=True)
    done = subprocess.run([sys.executable, "manage.py", "health"], cwd=ROOT)
    print(f"exit code {done.returncode}", flush=True)
    show.stopped("Flower (SIGSTOP)", ["flower"], show.pause("celery", "flower"))
    show.stopped("Hacker News", ["hacker_news"], news_away)
    show.stopped("LLM endpoint", ["language_model"], away(model))
    show.stopped("embedding endpoint", ["embeddings"], away(embeddings))
    show.stopped("Valkey (SIGSTOP)", ["broker", "workers", "queues"], show.pause("valkey"))
    show.stopped("PostgreSQL (SIGSTOP)", ["database", "migrations"], show.pause("bin/postgres", "-D"))
    if disk:
        show.stopped("full disk", ["disk"], lambda: full_disk(disk))
        show.stopped("old backup", ["backup"], lambda: old_backup(disk))
    show.stopped("a queue without a worker", ["queues"], unserved_queue)
    show.stopped("failing tasks", ["tasks"], failing_tasks, seconds=90)
    show.stopped("worker (SIGSTOP)", ["workers", "queues"], show.pause("celery", " worker "))
    show.stopped("beat (SIGSTOP)", ["beat"], show.pause("beat_process"), seconds=300)


if __name__ == "__main__":
    main()
