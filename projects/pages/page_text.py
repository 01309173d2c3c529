"""The text of a stranger's HTML, read in a process of its own that can be ended when a parser hangs.

``extract_text`` is for the rest of Waywo; below it is what the other process runs: this very file as a
script, which therefore imports nothing of Waywo. One process is kept and used again (it takes 0.35 s to start
and 17 ms for a page of 32 KB) and ends by itself when idle. It is not a child in the sense of multiprocessing,
so that Celery's workers may have one.
"""

import html as entities
import json
import logging
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import IO, Any, cast

logger = logging.getLogger(__name__)

PAGE_SECONDS = 5.0  # of processor time: a busy machine costs a page nothing
IDLE_SECONDS = 60.0
MEMORY_BYTES = 1024**3  # of address space; trafilatura takes some 400 MB for 2 MiB of HTML of the worst kind
LONGEST_TITLE = 500  # characters
LONGEST_TEXT = 20_000  # characters; what a language model is given is far shorter
FEW_WORDS = 200  # characters of text below which the page's own description helps

TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{1,1000})", re.IGNORECASE)
META = re.compile(r"<meta\s[^<>]{1,3000}>", re.IGNORECASE)
DESCRIPTION = re.compile(r"(?:name|property)\s*=\s*[\"']?(?:og:)?description\b", re.IGNORECASE)
CONTENT = re.compile(r"content\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
# Where the plain patterns look when the process was ended: the head of a page is at its start.
HEAD_LENGTH = 100_000


@dataclass(frozen=True)
class PageText:
    """What a linked page said. ``error`` is empty when it could be read."""

    url: str
    final_url: str = ""
    title: str = ""
    text: str = ""
    error: str = ""


def extract_text(html: str, url: str) -> tuple[str, str]:
    """Return the title and the text of a page, of 500 and 20,000 characters at most; "" for what it lacks.

    A repository's page gives its README; a page of few words is led by its description. A page that takes
    more than 5 s of processor time or 1 GiB to read gives title and description alone. ``url`` is that of the page.
    """
    answer = _process.read(html, url)
    title, text = answer if answer is not None else _head(html)
    return _stored(" ".join(title.split()), LONGEST_TITLE), _stored(text, LONGEST_TEXT)


def _stored(text: str, longest: int) -> str:
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "").strip()[:longest].rstrip()


def _head(html: str) -> tuple[str, str]:
    """Return title and description by patterns that take linear time whatever the page holds."""
    head = html[:HEAD_LENGTH]
    title = TITLE.search(head)
    description = ""
    for match in META.finditer(head):
        content = CONTENT.search(match[0]) if DESCRIPTION.search(match[0]) else None
        if content:
            description = content[1] or content[2] or ""
            break
    return entities.unescape(title[1]) if title else "", entities.unescape(description)


class _Process:
    """The process that reads pages, one after another; started when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None

    def read(self, html: str, url: str) -> tuple[str, str] | None:
        """Return title and text, None when the page was too much for the process."""
        question = json.dumps({"html": html, "url": url, "seconds": PAGE_SECONDS}).encode() + b"\n"
        with self._lock:
            answer = self._ask(question)
            if answer is None and self._end() == 0:
                # It had ended by itself, idle, while the question was on its way.
                answer = self._ask(question)
            if answer is None:
                self._end()
                logger.warning("%s: its text could not be read within %g s of processor time", url[:200], PAGE_SECONDS)
                return None
        if answer["error"]:
            logger.info("%s: its text could not be read: %s", url[:200], answer["error"])
        return answer["title"], answer["text"]

    def _ask(self, question: bytes) -> dict[str, Any] | None:
        if self._running is None:
            self._running = _start()
        try:
            asking, answering = _pipes(self._running)
            asking.write(question)
            asking.flush()
            answer = answering.readline()
        except BrokenPipeError:
            return None
        return json.loads(answer) if answer.endswith(b"\n") else None

    def _end(self) -> int | None:
        """End the process if there is one. Return its exit code: 0 when it had ended by itself."""
        process, self._running = self._running, None
        if process is None:
            return None
        try:
            # It has closed its end of the pipe, so it is about to be gone.
            code = process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        asking, answering = _pipes(process)
        answering.close()
        try:
            asking.close()
        except BrokenPipeError:
            logger.debug("the reader of pages ended before its question was written")
        return code


def _start() -> subprocess.Popen[bytes]:
    # Of the environment only what Python needs: no key is in reach of a parser that a page has taken over.
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG", "LC_ALL") if name in os.environ}
    return subprocess.Popen(
        # -P: this folder holds modules whose names could hide those that the libraries import.
        [sys.executable, "-P", os.path.abspath(__file__)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=kept,
        # Ctrl-C is for Waywo; this process ends when its input does.
        start_new_session=True,
    )


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    return cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)


_process = _Process()


def _forget_process() -> None:
    """Leave the parent's process to the parent: two askers on one pipe would get each other's answers."""
    global _process
    _process = _Process()


os.register_at_fork(after_in_child=_forget_process)


# -- In the other process ------------------------------------------------------------------------------------


def _serve() -> None:
    """Answer questions, a line of JSON each, until none comes for a minute or the asker is gone."""
    import resource
    import select
    import signal

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    while select.select([sys.stdin], [], [], IDLE_SECONDS)[0]:
        line = sys.stdin.buffer.readline()
        if not line:
            return
        question = json.loads(line)
        # Nobody handles SIGPROF, so it ends this process, inside a C library too.
        signal.setitimer(signal.ITIMER_PROF, question["seconds"])
        answer = _answer(question["html"], question["url"])
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _answer(html: str, url: str) -> dict[str, str]:
    answer = {"title": "", "text": "", "error": ""}
    answer["title"], description = _head(html)
    answer["text"] = description
    try:
        answer["title"], answer["text"] = _read(html, url)
    except Exception as error:  # noqa: BLE001 - three parsers and a hostile page; what fails is told, not hidden
        answer["error"] = f"{type(error).__name__}: {error}"[:200]
    return answer


def _read(html: str, url: str) -> tuple[str, str]:
    import lxml.html
    import trafilatura

    parser = lxml.html.HTMLParser(encoding="utf-8")
    tree = lxml.html.document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    title = _first(tree, "//meta[@property='og:title']/@content", "//title/text()", "//h1//text()")
    description = _first(tree, "//meta[@property='og:description']/@content", "//meta[@name='description']/@content")
    readme = tree.xpath("//article[contains(concat(' ', @class, ' '), ' markdown-body ')]")
    if readme:
        lines = (" ".join(line.split()) for line in readme[0].text_content().splitlines())
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    else:
        text = trafilatura.extract(tree, url=url or None, include_comments=False, include_links=False) or ""
    if description and description not in text and (readme or len(text) < FEW_WORDS):
        text = f"{description}\n\n{text}"
    return title, text


def _first(tree: Any, *paths: str) -> str:
    """Return the first text at one of the XPaths that says something."""
    return next((text.strip() for path in paths for text in tree.xpath(path)[:5] if text.strip()), "")


if __name__ == "__main__":
    _serve()
