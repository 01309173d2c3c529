"""What other sites and machines take from a project's page: a picture, and its facts as JSON-LD."""

import json
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from io import BytesIO
from typing import Any

from django.contrib.staticfiles import finders
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe

from projects.links import is_web
from projects.models import Project, Submission

# In a script element these would end it, or begin a comment.
ESCAPED = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}

SIZE = (1200, 630)
MARGIN = 80
PAPER, INK, FAINT, ACCENT = "#fcfbf8", "#22262b", "#5d636b", "#a8410c"
TITLE_SIZE, TEXT_SIZE = 72, 38
BOLD, REGULAR = "Bold", "Regular"
# Unicode keeps it free for ever: each font draws its box for it.
NEVER_A_LETTER = "\uffff"


def json_ld(request: HttpRequest, project: Project, submissions: Iterable[Submission]) -> SafeString:
    """Return the project as schema.org has it, safe inside a script element."""
    facts: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "CreativeWork",
        "@id": request.build_absolute_uri(project.get_absolute_url()),
        "name": project.title,
        "abstract": project.short_description,
        "description": project.description,
        "keywords": project.tag_names,  # type: ignore[attr-defined]  # annotated
        "datePublished": project.first_seen_at.date().isoformat(),
        "dateModified": project.updated_at.date().isoformat(),
        "url": project.primary_url if is_web(project.primary_url) else "",
        "sameAs": [url for url in project.urls if is_web(url) and url != project.primary_url],
        "author": [
            {"@type": "Person", "name": name}
            for name in dict.fromkeys(each.comment.author for each in submissions if each.comment.author)
        ],
    }
    filled = {name: value for name, value in facts.items() if value}
    return mark_safe(json.dumps(filled, ensure_ascii=False).translate(ESCAPED))  # noqa: S308 - escaped here


def picture(title: str, text: str, below: str, instead: str = "") -> bytes:
    """Return a picture (PNG, 1200 x 630) to share: a title, a text and a line at its foot.

    ``instead`` is the title where nothing of the real one can be drawn (see ``drawable``).
    """
    from PIL import Image, ImageDraw

    image = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, SIZE[0], 16), fill=ACCENT)
    y = MARGIN
    for words, weight, size, colour in (
        (drawable(title) or drawable(instead), BOLD, TITLE_SIZE, INK),
        (drawable(text), REGULAR, TEXT_SIZE, FAINT),
    ):
        font = _font(weight, size)
        for line in _wrapped(words, font, SIZE[0] - 2 * MARGIN, most=3):
            draw.text((MARGIN, y), line, font=font, fill=colour)
            y += round(size * 1.25)
        y += 24
    foot, beside = SIZE[1] - MARGIN - TEXT_SIZE, MARGIN + 180
    draw.text((MARGIN, foot), "Waywo", font=_font(BOLD, TEXT_SIZE), fill=ACCENT)
    shown = _cut(drawable(below), _font(REGULAR, TEXT_SIZE), SIZE[0] - MARGIN - beside)
    draw.text((beside, foot), shown, font=_font(REGULAR, TEXT_SIZE), fill=FAINT)
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def drawable(text: str) -> str:
    """Return what of ``text`` our font has letters for, rather than boxes: Latin, Greek and Cyrillic.

    Pictograms are left out. Of words in other scripts "…" is left; nothing is, where there is nothing else.
    """
    words: list[str] = []
    for word in unicodedata.normalize("NFC", text).split():
        if any(letter.isalnum() and not _has_glyph(letter) for letter in word):
            words += [] if words[-1:] == ["…"] else ["…"]
        elif kept := "".join(filter(_has_glyph, word)):
            words.append(kept)
    return " ".join(words) if any(letter.isalnum() for word in words for letter in word) else ""


@lru_cache(maxsize=4096)
def _has_glyph(letter: str) -> bool:
    """Return whether a letter looks other than the box that stands for all that the font lacks."""
    font = _font(BOLD, 16)
    return letter.isprintable() and bytes(font.getmask(letter)) != bytes(font.getmask(NEVER_A_LETTER))


@cache
def _font(weight: str, size: int) -> Any:
    """Return a font of Unfold's, which is here for the admin."""
    from PIL import ImageFont

    path = finders.find(f"unfold/fonts/inter/Inter-{weight}.woff2") or ""
    try:
        return ImageFont.truetype(path, size)
    except OSError:  # FreeType was built without brotli and reads no WOFF2; Pillow's own font has Latin letters.
        return ImageFont.load_default(size)


def _wrapped(text: str, font: Any, width: int, most: int) -> list[str]:
    """Return ``text`` in at most ``most`` lines that are not wider than ``width``; what does not fit ends in "…"."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        elif len(lines) == most:
            lines[-1] = f"{lines[-1]} …"
            break
        else:
            lines.append(word)
    return [_cut(line, font, width) for line in lines]


def _cut(line: str, font: Any, width: int) -> str:
    """Return a line that one word alone makes too wide, cut."""
    if font.getlength(line) <= width:
        return line
    while font.getlength(f"{line}…") > width:
        line = line[:-1]
    return f"{line}…"
