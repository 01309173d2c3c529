from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand
from waywo_site.embedded.postgresql import MAJOR
from waywo_site.embedded.upgrading import plan, upgrade


class Command(WaywoCommand):
    help = (
        "Move the data in VAR_DIR from an older PostgreSQL to the one that this Waywo runs. The old folder is kept, "
        "and nothing changes when it fails half way."
    )
    # There is no database to ask before the upgrade.
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--programs", type=Path, metavar="FOLDER", help="The old PostgreSQL's programs, where not found."
        )
        parser.add_argument("--dry-run", action="store_true", help="Say what would be done, and do nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        server = settings.EMBEDDED_POSTGRESQL
        if server is None:
            raise CommandError("DATABASE_URL is set: upgrade that server with its own tools, as pg_upgrade.")
        todo = plan(server, options["programs"])
        if todo is None:
            self.stdout.write(f"The data are PostgreSQL {MAJOR}'s already, or there are none: nothing to do.")
            return
        self.stdout.write(
            f"PostgreSQL {todo.version} ({todo.size / 1e6:,.0f} MB, read by {todo.programs}) to {MAJOR}; "
            f"{todo.free / 1e6:,.0f} MB are free. The old data stay in {todo.kept}."
        )
        if options["dry_run"]:
            self.stdout.write("Nothing was done.")
            return
        rows = upgrade(server, todo, self._say)
        self.stdout.write(f"Done: {rows:,} rows. Start Waywo, look at it, and delete {todo.kept} when all is there.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
