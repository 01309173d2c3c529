"""Threads for tests: the sample that ships with Waywo, and generated ones of any size, as items of Hacker News."""

import html as entities
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from comments.sources.sample import load_sample_thread

POST_ID = 950_000_000
POSTED_AT = datetime(2026, 9, 13, 16, 0, tzinfo=UTC)
# Hacker News shows this many characters of an address, then "...".
SHOWN_OF_A_LINK = 60

LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)]")

OPENINGS = (
    "I'm building", "Still working on", "Been hacking on", "For the last few months I have been making",
    "Just shipped the first version of", "Evenings and weekends go into", "My co-founder and I are working on",
)  # fmt: skip
THINGS = (
    "a command line tool", "a mobile app", "a self-hosted server", "a browser extension", "a small SaaS",
    "a static site generator", "a desktop app", "an open source library", "a web app", "a hardware gadget",
    "a tiny language", "a multiplayer game", "an API", "a dashboard",
)  # fmt: skip
PURPOSES = (
    "that tells bakers when their dough is ready", "for tracking the maintenance of old motorbikes",
    "that turns meeting notes into tickets", "for people who learn an instrument late in life",
    "that finds slow queries before your users do", "for planning vegetable beds through the year",
    "that keeps a family's photos off other people's computers", "for amateur astronomers & their logs",
    "that watches tenders of small towns", "for teachers who write their own exercises",
    "that diffs PDF contracts", "for choirs that share sheet music", "that replays production traffic in staging",
    "for booking a slot in a shared workshop", "that reads the meter of your heating by camera",
)  # fmt: skip
TECHNOLOGIES = (
    "Rust", "Go", "Python and Django", "TypeScript and React", "Elixir", "SvelteKit", "SQLite", "PostgreSQL",
    "Zig", "Swift", "Kotlin", "WebAssembly", "an ESP32", "Godot", "Rails", "Haskell", "a local LLM",
)  # fmt: skip
REMARKS = (
    "It has 40 paying customers, mostly by word of mouth.", "Still very rough, but I use it every day.",
    "Open source under MIT.", "No account needed, everything stays on your machine.",
    "The hardest part turned out to be time zones.", "Happy to hear what you think!",
    "Launched last week & already rewrote half of it.", 'My users call it "the boring one", I take that as praise.',
    "Looking for beta testers.", "It is 3,000 lines and I intend to keep it there.",
)  # fmt: skip
NO_PROJECTS = (
    "How do you all find the time for this with a day job and two kids?",
    "Love these threads. Thanks for keeping them going!",
    "Looking for a new job, laid off in June. Backend, 8 years, remote in Europe.",
    "Nothing at all this month. Our daughter was born three weeks ago and I regret nothing.",
    "Working through a linear algebra course. No project, I just want to understand it this time.",
    "Mostly on sleeping better. Any tips are welcome.",
    "Is there an archive of these threads somewhere?",
)
SYLLABLES = [
    "bar",
    "bel",
    "cor",
    "dra",
    "el",
    "fen",
    "gri",
    "hal",
    "iv",
    "jor",
    "kel",
    "lum",
    "mor",
    "nev",
    "or",
    "pim",
    "quo",
    "ri",
    "sol",
    "tam",
    "ul",
    "ver",
    "wim",
    "xan",
    "yor",
    "zel",
]


def hn_html(text: str) -> str:
    """Return ``text`` as Hacker News encodes what a person types.

    Entities, ``<p>`` for a blank line, links made of addresses with their visible text cut, ``*italics*``, and code
    for paragraphs whose lines all start with two blanks.
    """
    return "<p>".join(_paragraph(part) for part in text.strip("\n").split("\n\n"))


def sample_thread() -> list[dict[str, Any]]:
    """Return the sample thread: its story, then its 40 comments."""
    return load_sample_thread()


