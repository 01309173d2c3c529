"""What other sites and machines take from a project's page: a picture, and its facts as JSON-LD."""

import json
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe

from projects.links import is_web
from projects.models import Project, Submission

# In a script element these would end it, or begin a comment.
ESCAPED = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}

SIZE = (1200, 630)
MARGIN = 80
PAPER, INK, FAINT, ACCENT = "#fcfbf8", "#22262b", "#5d636b", "#a8410c"
TITLE_SIZE, TEXT_SIZE = 76, 40


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


def picture(title: str, text: str, below: str) -> bytes:
    """Return a picture (PNG, 1200 x 630) to share: a title, a text and a line at its foot.

    The font that comes with Pillow has Latin letters alone; of a text with others nothing is drawn rather than boxes.
    """
    from PIL import Image, ImageDraw

    image = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, SIZE[0], 16), fill=ACCENT)
    y = MARGIN
    for words, size, colour, lines in ((title, TITLE_SIZE, INK, 3), (text, TEXT_SIZE, FAINT, 3)):
        font = _font(size)
        for line in _wrapped(words if _is_latin(words) else "", font, SIZE[0] - 2 * MARGIN, lines):
            draw.text((MARGIN, y), line, font=font, fill=colour)
            y += round(size * 1.25)
        y += 24
    draw.text((MARGIN, SIZE[1] - MARGIN - TEXT_SIZE), "Waywo", font=_font(TEXT_SIZE), fill=ACCENT)
    if _is_latin(below):
        draw.text((MARGIN + 160, SIZE[1] - MARGIN - TEXT_SIZE), below, font=_font(TEXT_SIZE), fill=FAINT)
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _is_latin(text: str) -> bool:
    return all(ord(letter) < 0x180 or letter in "–—‘’“”…•" for letter in text)


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
