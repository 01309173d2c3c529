import json
import re
from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand, require_tables, whole_number
from projects.analytics import export
from projects.models import Analytics


class Command(WaywoCommand):
    help = "Show the figures of a month or a thread, or of all months in a line each. generate_analytics computes them."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--month", metavar="YYYY-MM", help="This month.")
        what.add_argument("--post", metavar="ID", type=whole_number("--post"), help="This thread.")
        parser.add_argument("--format", choices=("table", "csv", "json"), default="table", help="Default: table.")
        parser.add_argument("--json", action="store_const", dest="format", const="json", help="The same as above.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        rows = self._rows(options["month"], options["post"])
        is_one = bool(options["month"] or options["post"])
        if options["format"] == "json":
            content = [export.as_dict(row) for row in rows]
            self.stdout.write(json.dumps(content[0] if is_one else {"months": content}))
        elif options["format"] == "csv":
            self.stdout.write(export.as_csv(rows), ending="")
        else:
            self.stdout.write(export.as_table(rows[0]) if is_one else export.overview(rows))

    def _rows(self, month: str | None, post_id: int | None) -> list[Analytics]:
        if post_id:
            found, name = Analytics.objects.filter(post_id=post_id), f"the thread {post_id}"
        elif month:
            parts = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", month)
            if not parts:
                raise CommandError(f"--month={month!r} is invalid: it expects a month, as 2026-09.", returncode=2)
            year, number = map(int, parts.groups())
            found, name = Analytics.objects.months().filter(year=year, month=number), month
        else:
            found, name = Analytics.objects.months(), "any month"
        rows = list(found)
        if not rows:
            raise CommandError(f"There are no figures of {name}: run manage.py generate_analytics.")
        return rows
