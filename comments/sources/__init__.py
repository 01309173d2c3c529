"""The sources of threads, by the name that is stored with what they bring."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from comments.sources.base import FoundThread, ItemSource, ThreadSource
from comments.sources.hackernews import HackerNewsSource
from comments.sources.lobsters import LobstersSource

__all__ = ["SOURCES", "FoundThread", "ItemSource", "ThreadSource", "chosen_sources", "enabled_sources", "source_named"]

SOURCES: dict[str, type[ThreadSource]] = {source.name: source for source in (HackerNewsSource, LobstersSource)}


def source_named(name: str) -> ThreadSource:
    """Return the source, enabled or not. Raises ValueError for a name that is not one."""
    if name not in SOURCES:
        raise ValueError(f"{name!r} is not a source: there are {', '.join(SOURCES)}.")
    return SOURCES[name]()


def enabled_sources() -> list[ThreadSource]:
    """Return the sources that the variable SOURCES names. Raises ImproperlyConfigured for one that there is not."""
    try:
        return [source_named(name) for name in dict.fromkeys(settings.SOURCES)]
    except ValueError as error:
        raise ImproperlyConfigured(f"SOURCES: {error}") from None


def chosen_sources(name: str | None = None) -> list[ThreadSource]:
    """Return the source of this name, enabled or not; without one, the enabled ones. Raises what those raise."""
    return enabled_sources() if name is None else [source_named(name)]
