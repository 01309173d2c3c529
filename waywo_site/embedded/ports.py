"""Ports of the embedded servers: on the loopback address alone, and never a standard one."""

import secrets
import socket

from waywo_site.embedded.errors import EmbeddedError

HOST = "127.0.0.1"
# Below the ports that systems hand out for outgoing connections (32768 and up on Linux).
PORTS = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Tell whether a server could listen on ``port``."""
    with socket.socket() as probe:
        # As servers do: connections of an earlier server that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a random free port. Raises EmbeddedError when none is found."""
    for _ in range(1000):
        port = secrets.choice(PORTS)
        if is_free(port):
            return port
    raise EmbeddedError(
        f"No free port from {PORTS.start} to {PORTS.stop} on {HOST} for an embedded server: "
        "set DATABASE_URL and CELERY_BROKER_URL to servers of your own."
    )
