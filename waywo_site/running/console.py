"""What a start prints: where Waywo answers once it does, how to sign in, how far the reading is, and its end."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from kombu.exceptions import OperationalError

from comments.sources.known_threads import ThreadsFileError
from core import event_loop
from core.http import OutsideError
from projects.estimates import estimate_past_threads
from projects.filling import filling, has_real_comments, last_failure
from waywo_site.embedded import EmbeddedError
from waywo_site.running import first_run, processes

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
PROGRESS_SECONDS = 30
QUIET_LOOKS = 6
EXPECTED = (DatabaseError, InterfaceError, OperationalError, EmbeddedError, OutsideError, ThreadsFileError)


@dataclass(frozen=True)
class Passwords:
    """Those that were made at this start, to be shown once; None for those that were there."""

    admin: str | None
    flower: str | None


class Console:
    """Tells about a start in a thread beside the processes; ``say`` prints a line."""

    def __init__(self, say: Callable[[str], object], passwords: Passwords) -> None:
        self.say, self.passwords = say, passwords
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="console", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(processes.ANSWER_SECONDS)

    def _tell(self) -> None:
        try:
            while not processes.web_answers():
                if self._ended.wait(LOOK_SECONDS):
                    return
            self._say_where()
            self.say("Looking for what is to be done …")
            self.say(first_run.start_main_job())
            self._say_how_to_sign_in()
            self._follow()
        except EXPECTED as error:
            logger.error("What comes next could not be found out, and a later start tries again: %s", error)
        finally:
            event_loop.close()
            connection.close()

    def _say_where(self) -> None:
        self.say(f"Waywo   http://localhost:{settings.PORT}/ (its admin: http://localhost:{settings.PORT}/admin/)")
        self.say(f"Flower  http://localhost:{processes.flower_port()}/")
        self.say("What each process does: make logs. Ctrl-C stops all of it; the data stays.")

    def _say_how_to_sign_in(self) -> None:
        if self.passwords.flower:
            words = self.passwords.flower.replace(":", " and the password ", 1)
            self.say(f"Flower: sign in with {words} (shown only now; it is kept in {settings.SECRETS_FILE})")
        if self.passwords.admin:
            # Alone, for it is not shown again.
            self.say(
                f"\nWaywo: sign in as {first_run.USERNAME} with the password {self.passwords.admin} "
                f"(shown only now; write it down)\n"
            )
        else:
            self.say("Sign in as before; a lost password: .venv/bin/python manage.py changepassword admin")

    def _follow(self) -> None:
        """Say how far the reading is now and then, and once that it is done."""
        said, seconds, quiet = "", 0.0, 0
        # Between a task and the one that follows it nothing is under way for a moment.
        while quiet < QUIET_LOOKS:
            line = " ".join(filling().now)
            quiet = 0 if line else quiet + 1
            if line and seconds % PROGRESS_SECONDS == 0 and line != said:
                self.say(line)
                said = line
            if self._ended.wait(LOOK_SECONDS):
                return
            seconds += LOOK_SECONDS
        first_run.compute_first_figures()
        first_run.draw_first_map()
        self.say(_ready())
        if not has_real_comments():
            self.say(_how_to_go_on())


def _ready() -> str:
    seen = filling()
    if not seen.comments:
        why = last_failure()
        return f"Nothing could be collected: {why}" if why else "Nothing has been collected."
    unread = f" {seen.failed} could not be read: see Failures." if seen.failed else ""
    return f"Ready: {seen.read} comments read, {seen.projects} projects.{unread}"


def _how_to_go_on() -> str:
    """Return what an index without a thread of its own can be filled with."""
    url = f"http://localhost:{settings.PORT}/admin/"
    return f"To fill the index see {url}, or run manage.py process_waywo_posts ({estimate_past_threads()})."
