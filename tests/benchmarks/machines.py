"""Six machines against one database and one broker, one of them killed: what is lost, and how long it takes.

Three workers, two web servers and beat, each in a network namespace with an address and a host name of its own;
PostgreSQL and Valkey answer on the address of the bridge between them. Half way the first worker is killed with -9, as
a power cut does, while four clients read from both web servers and one of these is restarted. As root, with ``ip`` and
``socat``:

.venv/bin/python -m tests.benchmarks.machines [COMMENTS]
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.benchmarks.own_servers import own_servers
from tests.waiting import wait_until

BRIDGE, NET = "waywo0", "10.77.0"
WEBS, WORKERS, BEAT = ("web1", "web2"), ("worker1", "worker2", "worker3"), "beat"
DATABASE_PORT, BROKER_PORT, WEB_PORT = 15432, 16379, 8000
PATIENCE = 1800  # seconds


def ip(*arguments: str) -> None:
    """Run ``ip``."""
    subprocess.run(["ip", *arguments], check=True)


@contextmanager
def network() -> Iterator[dict[str, str]]:
    """Make a bridge and a namespace for each machine; yield the address of each. All of it goes at the end."""
    addresses = {name: f"{NET}.{number}" for number, name in enumerate((*WEBS, *WORKERS, BEAT), 11)}
    try:
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("address", "add", f"{NET}.1/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        for name, address in addresses.items():
            ip("netns", "add", name)
            ip("link", "add", f"v-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", f"v-{name}", "master", BRIDGE, "up")
            ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "link", "set", "eth0", "up")
        yield addresses
    finally:
        for name in addresses:
            for what in (["link", "delete", f"v-{name}"], ["netns", "delete", name]):
                subprocess.run(["ip", *what], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["ip", "link", "delete", BRIDGE], check=False, stderr=subprocess.DEVNULL)


class Machine:
    """A process group of its own in the namespace ``name``, under that host name; ``log`` is a file."""

    def __init__(self, name: str, command: list[str], env: dict[str, str], folder: Path) -> None:
        self.name, self._command, self._env = name, command, env
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen

    def start(self) -> None:
        """Start it."""
        named = f"hostname {self.name} && exec {sys.executable} -m {' '.join(self._command)}"
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.name, "unshare", "--uts", "sh", "-c", named],
                env=self._env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def end(self, by: signal.Signals = signal.SIGTERM) -> None:
        """End all of it."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, by)
            self.process.wait(timeout=60)


def relay(port: int, to: int) -> subprocess.Popen:
    """Answer on the bridge's ``port`` with what listens on this machine's ``to``."""
    return subprocess.Popen(["socat", f"TCP-LISTEN:{port},bind={NET}.1,fork,reuseaddr", f"TCP:127.0.0.1:{to}"])


def machines(addresses: dict[str, str], folder: Path) -> tuple[list[Machine], list[Machine], Machine]:
    """Return the web servers, the workers and beat, not started."""
    from django.conf import settings

    database, broker = urlsplit(settings.EMBEDDED_POSTGRESQL.url), urlsplit(settings.EMBEDDED_VALKEY.url)
    env = os.environ | {
        "DATABASE_URL": database._replace(
            netloc=f"{database.username}:{database.password}@{NET}.1:{DATABASE_PORT}"
        ).geturl(),
        "CELERY_BROKER_URL": broker._replace(netloc=f":{broker.password}@{NET}.1:{BROKER_PORT}").geturl(),
        "SECRET_KEY": "a key for six machines",
        "API_READS_PER_MINUTE": "1000000",
    }
    serve = ["gunicorn", "waywo_site.wsgi", "--threads", "8", "--no-control-socket"]
    serve += ["--config", "waywo_site/gunicornconfig.py"]
    work = ["celery", "--app", "waywo_site", "worker", "--loglevel", "INFO", "--concurrency", "1"]
    work += ["--queues", ",".join(settings.QUEUE_TIME_LIMITS)]
    webs = [
        Machine(
            name, [*serve, "--bind", f"{addresses[name]}:{WEB_PORT}"], env | {"ALLOWED_HOSTS": addresses[name]}, folder
        )
        for name in WEBS
    ]
    beat = Machine(BEAT, ["waywo_site.running.beat_process"], env, folder)
    return webs, [Machine(name, work, env, folder) for name in WORKERS], beat


