import json
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand, add_following, check_following, require_tables
from core.jobs import sending
from waywo_site.schedules import arguments


class Command(WaywoCommand):
    help = (
        "Send a task to the workers by its name, with --wait follow it to its end. docs/reference.md lists all tasks."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="The task, as generate_ideas.")
        parser.add_argument(
            "--args", dest="given", metavar="JSON", default="{}", help='Its arguments, as {"num_ideas": 2}.'
        )
        add_following(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        check_following(options)
        keywords = self._keywords(options["name"], options["given"])
        require_tables()
        task_id = sending.send(options["name"], keywords)
        if options["wait"]:
            self.stderr.write(f"Queued as task {task_id}.")
            call_command("task_status", task_id, wait=True, timeout=options["timeout"], json=options["json"])
        elif options["json"]:
            self.stdout.write(json.dumps({"status": "queued", "task_id": task_id}))
        else:
            self.stdout.write(f"Queued as task {task_id}.")

    def _keywords(self, name: str, text: str) -> dict[str, Any]:
        """Return the arguments. Raises CommandError (2) for an unknown task, and for what it would not take."""
        tasks = arguments.registered()
        if name not in tasks:
            raise CommandError(f"No task is called {name!r}: it expects one of {', '.join(tasks)}.", returncode=2)
        try:
            keywords = json.loads(text or "{}")
        except ValueError:
            keywords = None
        if not isinstance(keywords, dict):
            example = '{"limit": 5}'
            raise CommandError(f"--args={text!r} is invalid: it expects a JSON object, as {example}.", returncode=2)
        if wrong := arguments.problems(tasks[name], keywords):
            raise CommandError(" ".join(wrong.values()), returncode=2)
        return keywords
