"""PostgreSQL and Valkey for one benchmark, with the schema and no rows."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


@contextmanager
def own_servers(kept: Path | None = None, **variables: str) -> Iterator[Path]:
    """Start servers of the benchmark's own, set Django up with ``variables``, migrate; yield the folder of their data.

    To be entered before anything of Django is imported. The data goes at the end, or stays in the folder ``kept``.
    """
    with ExitStack() as stack:
        folder = str(kept) if kept else stack.enter_context(tempfile.TemporaryDirectory(prefix="waywo-benchmark-"))
        for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
            os.environ.pop(name, None)
        os.environ |= {"VAR_DIR": folder, "ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "waywo_site.settings"}
        os.environ |= variables
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command
        from django.db import connection

        from tests.servers import processes

        processes.ALLOWED = True  # No test runs here.
        try:
            call_command("migrate", verbosity=0)
            yield Path(folder)
        finally:
            connection.close()
            for server in (settings.EMBEDDED_POSTGRESQL, settings.EMBEDDED_VALKEY):
                server.stop()


def vacuum() -> None:
    """Let PostgreSQL take stock of what was seeded, as its own vacuum does sooner or later."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
