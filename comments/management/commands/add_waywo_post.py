import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from comments.adding import CollectionError, add_post
from core.commands import WaywoCommand, require_tables, whole_number
from core.http import OutsideError


class Command(WaywoCommand):
    help = "Add a thread of Hacker News by its id or address; the next collection fills it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("post", metavar="URL", help="Its address, or its item id.")
        parser.add_argument("--year", type=whole_number("--year"), help="The year it belongs to; else from its title.")
        parser.add_argument("--month", type=whole_number("--month"), help="The month it belongs to, 1 to 12.")
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON object on the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        try:
            post = add_post(options["post"], year=options["year"], month=options["month"])
        except (ValueError, CollectionError, OutsideError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            result = {"status": "success", "post_id": post.pk, "title": post.title}
            self.stdout.write(json.dumps(result | {"year": post.year, "month": post.month}))
        else:
            self.stdout.write(
                f"{post.title} is thread {post.pk} of {post.month_name}. "
                f"Collect it: manage.py process_waywo_post {post.pk}"
            )
