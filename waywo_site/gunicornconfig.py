"""How gunicorn ends connections and itself: ``gunicorn --config waywo_site/gunicornconfig.py``.

The rest of it stands in its options.
"""

import signal
from typing import Any

# Less than the supervisor waits (running/supervisor.py: STOP_SECONDS): gunicorn ends its own processes, in order.
graceful_timeout = 20
# Longer than browsers and proxies keep an idle connection: whose request meets the end of one sees it reset.
keepalive = 75


def post_worker_init(worker: Any) -> None:
    """Refuse what cannot be answered in time, load what the first search needs, and let streams end that only wait for
    news: gunicorn waits for every answer under way, and theirs take minutes.
    """
    from core.api.streams import stopping
    from projects.search.query_vectors import load_soon
    from waywo_site.overload import shedding

    worker.wsgi = shedding(worker.wsgi, lambda: _waiting(worker))
    load_soon()
    gunicorns: Any = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: Any) -> None:
        stopping.set()
        gunicorns(number, frame)

    signal.signal(signal.SIGTERM, stop)


def _waiting(worker: Any) -> int:
    """Return how many connections with a request wait for a thread."""
    idle = len(worker.keepalived_conns) + len(worker.pending_conns)
    return int(worker.nr_conns) - idle - int(worker.cfg.threads)
