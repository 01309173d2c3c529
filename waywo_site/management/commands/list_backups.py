import json
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.template.defaultfilters import filesizeformat

from core.commands import WaywoCommand
from waywo_site.operations.backups import Backup, backups, checksum

WHOLE, DAMAGED, NO_CHECKSUM, NOT_CHECKED = "whole", "damaged", "no checksum", "not checked"


class Command(WaywoCommand):
    help = "List the backups in BACKUP_DIR, newest first; --verify reads each and compares its checksum."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the list as one JSON object on the last line.")
        parser.add_argument("--verify", action="store_true", help="Compare checksums; exit code 1 where one differs.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = [(backup, self._state(backup, options["verify"])) for backup in backups()]
        if options["json"]:
            rows = [backup.as_dict() | {"state": state} for backup, state in found]
            self.stdout.write(json.dumps({"folder": str(settings.BACKUP_DIR), "backups": rows}))
        elif not found:
            self.stdout.write(f"There is no backup in {settings.BACKUP_DIR}. Make one: manage.py backup_database")
        else:
            for backup, state in found:
                when = f"{backup.made_at:%Y-%m-%d %H:%M} UTC"
                self.stdout.write(f"{backup.path.name:<34} {when}  {filesizeformat(backup.size):>10}  {state}")
        if any(state == DAMAGED for _, state in found):
            sys.exit(1)

    def _state(self, backup: Backup, verify: bool) -> str:
        if not backup.sha256:
            return NO_CHECKSUM
        if not verify:
            return NOT_CHECKED
        return WHOLE if checksum(backup.path) == backup.sha256 else DAMAGED
