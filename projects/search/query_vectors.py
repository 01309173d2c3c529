"""Embeds what is looked for: kept for a while, since results while typing ask for the same texts again."""

import asyncio
import threading
from array import array
from collections import OrderedDict

from django.conf import settings

from core import event_loop
from core.http import Unavailable
from projects.language.embeddings import Embedder, WordLlamaEmbedder

# A reader waits for it: words alone after this are better than all of it later.
SECONDS = 3.0
MOST_KEPT = 512

_kept: OrderedDict[tuple[str, str], "array[float]"] = OrderedDict()
_lock = threading.Lock()


def query_vector(embedder: Embedder, text: str) -> list[float]:
    """Return the embedding of ``text``. Raises OutsideError, also where it takes longer than 3 s."""
    key = embedder.name, " ".join(text.lower().split())
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return list(_kept[key])

    async def embed() -> list[list[float]]:
        async with asyncio.timeout(SECONDS):
            return await embedder.embed([text])

    try:
        [vector] = event_loop.run(embed())
    except TimeoutError:
        raise Unavailable(f"no embedding came in {SECONDS:.0f} s") from None
    with _lock:
        # As the database keeps it; a list of Python's floats takes eight times the room.
        _kept[key] = array("f", vector)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return vector


def load_soon() -> threading.Thread | None:
    """Load what embeds texts on this processor in a thread, which is returned, so that no search waits for it.

    Nothing is loaded where a service embeds.
    """
    if settings.EMBEDDING_BASE_URL:
        return None
    thread = threading.Thread(target=WordLlamaEmbedder().embed_now, args=[["any text"]], daemon=True)
    thread.start()
    return thread


def forget() -> None:
    """Forget what is kept."""
    with _lock:
        _kept.clear()
