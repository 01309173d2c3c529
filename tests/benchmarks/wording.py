"""Texts of made-up projects: English sentences, so that likeness means something, and numbered words to look for."""

import random
import re

KINDS = (
    "compiler", "newsletter", "budget tracker", "chess trainer", "web crawler", "spreadsheet", "password manager",
    "recipe book", "weather station", "music player", "text editor", "database", "mail server", "job board",
    "language course", "map viewer", "photo archive", "game engine", "podcast app", "calendar", "chat server",
    "code review tool", "flashcard app", "fitness tracker", "garden planner", "invoice generator", "kanban board",
    "load tester", "note app", "operating system", "parser generator", "query builder", "robot arm", "search engine",
    "time tracker", "unit converter", "video editor", "window manager", "telescope controller", "synthesizer",
)  # fmt: skip
PEOPLE = (
    "teachers", "nurses", "small teams", "freelancers", "parents", "musicians", "astronomers", "farmers", "students",
    "climbers", "lawyers", "cyclists", "writers", "researchers", "shop owners", "sailors", "photographers", "cooks",
    "developers", "designers", "beekeepers", "translators", "librarians", "gardeners", "chess players",
)  # fmt: skip
ACTS = (
    "tracks", "compares", "draws", "predicts", "sorts", "encrypts", "translates", "schedules", "measures", "shares",
    "summarizes", "simulates", "backs up", "searches", "tests", "explains", "prints", "records", "cleans", "converts",
)  # fmt: skip
THINGS = (
    "tax forms", "train times", "soil samples", "old photos", "log files", "bird songs", "contracts", "bus routes",
    "lab results", "street maps", "sheet music", "star charts", "shopping lists", "source code", "medical records",
    "satellite images", "phone calls", "research papers", "house plants", "solar panels", "bank statements",
    "crossword puzzles", "wine cellars", "board games", "running shoes",
)  # fmt: skip
TOOLS = (
    "Rust", "Python", "Elixir", "TypeScript", "Go", "SQLite", "PostgreSQL", "WebAssembly", "a Raspberry Pi",
    "machine learning", "plain C", "Swift", "Kotlin", "Haskell", "Svelte", "React", "Django", "Rails", "Zig",
    "an ESP32",
)  # fmt: skip
WORDS = 2000
NUMBERED = re.compile(r"\bword\d+ ?")


SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]


def name(number: int) -> str:
    """Return the name of the project with that number, which no other of the first 20 million has."""
    # Neighbours begin differently.
    mixed, made = number * 7_919_993 % len(SYLLABLES) ** 4, ""
    for _ in range(4):
        mixed, at = divmod(mixed, len(SYLLABLES))
        made += SYLLABLES[at]
    return made.capitalize()


def word(chance: random.Random) -> str:
    """Return one of the numbered words; each project has 20 of the 2,000."""
    return f"word{chance.randrange(WORDS)}"


def one_liner(chance: random.Random) -> str:
    """Return what a project is, in a sentence of English."""
    return (
        f"A {chance.choice(KINDS)} for {chance.choice(PEOPLE)} that {chance.choice(ACTS)} {chance.choice(THINGS)}, "
        f"made with {chance.choice(TOOLS)}"
    )


def description(chance: random.Random) -> str:
    """Return some sentences of English with numbered words between them."""
    sentences = (
        f"It {chance.choice(ACTS)} {chance.choice(THINGS)} and {chance.choice(ACTS)} {chance.choice(THINGS)}",
        f"Built for {chance.choice(PEOPLE)} who use {chance.choice(TOOLS)} beside a {chance.choice(KINDS)}",
        f"Next it {chance.choice(ACTS)} {chance.choice(THINGS)} with {chance.choice(TOOLS)}",
    )
    return ". ".join(sentences) + ". " + " ".join(word(chance) for _ in range(20))
