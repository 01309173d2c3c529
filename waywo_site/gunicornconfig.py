"""How gunicorn stops: ``gunicorn --config waywo_site/gunicornconfig.py``. The rest of it stands in its options."""

import signal
from typing import Any

# Less than the supervisor waits (running/supervisor.py: STOP_SECONDS): gunicorn ends its own processes, in order.
graceful_timeout = 20


def post_worker_init(worker: Any) -> None:
    """Let streams end that only wait for news: gunicorn waits for every answer under way, and theirs take minutes."""
    from core.api.streams import stopping

    gunicorns: Any = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: Any) -> None:
        stopping.set()
        gunicorns(number, frame)

    signal.signal(signal.SIGTERM, stop)
