"""Atom feeds whose texts are strangers': whatever they hold, the XML is well-formed."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.feedgenerator import Atom1Feed
from django.utils.xmlutils import SimplerXMLGenerator

from core.index_version import current

# What no XML 1.0 document may hold, not even escaped.
NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A tag URI names a day on which its host was ours; it never changes, or each reader would see all entries again.
OURS_SINCE = "2026-01-01"


class CleanXMLGenerator(SimplerXMLGenerator):
    """Writes XML without what XML cannot hold: control characters, half surrogates."""

    def characters(self, content: str) -> None:
        super().characters(NOT_IN_XML.sub("", content))

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - of xml.sax
        clean = {key: NOT_IN_XML.sub("", str(value)) for key, value in attrs.items()}
        super().startElement(name, clean)  # type: ignore[arg-type]  # takes any mapping


class AtomFeed(Atom1Feed):
    """Atom with clean texts; an empty feed is as old as the last change of the index."""

    def write(self, outfile: Any, encoding: str) -> None:
        """Write the feed."""
        handler = CleanXMLGenerator(outfile, encoding, short_empty_elements=True)
        handler.startDocument()
        handler.startElement("feed", self.root_attributes())  # type: ignore[no-untyped-call]
        self.add_root_elements(handler)  # type: ignore[no-untyped-call]
        self.write_items(handler)  # type: ignore[no-untyped-call]
        handler.endElement("feed")

    def latest_post_date(self) -> Any:
        """Return when it last changed."""
        return super().latest_post_date() if self.items else current().changed_at or super().latest_post_date()


def new_feed(request: HttpRequest, title: str, page: str, subtitle: str = "") -> AtomFeed:
    """Return an empty feed; ``page`` is the path of the page that shows the same."""
    return AtomFeed(
        title=title,
        link=request.build_absolute_uri(page),
        description="",
        subtitle=subtitle or None,
        language="en",
        feed_url=request.build_absolute_uri(),
        feed_guid=tag_uri(request, request.get_full_path()),
        author_name="Waywo",
    )


def tag_uri(request: HttpRequest, name: str) -> str:
    """Return the lasting id of what ``name`` stands for on this site."""
    host = request.get_host().partition(":")[0]
    return f"tag:{host},{OURS_SINCE}:{name}"


def answer(feed: AtomFeed) -> HttpResponse:
    """Return the feed as a response."""
    response = HttpResponse(content_type="application/atom+xml; charset=utf-8")
    feed.write(response, "utf-8")  # type: ignore[arg-type]
    return response
