import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from core.commands import WaywoCommand, require_tables
from waywo_site import environment
from waywo_site.running import processes
from waywo_site.running.supervisor import Process


class Command(WaywoCommand):
    help = (
        "Run one process alone, and start it again when it dies: web, beat or flower (run_worker is a worker). "
        "For machines, or terminals, that run no `up`."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=("web", "beat", "flower"), help="Which one.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        process = getattr(self, f"_{options['name']}")()
        if code := processes.run([process], watch=lambda: None):
            sys.exit(code)

    def _web(self) -> Process:
        self._refuse_taken(settings.PORT)
        self.stdout.write(f"Web server: http://localhost:{settings.PORT}/admin/")
        return processes.web()

    def _beat(self) -> Process:
        return processes.beat()

    def _flower(self) -> Process:
        self._refuse_taken(processes.flower_port())
        password, is_new = environment.flower_password(
            settings.FLOWER_BASIC_AUTH, settings.DEBUG, settings.SECRETS_FILE
        )
        shown = f", sign in with {password} (shown only now)" if is_new else ""
        self.stdout.write(f"Flower: http://localhost:{processes.flower_port()}/{shown}")
        return processes.flower(password)

    def _refuse_taken(self, port: int) -> None:
        if port in processes.taken_ports():
            raise CommandError(f"Port {port} is taken: stop what listens there, or set another PORT.")
