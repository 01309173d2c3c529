"""A connection to PostgreSQL that brings up the embedded server first, and once more after it has died."""

from django.conf import settings
from django.db.backends.postgresql import base

from waywo_site.embedded.ports import HOST
from waywo_site.embedded.postgresql import USER
from waywo_site.postgresql import storing


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own wrapper, which looks after ``settings.EMBEDDED_POSTGRESQL`` where that is not None."""

    @property
    def _server(self):
        is_embedded = (self.settings_dict["HOST"], self.settings_dict["USER"]) == (HOST, USER)
        return settings.EMBEDDED_POSTGRESQL if is_embedded else None

    def get_connection_params(self):
        """Return what a connection takes; of the embedded server, where it is now. Any text can be stored over it."""
        conn_params, server = super().get_connection_params(), self._server
        storing.register(conn_params["context"])
        return _located(conn_params, server) if server is not None and server.held else conn_params

    def get_new_connection(self, conn_params):
        """Return a new psycopg connection. Raises EmbeddedError when the server cannot be started."""
        server = self._server
        if server is None:
            return super().get_new_connection(conn_params)
        if not server.held:
            server.ensure_running()
        try:
            return super().get_new_connection(_located(conn_params, server))
        except self.Database.OperationalError:
            server.ensure_running()
            return super().get_new_connection(_located(conn_params, server))


def _located(conn_params: dict, server) -> dict:
    # Read again: settings are as old as the process, and a later start may have had to take another port.
    return {**conn_params, "port": server.port, "password": server.password}