def generate_thread(
    comments: int,
    *,
    seed: int = 0,
    post_id: int = POST_ID,
    deleted: float = 0.02,
    dead: float = 0.02,
    posted_at: datetime = POSTED_AT,
) -> list[dict[str, Any]]:
    """Return a thread of ``comments`` top-level comments: its story, then the comments in the order of its kids.

    The same arguments give the same items; another number of comments gives the same first ones. ``deleted`` and
    ``dead`` are shares from 0 to 1. Some 80 % of the texts speak of one project, 8 % of two or three, the rest of
    none. The comments' ids follow ``post_id``; each has an author of its own.
    """
    start = int(posted_at.timestamp())
    children = [_comment(number, seed, post_id, start, deleted, dead) for number in range(1, comments + 1)]
    # Hacker News gives the kids by rank, which is not the order of their ids.
    random.Random(f"rank {seed}").shuffle(children)
    story = {
        "id": post_id,
        "type": "story",
        "by": "david927",
        "time": start,
        "title": f"Ask HN: What are you working on? ({posted_at:%B %Y})",
        "text": hn_html("What are you working on? Any new ideas that you're thinking about?"),
        "score": 100 + comments // 2,
        "descendants": comments,
        "kids": [child["id"] for child in children],
    }
    return [story, *children]


def _comment(number: int, seed: int, post_id: int, start: int, deleted: float, dead: float) -> dict[str, Any]:
    rng = random.Random(f"comment {seed} {number}")
    item = {"id": post_id + number, "type": "comment", "parent": post_id, "time": start + number * 37}
    fate = rng.random()
    if fate < deleted:
        return item | {"deleted": True}
    item |= {"by": f"{_name(rng).lower()}{number}", "text": hn_html(_text(rng, number))}
    return item | ({"dead": True} if fate < deleted + dead else {})


def _text(rng: random.Random, number: int) -> str:
    """Return what a person types, not yet encoded."""
    kind = rng.random()
    if kind < 0.12:
        return rng.choice(NO_PROJECTS)
    if kind < 0.20:
        parts = [_described(rng, number, f"- {{name}}: {rng.choice(THINGS)}") for _ in range(rng.randint(2, 3))]
        return "\n\n".join(["A few things at once:", *parts])
    described = _described(rng, number, f"{rng.choice(OPENINGS)} {{name}}, {rng.choice(THINGS)}")
    return "\n\n".join([described, *rng.sample(REMARKS, rng.randint(1, 4))])


def _described(rng: random.Random, number: int, start: str) -> str:
    name = f"{_name(rng)}{number}"
    sentence = f"{start.format(name=name)} {rng.choice(PURPOSES)}. Written with {rng.choice(TECHNOLOGIES)}."
    where = rng.random()
    if where < 0.6:
        sentence += f" https://{name.lower()}.example/"
    elif where < 0.85:
        sentence += f" https://github.com/waywo-sample-{name.lower()}/{name.lower()}"
    return sentence


def _name(rng: random.Random) -> str:
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 3))).capitalize()


def _escape(text: str) -> str:
    return entities.escape(text).replace("/", "&#x2F;")


def _link(address: str) -> str:
    shown = address if len(address) <= SHOWN_OF_A_LINK else address[:SHOWN_OF_A_LINK] + "..."
    return f'<a href="{_escape(address)}" rel="nofollow">{_escape(shown)}</a>'


def _paragraph(text: str) -> str:
    if all(line.startswith("  ") for line in text.split("\n")):
        return f"<pre><code>{_escape(text)}\n</code></pre>\n"
    return _between_links(text, lambda words: re.sub(r"\*(\S[^*\n]*)\*", r"<i>\1</i>", _escape(words)))


def _between_links(text: str, encode: Callable[[str], str]) -> str:
    parts, at = [], 0
    for match in LINK.finditer(text):
        parts += [encode(text[at : match.start()]), _link(match[0])]
        at = match.end()
    return "".join([*parts, encode(text[at:])])
