"""The real web server of Waywo: gunicorn as ``manage.py up`` starts it, on the test database."""

import socket
import subprocess
import sys
from pathlib import Path

import httpx
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Permission
from django.test import Client as Browser
from django.test import override_settings

from tests.servers.processes import ROOT, end, environment
from tests.waiting import wait_until

CSRF_TOKEN = "a" * 32
BOOTSTRAP = "a-token-of-the-environment-for-tests-0123456789"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Web:
    """gunicorn with 8 threads in each of ``processes``, as a context manager; ``log`` is what it said so far."""

    def __init__(self, folder: Path, processes: int = 1, **variables: str) -> None:
        self._processes = processes
        self._log = folder / "web.log"
        self._port = free_port()
        self._variables = {"API_TOKENS": BOOTSTRAP, "API_READS_PER_MINUTE": "1000000"} | variables
        for name in ("API_ACTIONS_PER_MINUTE", "ASK_PER_DAY"):
            self._variables.setdefault(name, "1000000")
        self._variables.setdefault("ASK_PER_MINUTE", "10000")
        self.process: subprocess.Popen

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def log(self) -> str:
        """Return what it has printed."""
        return self._log.read_text()

    def client(self, token: str = "", **headers: str) -> httpx.Client:
        """Return an HTTP client of this server, with a token where one is given."""
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=sent | headers, timeout=30)

    def signed_in(
        self, username: str, *, csrf: bool = True, rights: tuple[str, ...] = (), staff: bool = True
    ) -> httpx.Client:
        """Return a client with the session of a new user who has ``rights`` (code names of permissions)."""
        user = get_user_model().objects.create_user(username, is_staff=staff)
        user.user_permissions.set(Permission.objects.filter(codename__in=rights))
        client = self.client()
        client.cookies.set("sessionid", self.session_of(user))
        client.cookies.set("csrftoken", CSRF_TOKEN)
        if csrf:
            client.headers["X-CSRFToken"] = CSRF_TOKEN
        return client

    def session_of(self, user: AbstractBaseUser) -> str:
        """Return the value of the cookie ``sessionid`` with which ``user`` is signed in here."""
        browser = Browser()
        # The server signs with a key of its own.
        with override_settings(SECRET_KEY=environment()["SECRET_KEY"]):
            browser.force_login(user)
        return browser.cookies["sessionid"].value

    def __enter__(self) -> "Web":
        command = [sys.executable, "-m", "gunicorn", "waywo_site.wsgi", "--bind", f"127.0.0.1:{self._port}"]
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [
                    *(*command, "--workers", str(self._processes), "--threads", "8"),
                    *("--limit-request-line", "8190", "--no-control-socket"),
                    *("--config", "waywo_site/gunicornconfig.py"),
                ],
                cwd=ROOT,
                env=environment(**self._variables),
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, "the web server answers", 120)
        return self

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log
        try:
            return httpx.get(f"{self.url}/api/openapi.json", timeout=30).status_code == 200
        except httpx.TransportError:
            return False

    def __exit__(self, *_: object) -> None:
        end(self.process)
