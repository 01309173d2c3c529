"""Hacker News HTML to plain text, to its links, and to HTML that is safe to show.

Pure; no function here raises for what a text holds, or takes more than a second for it.
"""

import html as entities
import re
from collections.abc import Iterator

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from core.addresses import LONGEST_ADDRESS, addresses_in, cleaned_address, without_user
from core.text import storable

# What Hacker News serves: <p> between paragraphs, <i>, <a href rel>, <pre><code>.
SHOWN_TAGS = {"p", "i", "em", "a", "pre", "code"}
# What other sources serve as well; read for their line breaks, not shown.
BLOCK_TAGS = {"p", "div", "blockquote", "ul", "ol", "pre", "h1", "h2", "h3", "h4", "h5", "h6"}
LINE_TAGS = {"br", "li"}
EMPHASIS_TAGS = {"i", "em"}
READ_TAGS = BLOCK_TAGS | LINE_TAGS | EMPHASIS_TAGS | {"a", "code"}

# The time of an HTML parser can grow with the square of its input (measured with nh3 0.3.7: 96 s for 1 MB of
# "<div>", 6 s for a tag with 80,000 attributes); above these limits a text loses its markup instead. The
# longest comments of Hacker News have some 60,000 characters and a few hundred tags.
LONGEST_MARKUP = 100_000  # characters
MOST_TAGS = 5_000

