"""Finds projects that have the words that were typed, where some have a typing error."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from django.db import connection
from django.db.models import Value

from projects.expressions import COMMON_WORDS, LONGEST_WORD, SHORTEST_WORD, Spellings
from projects.models import ProjectQuerySet
from projects.search.names import folded

# Of more words than a title has, each other way finds enough.
MOST_TYPED = 6
MOST_WORDS = 6
MOST = 60
# Rows of one word: what more have says next to nothing beside a rarer one.
MOST_OF_A_WORD = 3_000
# From here on a word may differ by two letters.
LONG_WORD = 8
# In the place of the spellings of a word.
ANY = ""
# A word that all projects have says nothing, and one that a single one has says most.
COUNTED = """
    WITH {tables}
    SELECT id, title, short_description FROM (
        SELECT id FROM (
            SELECT id, ln(1 + 1e5 / count(*) OVER (PARTITION BY word)) AS weight FROM ({found}) AS found (id, word)
        ) AS weighted
        GROUP BY id ORDER BY sum(weight) DESC, id DESC LIMIT {most}
    ) AS best JOIN projects_project USING (id)
"""


@dataclass
class Guesses:
    """What may have been meant: projects, best first, and for each word that none of them has the one it is near."""

    found: list["Guess"] = field(default_factory=list)
    meant: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Guess:
    """A project that may have been meant. ``share`` of the letters typed is in its texts, spelt right or nearly so."""

    pk: int
    share: float
    likeness: float
    """Of the title as a whole, from 0 to 1."""
    is_title: bool
    """All words are in the title, spelt right or nearly so."""


def by_spelling(projects: ProjectQuerySet, text: str) -> Guesses:
    """Return those of ``projects`` whose title or short description has most of the words of ``text`` or words that
    differ by a letter, best first; none where each word is there as it was typed.
    """
    words = folded(text).split()
    terms = _terms(words) if len(words) <= MOST_TYPED else []
    if not terms:
        return Guesses()
    # Compiled once, for compiling takes longer than looking the words up.
    spellings = Spellings("title", "short_description")
    place = Value([ANY], output_field=spellings.output_field)
    looked_up = projects.alias(spellings=spellings).filter(spellings__overlap=place)
    one, given = looked_up.order_by().values_list("pk").query.sql_with_params()
    parameters = [sorted(term) if value == [ANY] else value for term in terms for value in given]
    # Each planned as if all its rows were wanted: to find a few thousand fast PostgreSQL would read the table.
    tables = ", ".join(f"found_{number} (id) AS MATERIALIZED ({one})" for number in range(len(terms)))
    found = " UNION ALL ".join(
        f"(SELECT id, {number} FROM found_{number} LIMIT {MOST_OF_A_WORD})" for number in range(len(terms))
    )
    with connection.cursor() as cursor:
        cursor.execute(COUNTED.format(tables=tables, found=found, most=MOST), parameters)
        rows = cursor.fetchall()
    texts = [(pk, folded(title).split(), folded(short).split()) for pk, title, short in rows]
    guesses = [guess for pk, title, short in texts if (guess := _guess(words, pk, title, short)) is not None]
    guesses.sort(key=lambda guess: (guess.is_title, guess.share, guess.likeness, guess.pk), reverse=True)
    return Guesses(guesses, _meant(words, [word for _, title, short in texts for word in (*title, *short)]))


def _meant(words: list[str], there: list[str]) -> dict[str, str]:
    """Return for each of ``words`` that is not ``there`` the word that is near it, the most frequent of several."""
    counts = Counter(there)
    found = {}
    for word in words:
        nearest = [other for other in counts if near(word, other)] if word not in counts else []
        if nearest and len(word) > SHORTEST_WORD:
            found[word] = max(nearest, key=lambda other: (counts[other], other))
    return found


def near(word: str, other: str) -> bool:
    """Return whether one may be the other with a typing error: one letter wrong, missing, too many, or two swapped."""
    from rapidfuzz.distance import OSA

    if min(len(word), len(other)) < SHORTEST_WORD:
        return word == other
    most = 2 if min(len(word), len(other)) >= LONG_WORD else 1
    return bool(OSA.distance(word, other, score_cutoff=most) <= most)


def _terms(words: list[str]) -> list[set[str]]:
    """Return of each word that is looked for the spellings that the index may have of it."""
    shortest = SHORTEST_WORD if len(words) == 1 else SHORTEST_WORD + 1
    kept = [word for word in dict.fromkeys(words) if shortest <= len(word) <= LONGEST_WORD + 1]
    longest = sorted((word for word in kept if word not in COMMON_WORDS), key=len, reverse=True)[:MOST_WORDS]
    terms = [_spellings(word) for word in longest]
    # "type script" for TypeScript.
    terms += [{first + second} for first, second in pairwise(words)][:MOST_WORDS] if terms else []
    return terms


def _spellings(word: str) -> set[str]:
    left_out = 2 if len(word) >= LONG_WORD else 1
    return {
        "".join(letter for place, letter in enumerate(word) if place not in gone)
        for number in range(left_out + 1)
        for gone in combinations(range(len(word)), number)
    }


def _guess(words: list[str], pk: int, in_title: list[str], in_short: list[str]) -> Guess | None:
    from rapidfuzz import fuzz

    letters = spelt_right = share = 0.0
    all_in_title = True
    for word in words:
        letters += len(word)
        if word in in_title:
            quality, right = 1.0, True
        elif any(near(word, other) for other in in_title):
            quality, right = 0.9, False
        elif word in in_short:
            quality, right, all_in_title = 0.6, True, False
        elif any(near(word, other) for other in in_short):
            quality, right, all_in_title = 0.5, False, False
        else:
            quality, right = 0.0, False
            all_in_title = all_in_title and word in COMMON_WORDS
        share += quality * len(word)
        spelt_right += len(word) * right
    likeness = max(
        fuzz.ratio(" ".join(words), " ".join(in_title)) / 100, fuzz.ratio("".join(words), "".join(in_title)) / 100
    )
    if not all_in_title and likeness >= 0.85:
        all_in_title = True
    if not share or (spelt_right == letters and likeness < 1):
        return None
    return Guess(pk, share / letters, likeness, all_in_title)
