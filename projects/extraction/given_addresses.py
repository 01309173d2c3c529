"""Whether an address in a model's words was given to it, in whichever spelling. Pure."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, urlsplit

from core.addresses import addresses_in

# An address without its scheme, where it is plain that it is one: "www.…", or a host and a path.
_PATH = r"[^\s<>\"')\]`]*"
# Names of files and of libraries look like hosts: "vue.js/react".
NO_HOST = r"(?!\S{1,200}\.(?:jsx?|tsx?|py|rs|rb|cs|css|html?|json|md|txt|sh|ya?ml|toml|net)/)"
BARE = re.compile(
    rf"(?<![\w@./:-])(?:[wW]{{3}}\.[\w-]+(?:\.[\w-]+)+(?:/{_PATH})?|{NO_HOST}(?:[a-z0-9-]+\.)+[a-z]{{2,}}/[\w%~-]{_PATH})"
)
OTHER_SCHEME = re.compile(r"\b(?!https?:)[a-z][a-z0-9+.-]{1,15}://[^\s<>\"')\]`]+", re.IGNORECASE)
AT_THE_END = ".,;:!?…"


def same_address(one: str, other: str) -> bool:
    """Return whether two spellings are one address: with http or https, with www or a slash at the end or without."""
    return _spelled(one) == _spelled(other) != ""


def _spelled(address: str) -> str:
    address = address.strip(" \t\n<>\"'`()[]*_").rstrip(AT_THE_END)
    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
    except ValueError:  # half an IPv6 address
        return address
    host = parts.netloc.lower().removeprefix("www.")
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{unquote(parts.path).rstrip('/')}{query}" if "." in host or ":" in host else ""


def unknown_addresses(texts: Iterable[str], given: str) -> Iterator[str]:
    """Yield each address in ``texts`` that stands nowhere in ``given``, the text that the model was shown."""
    known = {_spelled(address) for address in _addresses(given)}
    for text in texts:
        yield from (address for address in _addresses(text) if _spelled(address) not in known)


def _addresses(text: str) -> Iterator[str]:
    for _, _, address in addresses_in(text):
        yield address.rstrip(AT_THE_END)
    for pattern in (BARE, OTHER_SCHEME):
        yield from (match[0].rstrip(AT_THE_END) for match in pattern.finditer(text))
