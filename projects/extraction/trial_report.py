"""A reading that was tried, as lines on a terminal. Pure."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

WIDTH = 118
INDENT = "    "

Trial = dict[str, Any]


def report(trial: Trial) -> str:
    """Return all that came of one reading, what the model was asked and said at its end."""
    return _shown([*_result(trial, WIDTH), "", *_exchanges(trial)])


def beside(trials: Sequence[Trial]) -> str:
    """Return what came of several readings, each in a column, and below what models were asked and said."""
    width = (WIDTH - 3 * (len(trials) - 1)) // len(trials)
    columns = [list(_result(trial, width)) for trial in trials]
    rows = [" │ ".join(cell.ljust(width) for cell in row).rstrip() for row in zip_longest(*columns, fillvalue="")]
    return _shown([*rows, *(line for trial in trials for line in ["", *_exchanges(trial)])])


def _shown(lines: Iterable[str]) -> str:
    """Return the lines without signs that steer a terminal: strangers wrote them, or a model did."""
    return "\n".join("".join(sign if sign.isprintable() else "\ufffd" for sign in line) for line in lines).rstrip()


def _result(trial: Trial, width: int) -> Iterator[str]:
    """Yield the lines of a reading without its exchanges, none longer than ``width``."""
    yield from _wrapped(f"{trial['analyst']}, prompt version {trial['prompt_version']}: {trial['status']}", width)
    yield from _wrapped(_cost(trial), width)
    if trial["error"]:
        yield from _wrapped(f"! {trial['error']}", width)
    yield ""
    for step in trial["steps"]:
        yield from _wrapped(f"{step['step']}  {step['seconds']:.3f} s  {step['outcome']}", width)
    yield ""
    for segment in trial["segments"]:
        unsure = " (unsure)" if segment["confidence"] < 0.5 else ""
        yield from _wrapped(f"[{segment['rejection'] or 'project'}{unsure}] {segment['reason']}".rstrip(), width)
        yield from _wrapped(segment["text"], width, INDENT)
    for project in trial["projects"]:
        yield ""
        yield from _project(project, width)
    for lost in trial["lost"]:
        yield ""
        yield from _wrapped(f"! Not described: {lost['error']}", width)


def _project(project: dict[str, Any], width: int) -> Iterator[str]:
    yield from _wrapped(f"* {project['title']}: {project['short_description']}", width)
    lines = [
        project["description"],
        f"tags: {', '.join(project['tags'])}",
        f"link: {project['primary_url'] or 'none'}",
        *(f"{url}: {summary}" for url, summary in project["url_summaries"].items()),
        f"idea {project['idea_score']}/10. {project['idea_reason']}",
        f"complexity {project['complexity_score']}/10. {project['complexity_reason']}",
    ]
    if stored := project["continues"]:
        lines.append(f"continues project {stored['project_id']}, {stored['title']}")
    for line in lines:
        yield from _wrapped(line, width, INDENT)


def _cost(trial: Trial) -> str:
    parts = [f"{trial['seconds']:.2f} s", f"{trial['llm_calls']} calls", f"{trial['calls_cached']} kept answers"]
    if trial["llm_calls"]:
        parts += [f"{trial['tokens_in']:,} tokens in", f"{trial['tokens_out']:,} out"]
        parts += [f"{trial['asked_again']} asked twice"] if trial["asked_again"] else []
    if trial["cost"] is not None:
        parts.append(f"cost {trial['cost']}")
    if trial["mended"]:
        parts.append("mended: " + ", ".join(f"{kind} {times}" for kind, times in sorted(trial["mended"].items())))
    return ", ".join(parts)


def _exchanges(trial: Trial) -> Iterator[str]:
    for number, exchange in enumerate(trial["exchanges"], 1):
        kept = ", kept from before" if exchange["is_kept"] else f", {exchange['seconds']:.1f} s"
        yield f"-- Question {number} to {trial['analyst']}{kept}"
        for message in exchange["asked"]:
            yield f"{message['role']}:"
            yield from textwrap.indent(message["text"], INDENT).split("\n")
        if exchange["thoughts"]:
            yield "thoughts:"
            yield from textwrap.indent(exchange["thoughts"], INDENT).split("\n")
        yield "answer:"
        said = exchange["said"] + (f"\n! {exchange['error']}" if exchange["error"] else "")
        yield from textwrap.indent(said.strip(), INDENT).split("\n")


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Return ``text`` as lines of at most ``width``; those that it has stay apart."""
    lines = [textwrap.wrap(line, width, initial_indent=indent, subsequent_indent=indent) for line in text.split("\n")]
    return [line for wrapped in lines for line in wrapped]