class Readers:
    """Four clients that read from web servers in turn, as a context manager; ``answers`` counts what they got."""

    def __init__(self, urls: list[str]) -> None:
        self._urls, self._ended = urls, threading.Event()
        self.answers: Counter[str] = Counter()

    def __enter__(self) -> "Readers":
        self._threads = [threading.Thread(target=self._read) for _ in range(4)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        import httpx

        while not self._ended.wait(0.1):
            for url in self._urls:
                try:
                    self.answers[str(httpx.get(f"{url}/api/projects?limit=5", timeout=60).status_code)] += 1
                except httpx.TransportError as error:
                    self.answers[type(error).__name__] += 1


def all_but_one(group_id: str) -> int:
    """Return how many are read once no more than one, which the killed process had, is left; else 0."""
    from core.jobs import following

    progress = following.progress_of(group_id)
    return progress.done if progress.done >= progress.total - 1 else 0


def measure(comments: int, folder: Path) -> None:
    """Read ``comments`` comments with the six machines and print what came of it."""
    from django.conf import settings

    from comments.models import Comment
    from core.jobs import following, sending
    from projects.models import Extraction, Submission
    from tests.factories import make_comment, make_post

    settings.EMBEDDED_VALKEY.ensure_running()
    post = make_post()
    text = "I build Thing {0} (https://t{0}.example), a static site generator in Rust."
    ids = [make_comment(text.format(place), author=f"a{place}", post=post).pk for place in range(comments)]
    with network() as addresses, ExitStack() as stack:
        for port, server in ((DATABASE_PORT, settings.EMBEDDED_POSTGRESQL), (BROKER_PORT, settings.EMBEDDED_VALKEY)):
            stack.callback(relay(port, urlsplit(server.url).port or 0).kill)
        webs, workers, beat = machines(addresses, folder)
        for machine in (*webs, *workers, beat):
            machine.start()
            stack.callback(machine.end)
        for machine in workers:
            wait_until(lambda one=machine: " ready." in one.log.read_text(), f"{machine.name} is ready", PATIENCE)
        urls = [f"http://{addresses[name]}:{WEB_PORT}" for name in WEBS]
        began = time.monotonic()
        batch = sending.start_batch("process_waywo_comment", ({"comment_id": pk} for pk in ids))
        with Readers(urls) as readers:
            wait_until(lambda: following.progress_of(batch.group_id).done > comments / 2, "half is read", PATIENCE)
            half = time.monotonic() - began
            workers[0].end(signal.SIGKILL)
            webs[0].end()
            webs[0].start()
            left = wait_until(lambda: all_but_one(batch.group_id), "all but what the dead one had is read", PATIENCE)
            soon = time.monotonic() - began
            wait_until(lambda: following.progress_of(batch.group_id).is_finished, "all is read", PATIENCE)
        seconds = time.monotonic() - began
    read = Comment.objects.filter(status="processed").count()
    twice = Extraction.objects.filter(status__in=Extraction.READ).count() - read
    print(f"{comments} comments: half after {half:.0f} s by three workers; {left} after {soon:.0f} s by two of them,")
    print(f"all after {seconds:.0f} s: what the dead machine held is free once its claim is over")
    print(f"lost {comments - read}, read twice {twice}, submissions {Submission.objects.count()}")
    print(f"what readers got meanwhile: {dict(readers.answers)}")


def main() -> None:
    """Run it on servers of its own."""
    comments = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    with own_servers(DEBUG="true", FETCH_PAGES="false", LLM_BASE_URL="") as folder:
        measure(comments, folder)


if __name__ == "__main__":
    main()
