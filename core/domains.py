"""What of a host somebody registered, by the public suffix list that comes in the package ``publicsuffixlist``. Pure.

The list has the endings of registries (``com``, ``com.au``) and of hosts that give out names below their own
(``github.io``); here it goes on with those that did not put themselves on it.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

# Each of their users has a name below.
MORE_SHARED_HOSTS = (
    "itch.io", "glitch.me", "substack.com", "wordpress.com", "bandcamp.com", "gumroad.com", "neocities.org",
    "tumblr.com", "hashnode.dev", "ghost.io", "write.as", "tilda.ws", "super.site", "softr.app", "medium.com",
    "mataroa.blog", "railway.app", "squarespace.com", "livejournal.com", "hey.xyz", "listed.to", "teachable.com",
    "thinkific.com", "podia.com", "zulipchat.com", "fandom.com", "miraheze.org",
)  # fmt: skip
LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)", re.IGNORECASE)


@cache
def _list() -> Any:
    # The list takes 40 ms to read.
    from publicsuffixlist import PSLFILE, PublicSuffixList

    rules = Path(PSLFILE).read_text(encoding="utf-8")
    return PublicSuffixList("\n".join([rules, *MORE_SHARED_HOSTS]).splitlines())


def has_public_suffix(host: str) -> bool:
    """Return whether ``host`` is a name that somebody can have registered: below an ending that is on the list."""
    labels = host.rstrip(".").split(".")
    return all(map(LABEL.fullmatch, labels)) and bool(_list().privatesuffix(host.lower(), accept_unknown=False))


def registered_domain(host: str) -> str:
    """Return what of ``host`` was registered: ``plumkit.com.au`` of ``www.plumkit.com.au``.

    Below an ending that is not on the list it is the last two labels; for an ending itself, as ``github.io``, it is "".
    """
    return _list().privatesuffix(host.lower()) or ""


def registered_label(host: str) -> str:
    """Return the label that was registered: ``plumkit`` of ``www.plumkit.com.au``; "" for an ending itself."""
    return registered_domain(host).partition(".")[0]
