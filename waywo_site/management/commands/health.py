import json
import logging
import signal
import sys
import time
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import connections

from core.commands import WaywoCommand, whole_number
from core.http import in_short
from waywo_site.embedded import EmbeddedError
from waywo_site.operations.health import looking, watch
from waywo_site.operations.health.findings import DEGRADED, FAILED, OK
from waywo_site.operations.health.looking import UNREACHABLE

logger = logging.getLogger(__name__)

EXIT_CODES = {OK: 0, DEGRADED: 1, FAILED: 2}
COLUMNS = "{:<15} {:<9} {:>6}  {}"


class Command(WaywoCommand):
    help = (
        "Look at every part of Waywo. Exit code 0: all is well; 1: something is degraded; 2: something failed. "
        "With --alert the results are kept and changes are told, as the task health_check does."
    )
    # The look at migrations says it, and in a line.
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON object on the last line.")
        parser.add_argument("--only", metavar="PART,PART", default="", help="Look at these parts alone.")
        parser.add_argument("--alert", action="store_true", help="Keep the results, and tell what changed.")
        parser.add_argument(
            "--every",
            metavar="SECONDS",
            type=whole_number("--every", 5),
            help="With --alert: look again and again, for the first time after as long, and print what changed.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["every"] and not options["alert"]:
            raise CommandError("--every goes with --alert.", returncode=2)
        self._start_servers()
        if options["every"]:
            self._watch(options)
        result = self._look(options)
        if options["json"]:
            self.stdout.write(json.dumps(result))
        else:
            self._table(result["checks"])
        if EXIT_CODES[result["state"]]:
            sys.exit(EXIT_CODES[result["state"]])

    def _watch(self, options: dict[str, Any]) -> NoReturn:
        """Look again and again until a signal comes. Nothing that is away ends it."""
        # As the first process of a container it would hear no signal that it has no handler for.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))
        logger.info("Looks every %s s, and says what changed.", options["every"])
        states: dict[str, str] = {}
        while True:
            self.stdout.flush()
            # What starts beside the watch has so long to come up before it is missed.
            time.sleep(options["every"])
            try:
                result = self._look(options)
            except UNREACHABLE as error:
                # The database went away between the look and the note of it: the next look finds it so.
                self.stderr.write(f"This look was lost: {in_short(error)}")
                continue
            finally:
                # A connection that broke would break the next look too.
                connections.close_all()
            changed = [check for check in result["checks"] if states.get(check["name"], OK) != check["state"]]
            states |= {check["name"]: check["state"] for check in result["checks"]}
            if options["json"]:
                self.stdout.write(json.dumps(result))
            elif changed:
                self._table(changed)
            watch.note_round()

    def _start_servers(self) -> None:
        """Start our own servers as every command does; one that cannot start is a finding, not an end."""
        for server in (settings.EMBEDDED_POSTGRESQL, settings.EMBEDDED_VALKEY):
            try:
                if server is not None:
                    server.ensure_running()
            except EmbeddedError as error:
                self.stderr.write(str(error))

    def _look(self, options: dict[str, Any]) -> dict[str, Any]:
        names = [name.strip() for name in options["only"].split(",") if name.strip()] or None
        try:
            if options["alert"]:
                return watch.check_health(names)
            found = watch.checks(names)
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        return {"state": looking.worst(found), "checks": [check.as_dict() for check in found]}

    def _table(self, found: list[dict[str, Any]]) -> None:
        styles = {OK: self.style.SUCCESS, DEGRADED: self.style.WARNING, FAILED: self.style.ERROR}
        self.stdout.write(COLUMNS.format("part", "state", "s", "what is seen"))
        for check in found:
            row = COLUMNS.format(check["name"], check["state"], f"{check['seconds']:.2f}", check["reason"])
            self.stdout.write(styles[check["state"]](row))
            if check["remedy"]:
                self.stdout.write(COLUMNS.format("", "", "", f"→ {check['remedy']}"))
