"""Real servers on loopback that take what Waywo sends: an SMTP server, and one for webhooks."""

import email
import email.policy
import http.server
import json
import threading

from aiosmtpd.controller import Controller


class MailServer:
    """An SMTP server, as a context manager; ``messages`` is what came."""

    def __init__(self) -> None:
        # It needs settings, and the webhook's address may have to be known before those are read.
        from tests.servers.web import free_port

        self.messages: list[email.message.EmailMessage] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_DATA(self, server, session, envelope) -> str:
        """Take one message."""
        self.messages.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"

    @property
    def url(self) -> str:
        """Its address as EMAIL_URL takes it."""
        return f"smtp://127.0.0.1:{self._controller.port}"

    def __enter__(self) -> "MailServer":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


class Webhook:
    """An HTTP server that takes JSON, as a context manager; ``bodies`` is what came, ``status`` what it answers."""

    def __init__(self) -> None:
        self.bodies: list[dict] = []
        self.status = 200
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}/alerts?token=secret"

    def __enter__(self) -> "Webhook":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