TAG = re.compile(r"<(/?)([a-z0-9]+)((?:\s[^\s=<>]+=\"[^\"]*\")*)\s*>")
HREF = re.compile(r"\shref=\"([^\"]*)\"")
ANY_TAG = re.compile(r"<[^<>]*>")
BREAK_TAG = re.compile(r"<(?:p|br|div|li|pre)\b[^<>]*>", re.IGNORECASE)
BARE_ADDRESS = re.compile(r"https?://[^\s/?#<>\"]+", re.IGNORECASE)
ABSOLUTE = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)
# A link took along more than a sign: what it was is parted from it.
GOES_ON = re.compile(r"([.,;:!?)\]}'’]*)(?=[\w\[(])")
# ">" before what somebody else said; ">>>" is a prompt, "> 90 %" a comparison.
QUOTE = re.compile(
    r"[ \t]*>{1,2}(?![>=])[ \t]*(?!\d+ ?[%xk])\S"
    # The question of the thread, or one between quotation marks.
    r"|\W*(?:ask hn:\s*)?what (?:are|r) (?:you|u|y['’]?all)\b[^.!?\n]{0,30} working on\b[^.!?\n]{0,40}\?[^\w\n]*$"
    r"|[ \t]*(?:[\"“][^\"”\n]{1,200}\?[\"”]|\*{1,2}[^*\n]{1,200}\?\*{1,2})[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
# A line in italics is a quotation where it asks; else it may be a title.
ASKS = re.compile(
    r"\?[\"'”’)\]]*$|\bwhat (?:are|is|r|have|has) (?:you|u|y['’]?all|everyone|everybody)\b", re.IGNORECASE
)


def plain_text(html: str) -> str:
    """Return what a comment says: entities decoded once, blank lines between paragraphs, code with its lines.

    A link becomes its full address, since Hacker News cuts the visible one; a link with words of its own
    becomes "words (address)". An address loses the user and the password in it. A question in italics that begins a
    paragraph is a quotation, and is written as one: "> What are you working on?", in a line of its own.
    """
    parts: list[str] = []
    in_code = False
    quoted = -1  # where the italics began that may be a quotation
    for kind, value in _pieces(html):
        if kind == "text":
            at_line_start = not parts or parts[-1].endswith("\n")
            value = _without_users(value)
            parts.append(value if in_code else _prose(value, at_line_start))
        elif kind == "link":
            parts.append(value)
        elif value in EMPHASIS_TAGS:
            if kind == "close" and quoted >= 0 and ASKS.search("".join(parts[quoted:]).strip()):
                parts[quoted:] = ["> ", *parts[quoted:], "\n\n"]
            quoted = len(parts) if kind == "open" and not in_code and "".join(parts[-2:])[-1:] in ("", "\n") else -1
        else:
            in_code = kind == "open" if value == "pre" else in_code
            parts.append(_break(kind, value))
    text = "\n".join(line.rstrip() for line in "".join(parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def links(html: str) -> list[str]:
    """Return the http and https addresses of a comment in order, each once, of 2,000 bytes at most.

    They come from the ``href`` of its links and from addresses written bare in its text, without what they took along
    of the sentence that they stand in, and without users and passwords.
    """
    found: dict[str, None] = {}
    for kind, value in _pieces(html, keep_links=True):
        if kind == "href":
            address, taken_along = cleaned_address(value)
            found.setdefault(address)
            value = taken_along
        if kind in ("href", "text"):
            for _, _, address in addresses_in(value):
                found.setdefault(address)
    return [link for link in found if len(link.encode()) <= LONGEST_ADDRESS and ABSOLUTE.match(link)]


def without_quotations(text: str) -> str:
    """Return what a comment's author says: ``text``, as of ``plain_text``, without the lines that quote another.

    Such a line begins with ``>``, or is the thread's question or one in quotation marks, and an answer follows. Lines
    that end the text or follow a colon are the author's own, a list or an example, and so are all of a text of nothing
    else.
    """
    lines = text.split("\n")
    own = [bool(line.strip()) and not QUOTE.match(line) for line in lines]
    last = max((at for at, is_own in enumerate(own) if is_own), default=-1)
    kept, before = [], ""
    for at, line in enumerate(lines):
        before = line if own[at] else before
        if at > last or own[at] or not line.strip() or before.rstrip().endswith(":"):
            kept.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")


def safe_html(html: str) -> SafeString:
    """Return ``html`` cleaned for a page of ours: p, i, em, a, pre and code, links to http and https alone.

    Links open in a new tab, tell their target nothing and lend it no weight. The result may go into a
    template as it is.
    """
    html = storable(html)
    if _is_too_much(html):
        return escape(_stripped(html))
    cleaned = nh3.clean(
        html,
        tags=SHOWN_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        # A relative address would point into our own admin.
        url_relative="deny",
        link_rel="nofollow noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return mark_safe(cleaned)  # noqa: S308 - cleaned the line before


def _is_too_much(html: str) -> bool:
    return len(html) > LONGEST_MARKUP or html.count("<") > MOST_TAGS


def _stripped(html: str) -> str:
    """Return the text of a monster: tags taken out by a pattern that looks at each character once."""
    return entities.unescape(ANY_TAG.sub("", BREAK_TAG.sub("\n\n", html)))


def _pieces(html: str, *, keep_links: bool = False) -> Iterator[tuple[str, str]]:
    """Yield ("text", …), ("link", what stands for a link), ("open" or "close", block tag), in order.

    With ``keep_links`` a link is ("href", address) and its visible text is left out.

    nh3 makes well-formed HTML of anything first, so that a simple pattern can read it; the standard library's
    parser takes quadratic time on broken input (CVE-2025-6069, in Python up to 3.13.5).
    """
    html = storable(html)
    if _is_too_much(html):
        yield "text", _stripped(html)
        return
    tidy = nh3.clean(
        html, tags=READ_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https"}, url_relative="deny",
        link_rel=None,
    )  # fmt: skip
    href, words = "", []
    at = 0
    for match in TAG.finditer(tidy):
        text = entities.unescape(tidy[at : match.start()])
        at = match.end()
        if href:
            words.append(text)
        elif text:
            yield "text", text
        closing, tag, attributes = match.groups()
        if tag == "a" and not closing:
            address = HREF.search(attributes)
            href, words = entities.unescape(address[1]).strip() if address else "", []
        elif tag == "a":
            if href:
                shown = " ".join("".join(words).split())
                yield ("href", href) if keep_links else ("link", shown_link(href, shown))
            href = ""
        elif not href and tag in BLOCK_TAGS | LINE_TAGS | EMPHASIS_TAGS:
            yield "close" if closing else "open", tag
    # nh3 closes every tag that it opened, so no link is open here.
    yield "text", entities.unescape(tidy[at:])


def shown_link(href: str, words: str) -> str:
    """Return what ``plain_text`` writes for a link to ``href`` whose visible text is ``words``."""
    address, taken_along = cleaned_address(href)
    start = words.rstrip(".…")
    if words and not href.startswith(start) and not href.split("://", 1)[-1].startswith(start):
        return f"{words} ({address})" if address and not ABSOLUTE.match(words) else address or words
    return address + GOES_ON.sub(r"\1 ", taken_along, count=1)


def _without_users(text: str) -> str:
    """Return ``text`` without the users and passwords in its addresses."""
    if "@" not in text:
        return text
    return BARE_ADDRESS.sub(lambda match: without_user(match[0]), text)


def _prose(text: str, at_line_start: bool) -> str:
    """Return text outside code with single spaces and none at the ends of its lines.

    Its line breaks stay: a browser would not show them, but people write lists with them.
    """
    text = re.sub(r"[ \t\r\f\v\xa0]+", " ", text).replace(" \n", "\n").replace("\n ", "\n")
    return text.removeprefix(" ") if at_line_start else text


def _break(kind: str, tag: str) -> str:
    if tag == "br":
        return "\n"
    if tag == "li":
        return "\n- " if kind == "open" else ""
    return "\n\n"
