"""A real OpenAI-compatible server on loopback, whose answers a test writes."""

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

NUMBERED = re.compile(r"^\[(\d+)\] (.*)$", re.MULTILINE)


@dataclass
class Says:
    """One answer to a chat completion.

    ``text`` is the message; ``body`` replaces the whole JSON (bytes as they are). ``hang`` is the seconds before
    anything is said.
    """

    text: str | None = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    finish_reason: str = "stop"
    refusal: str | None = None
    tool_arguments: str | None = None
    usage: tuple[int, int] | None = (100, 20)
    body: bytes | None = None
    hang: float = 0.0
    pieces: Iterable[str] | None = None
    """What a stream is made of, where it is asked for; else the words of ``text``."""
    pause: float = 0.0
    """Seconds between two pieces."""


def segments(*found: tuple[int, int, str]) -> str:
    """Return an answer to the first question: (first, last, verdict) for each segment."""
    parts = [
        {"first": first, "last": last, "verdict": verdict, "reason": "" if verdict == "project" else "No project."}
        for first, last, verdict in found
    ]
    return json.dumps({"segments": parts})


def description(**fields: Any) -> str:
    """Return an answer to the second question, right unless ``fields`` say otherwise."""
    return json.dumps(
        {
            "title": "Foo",
            "short_description": "A small tool that does things well",
            "description": "Foo does things. It does them well.",
            "tags": ["python", "web", "tools"],
            "primary_link": 0,
            "link_summaries": [],
            "idea_score": 6,
            "idea_reason": "It is useful.",
            "complexity_score": 4,
            "complexity_reason": "It is small.",
        }
        | fields
    )


def reader(request: dict[str, Any]) -> Says:
    """Answer as a sensible model would: one project in every comment that names an address, none in the others.

    The title is the beginning of the project's text, so that different comments make different projects.
    """
    question = request["messages"][1]["content"]
    inside = question.partition("\n")[2]
    if "Which segments" in question:
        parts = NUMBERED.findall(question)
        verdict = "project" if "http" in inside else "chat"
        return Says(segments((1, len(parts), verdict)))
    words = question.split("words:\n", 1)[1].splitlines()[0]
    link = 1 if "\nLinks:\n" in question else 0
    return Says(description(title=words[:60], description=words[:300], primary_link=link))


class LLMServer:
    """The server, as a context manager. ``answers`` are given in order, then ``otherwise`` is asked for each request.

    ``takes`` are the forms of ``response_format`` that it takes; others are 400. ``requests`` holds the bodies that
    came, ``broken_off`` counts the streams that nobody heard to their end, ``url`` is what LLM_BASE_URL takes, ``key``
    what the list of models takes. ``stop`` and ``start`` take it down and up again, on the same port.
    """

    def __init__(
        self,
        answers: Iterable[Says | str] = (),
        *,
        otherwise: Callable[[dict[str, Any]], Says] = reader,
        takes: Iterable[str] = ("json_schema", "json_object"),
        models: Iterable[str] = ("scripted",),
        dimensions: int = 8,
        key: str = "",
    ) -> None:
        self.key = key
        self.answers = [Says(answer) if isinstance(answer, str) else answer for answer in answers]
        self.otherwise = otherwise
        self.takes = set(takes)
        self.models = list(models)
        self.dimensions = dimensions
        self.requests: list[dict[str, Any]] = []
        self.embedded: list[list[str]] = []
        self.keys: set[str] = set()
        self.embedding_answers: list[Says] = []
        self.most_at_once = 0
        self.broken_off = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self.port = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Listen; the first time on a free port."""
        self._stopping = threading.Event()
        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Stop listening; connections that wait for an answer end without one."""
        if self._server is not None:
            self._stopping.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _answer(self, request: dict[str, Any]) -> Says:
        form = (request.get("response_format") or {}).get("type")
        if form and form not in self.takes:
            return Says(status=400, body=json.dumps({"error": {"message": f"response_format {form} unknown"}}).encode())
        if request["model"] not in self.models:
            return Says(status=404, body=b'{"error": {"message": "The model does not exist"}}')
        with self._lock:
            if self.answers:
                return self.answers.pop(0)
        return self.otherwise(request)

    def _counted_answer(self, request: dict[str, Any]) -> Says:
        with self._lock:
            self.requests.append(request)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            says = self._answer(request)
            self._stopping.wait(says.hang)
            return says
        finally:
            with self._lock:
                self._at_once -= 1

    def _embeddings(self, request: dict[str, Any]) -> Says:
        texts = request["input"]
        self.embedded.append(texts)
        if self.embedding_answers:
            return self.embedding_answers.pop(0)
        data = [
            {"index": place, "object": "embedding", "embedding": embed(text, self.dimensions)}
            for place, text in enumerate(texts)
        ]
        return Says(body=json.dumps({"object": "list", "data": data, "model": request["model"]}).encode())

    def _stream(self, handler: Any, says: Says, request: dict[str, Any]) -> None:
        if not request.get("stream") or says.body is not None:
            handler._send(says)
            return
        handler.send_response(says.status)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        try:
            for chunk in _chunks(says, with_usage=bool(request.get("stream_options"))):
                handler.wfile.write(f"data: {chunk}\n\n".encode())
                handler.wfile.flush()
                if self._stopping.wait(says.pause):
                    return
        except OSError:
            with self._lock:
                self.broken_off += 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if server.key and self.headers.get("Authorization") != f"Bearer {server.key}":
                    self._send(Says(status=401, body=b'{"error": {"message": "Incorrect API key"}}'))
                    return
                data = {"object": "list", "data": [{"id": model, "object": "model"} for model in server.models]}
                self._send(Says(body=json.dumps(data).encode()))

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.keys.add(self.headers.get("Authorization", ""))
                if self.path.endswith("/embeddings"):
                    self._send(server._embeddings(request))
                    return
                says = server._counted_answer(request)
                if server._stopping.is_set():
                    self.close_connection = True
                    return
                server._stream(self, says, request)

            def _send(self, says: Says) -> None:
                body = says.body if says.body is not None else json.dumps(_completion(says)).encode()
                self.send_response(says.status)
                for name, value in {"Content-Type": "application/json", **says.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Say nothing: the tests look at ``requests``."""

        return Handler


def _chunks(says: Says, *, with_usage: bool) -> Iterator[str]:
    """Yield the data of each event of a stream."""
    pieces = says.pieces if says.pieces is not None else re.findall(r"\S+\s*|\s+", says.text or "")
    for piece in pieces:
        yield json.dumps({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]})
    yield json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": says.finish_reason}]})
    if says.usage and with_usage:
        tokens_in, tokens_out = says.usage
        yield json.dumps({"choices": [], "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}})
    yield "[DONE]"


def _completion(says: Says) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": says.text}
    if says.refusal is not None:
        message["refusal"] = says.refusal
    if says.tool_arguments is not None:
        function = {"name": "answer", "arguments": says.tool_arguments}
        message |= {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
    completion = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_780_000_000,
        "model": "scripted",
        "choices": [{"index": 0, "finish_reason": says.finish_reason, "message": message}],
    }
    if says.usage:
        tokens_in, tokens_out = says.usage
        completion["usage"] = {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        }
    return completion


def embed(text: str, dimensions: int) -> list[float]:
    """Return a vector that depends on the letters of ``text``, not of unit length."""
    vector = [1.0] * dimensions
    for place, character in enumerate(text):
        vector[(ord(character) + place) % dimensions] += ord(character) % 7
    return vector
