from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.commands import JobCommand
from core.http import OutsideError
from core.progress import Progress
from ideas import generation, runs
from ideas.asking import check_wish, require_language_model
from ideas.tags import tag_pool

EXAMPLES = 5


class Command(JobCommand):
    help = "Make project ideas with the language model and save them as pending projects."
    task_name = generation.TASK
    expected_errors = (runs.GenerationFailed, runs.AlreadyRunning, OutsideError)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--num-ideas", type=_number(int, "--num-ideas"), default=5, help="1 to 50 (5).")
        parser.add_argument(
            "--tags", default="", metavar="TAG,TAG", help="Every idea combines all of them; else tags by use."
        )
        parser.add_argument(
            "--creativity",
            type=_number(float, "--creativity"),
            default=0.85,
            help="The temperature of the writing, 0.1 to 1.5 (0.85).",
        )
        parser.add_argument("--dry-run", action="store_true", help="Show which tags would be combined; ask nobody.")
        super().add_arguments(parser)

    def task_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        tags = [name for part in options["tags"].split(",") if (name := part.strip())]
        try:
            wish = check_wish(options["num_ideas"], tags, options["creativity"])
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        arguments = generation.as_arguments(wish)
        if options["dry_run"]:
            if options["queue"]:
                raise CommandError("--dry-run asks nobody: it goes without --queue.", returncode=2)
            return arguments | {"dry_run": True}
        try:
            require_language_model()
        except OutsideError as error:
            raise CommandError(str(error)) from error
        return arguments

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        if not arguments.pop("dry_run", False):
            return generation.generate_ideas(**arguments, progress=progress).as_result()
        pool = tag_pool(arguments["seed_tags"] or ())
        return {
            "status": "success",
            "num_saved": 0,
            "project_ids": [],
            "errors": [],
            "combinations": [list(tags) for tags in pool.draw(min(EXAMPLES, arguments["num_ideas"]))],
            "starter_list": pool.is_starter_list,
        }

    def summary(self, result: dict[str, Any]) -> str:
        if "combinations" not in result:
            ids = ", ".join(map(str, result["project_ids"]))
            return f"{result['num_saved']} ideas saved as pending projects: {ids}."
        lines = [f"  {' + '.join(tags)}" for tags in result["combinations"]]
        source = "No project has a tag yet, so the tags come from the starter list. " if result["starter_list"] else ""
        return "\n".join([f"{source}Nothing was asked. Ideas would combine tags as:", *lines])


def _number(kind: type, name: str) -> Any:
    """Return an argument type that says in one line what it takes."""

    def parse(text: str) -> Any:
        try:
            return kind(text)
        except ValueError:
            takes = "a whole number from 1 to 50" if kind is int else "a number from 0.1 to 1.5"
            raise CommandError(f"{name}={text!r} is invalid: it expects {takes}.", returncode=2) from None

    return parse
