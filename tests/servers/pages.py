"""A real web server on loopback that serves what strangers do: pages, redirects, bombs, drips, lies."""

import gzip
import ssl
import threading
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass
class Answer:
    """What the server says at one path.

    ``headers`` replace those of the same name that it would send (None leaves one out). With ``piece`` the
    body goes out in pieces of so many bytes with ``pause`` seconds between; with ``cut_at`` the connection is
    closed after so many bytes. ``delay`` is the seconds before anything is said.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str | None] = field(default_factory=dict)
    piece: int = 0
    pause: float = 0.0
    cut_at: int | None = None
    delay: float = 0.0


def page(html: str, content_type: str = "text/html; charset=utf-8", **headers: str) -> Answer:
    """Return a page as most sites serve it."""
    return Answer(html.encode(), headers={"Content-Type": content_type, **headers})


def redirect(location: str, status: int = 302) -> Answer:
    """Return a redirect to ``location``, sent as it is."""
    return Answer(status=status, headers={"Location": location})


def gzip_bomb(decoded_bytes: int) -> Answer:
    """Return a page of ``decoded_bytes`` of spaces, about a thousandth of that on the wire."""
    body = gzip.compress(b" " * decoded_bytes, compresslevel=9)
    return Answer(body, headers={"Content-Type": "text/html", "Content-Encoding": "gzip"})


def bare_deflate(html: str) -> Answer:
    """Return a page as deflate without the zlib header of the standard, as many servers send it."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = packer.compress(html.encode()) + packer.flush()
    return Answer(body, headers={"Content-Type": "text/html", "Content-Encoding": "deflate"})


class PageServer:
    """The server, used as ``with PageServer({"/": page("…")}) as server``; other paths are 404.

    ``requests`` holds (path, headers) of all that was asked, ``times`` (seconds of
    a clock, path), ``url`` the address without a last slash.
    With ``tls`` it speaks https.
    """

    def __init__(self, pages: Mapping[str, Answer], tls: ssl.SSLContext | None = None) -> None:
        self.pages = dict(pages)
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.times: list[tuple[float, str]] = []
        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def paths(self) -> list[str]:
        """Return the paths that were asked for, in order, without those of robots.txt."""
        return [path for path, _ in self.requests if path != "/robots.txt"]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.requests.append((self.path, dict(self.headers)))
                server.times.append((time.monotonic(), self.path))
                answer = server.pages.get(self.path, Answer(b"not here", 404))
                server._stopping.wait(answer.delay)
                self.send_response(answer.status)
                headers = {"Content-Length": str(len(answer.body)), "Connection": "close", **answer.headers}
                for name, value in headers.items():
                    if value is not None:
                        self.send_header(name, value)
                self.end_headers()
                self._send(answer)
                self.close_connection = True

            def _send(self, answer: Answer) -> None:
                body = answer.body[: answer.cut_at]
                piece = answer.piece or len(body) or 1
                try:
                    for start in range(0, len(body), piece):
                        self.wfile.write(body[start : start + piece])
                        if answer.pause and server._stopping.wait(answer.pause):
                            return
                except OSError:
                    return  # the reader had enough, as it should

            def log_message(self, *_: object) -> None:
                """Say nothing: the tests look at ``requests``."""

        return Handler
