import contextlib
import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand, require_tables
from projects.export import FORMATS, export_projects
from projects.models import Project


class Command(WaywoCommand):
    help = "Write all projects that were not rejected to standard output or a file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=FORMATS, default="jsonl", help="Default: jsonl.")
        parser.add_argument("--output", type=Path, help="A file to write; it is replaced once all is written.")
        parser.add_argument("--source", choices=Project.Source.values, help="Posted projects (hn) or ideas; else both.")
        parser.add_argument("--all", action="store_true", help="Rejected projects too.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        projects = Project.objects.all() if options["all"] else Project.objects.published(to_staff=True)
        if options["source"]:
            projects = projects.filter(source=options["source"])
        path = options["output"]
        if path is None:
            try:
                export_projects(projects, options["format"], getattr(self.stdout, "_out", sys.stdout))
            except BrokenPipeError:
                # The reader (head, say) has seen enough: no error, and no second one when Python flushes at exit.
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return
        if not path.name:
            raise CommandError(f"--output {str(path)!r} names no file.", returncode=2)
        aside = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            with aside.open("w", encoding="utf-8", newline="") as file:
                count = export_projects(projects, options["format"], file)
            aside.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                aside.unlink()
            raise CommandError(f"--output {path}: cannot be written: {error.strerror}.") from error
        self.stderr.write(f"{count} projects written to {path}.")
