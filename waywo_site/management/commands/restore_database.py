import json
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import connection
from django.template.defaultfilters import filesizeformat

from core.commands import WaywoCommand, progress_bar
from waywo_site.operations import restore
from waywo_site.operations.restore import RestoreError


class Command(WaywoCommand):
    help = (
        "Put a backup in the place of the database. It is restored into a new database, which is swapped in at the "
        "end; the old one stays under another name. Stop the workers first."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="A backup: a path, or a name that list_backups shows.")
        parser.add_argument("--no-input", action="store_true", help="Do not ask.")
        parser.add_argument("--workers-are-stopped", action="store_true", help="Do not ask the broker.")
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        progress = progress_bar(self)
        try:
            plan = restore.plan(options["file"], workers_are_stopped=options["workers_are_stopped"])
            if not options["no_input"]:
                self._ask(plan)
            result = restore.restore(plan, progress)
        except RestoreError as error:
            raise CommandError(str(error)) from error
        finally:
            progress.close()
        if options["json"]:
            self.stdout.write(json.dumps(result))
            return
        self.stdout.write(
            f"{result['file']} is in place after {result['seconds']} s. The database that was there is now "
            f"{result['old_database']}: when all is well, drop it (DROP DATABASE {result['old_database']})."
        )

    def _ask(self, plan: restore.Plan) -> None:
        checked = "its checksum is right" if plan.is_checked else "it has no checksum file"
        name = connection.settings_dict["NAME"]
        if not sys.stdin.isatty():
            raise CommandError("Nobody can be asked here: add --no-input.", returncode=2)
        self.stdout.write(f"{plan.path}, {filesizeformat(plan.size)}: {checked}.")
        answer = input(f"Put it in the place of the database {name}? Type yes: ")
        if answer.strip().lower() != "yes":
            raise CommandError("Nothing was changed.")
