"""Finds projects by name: a title, host, tag or author that is what was typed, or begins with it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib.postgres.search import SearchQuery as TextQuery
from django.contrib.postgres.search import SearchVector
from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Length, Lower

from comments.search import spelt
from core.round_trips import Statement
from projects.expressions import Listed
from projects.links import ARTICLES, REPOSITORIES, SOCIALS, STORES, VIDEOS
from projects.models import Project, ProjectQuerySet, Submission, Tag
from projects.search.query import SearchQuery
from projects.search.words import tagged_with

# How much of a name it is. Any of them beats what is found by words or meaning alone; they add up.
TITLE, TITLE_BEGINS, TITLE_STARTS, TITLE_WORDS = 100, 60, 40, 30
HOST, HOST_STARTS, TAG, AUTHOR = 60, 30, 30, 30
MOST = 60
# The kind of a row that is no tag.
BY = " "
MOST_TAGGED = 200
SHORTEST = 2
HOSTLIKE = re.compile(r"[\w.-]+(?:/[^\s?#]*)?")
WORD = re.compile(r"[^\W_]+")


@dataclass
class Name:
    """Why a project is there by its name, and how much of a name it is."""

    score: int = 0
    reasons: list[str] = field(default_factory=list)

    def add(self, score: int, reason: str) -> None:
        self.score += score
        self.reasons.append(reason)


def folded(text: str) -> str:
    """Return the letters and digits of ``text`` in lower case, its words parted by single spaces."""
    return " ".join(WORD.findall(text.lower()))


def names_asked(projects: ProjectQuerySet, query: SearchQuery) -> Statement | None:
    """Return the statement that gets those of ``projects`` for ``by_name`` that may have ``query`` as a name.

    None for a query that can be no name.
    """
    text = _name_in(query)
    if len(query.alternatives) != 1 or len(text) < SHORTEST:
        return None
    looked_up = projects.alias(lower_title=Lower("title"), title_words=SearchVector("title", config="simple"))
    titled = looked_up.filter(_named(text)).annotate(kind=Value("", CharField())).order_by(Length("title"), "-id")
    tags = Tag.objects.filter(Q(name=text) | Q(aliases__name=text)).order_by()
    # The ids of the tag's projects are got first: else PostgreSQL walks all projects, newest first, and looks for the
    # tag in each.
    newest = projects.filter(Listed(tagged_with(text))).order_by("-last_seen_at", "-id").values("pk")[:MOST_TAGGED]
    tagged = Project.objects.filter(pk__in=newest, tags__in=tags.values("pk")).annotate(kind=F("tags__name"))
    tagged = tagged.order_by("-last_seen_at", "-id")
    columns = ("pk", "title", "canonical_url", "kind")
    parts = [titled.values_list(*columns)[:MOST], tagged.values_list(*columns)[:MOST_TAGGED]]
    if " " not in text:
        by = (
            Submission.objects.visible()
            .alias(author=Lower("comment__author"))
            .filter(author=text)
            .order_by()
            .values("project")
        )
        authored = projects.filter(Listed(by)).annotate(kind=Value(BY, CharField())).order_by("-last_seen_at", "-id")
        parts.append(authored.values_list(*columns)[:MOST])
    first, *others = parts
    return first.union(*others, all=True).query.sql_with_params()


def by_name(rows: Iterable[tuple[int, str, str, str]], query: SearchQuery) -> dict[int, Name]:
    """Return which of the projects that ``names_asked`` got have what ``query`` says as a name, by id."""
    text = _name_in(query)
    found: dict[int, Name] = {}
    for pk, title, address, kind in rows:
        name = found.setdefault(pk, Name())
        if kind == BY:
            name.add(AUTHOR, f"author {text}")
        elif kind:
            name.add(TAG, f"tag {kind}")
        else:
            _add_title(name, title, text)
            _add_host(name, address, text)
    return {pk: name for pk, name in found.items() if name.score}


def _name_in(query: SearchQuery) -> str:
    return query.meant.replace('"', "").lower()


def _named(text: str) -> Q:
    """Return the condition that the title begins with ``text`` or has words that do, or that the host does."""
    named = Q(lower_title__startswith=text)
    words = [word for word in WORD.findall(text) if len(word) >= SHORTEST]
    if words and not any(spelt(word) for word in text.split()):
        begun = " & ".join(f"'{word}':*" for word in words)
        named |= Q(title_words=TextQuery(begun, search_type="raw", config="simple"))
    for start in _hosts(text):
        # Without the second condition the index, which leaves empty ones out, could not be used, nor any of the others.
        on = Q(canonical_url__startswith=start) & ~Q(canonical_url="")
        if "." not in start:
            # "github" is no project's name, though many addresses begin with it.
            for host in (*REPOSITORIES, *STORES, *ARTICLES, *VIDEOS, *SOCIALS):
                if host.startswith(start):
                    on &= ~Q(canonical_url__startswith=f"{host}/")
        named |= on
    return named


def _hosts(text: str) -> list[str]:
    """Return what an address may begin with, for a text that could be one: "foo bar" is looked for as "foobar" too."""
    squeezed = re.sub(r"^https?://(www\.)?", "", text).replace(" ", "").rstrip("/")
    return [squeezed] if HOSTLIKE.fullmatch(squeezed) else []


def _add_title(name: Name, title: str, text: str) -> None:
    title, plain = folded(title), folded(text)
    if not plain or any(spelt(word) for word in text.split()):
        return
    if title == plain:
        name.add(TITLE, "title")
    elif title.startswith(f"{plain} "):
        name.add(TITLE_BEGINS, "title")
    elif title.startswith(plain):
        name.add(TITLE_STARTS, "title")
    elif all(any(word.startswith(start) for word in title.split()) for start in plain.split()):
        name.add(TITLE_WORDS, "title")


def _add_host(name: Name, address: str, text: str) -> None:
    host = address.partition("/")[0]
    for start in _hosts(text):
        if start in (address, host, host.partition(".")[0]):
            name.add(HOST, f"host {host}")
        elif address.startswith(start):
            name.add(HOST_STARTS, f"host {host}")
