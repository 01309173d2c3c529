"""Whole comments as people write them (``comments.yml``): how many projects, which titles and addresses, which tags."""

import asyncio
import html
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from comments.text import links, plain_text
from projects.extraction.rules import RulesAnalyst
from projects.extraction.schemas import CommentInput, ProjectDescription
from projects.language.embeddings import WordLlamaEmbedder

CASES = yaml.safe_load(Path(__file__).with_name("comments.yml").read_text(encoding="utf-8"))
ADDRESS = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)]")


@cache
def analyst() -> RulesAnalyst:
    return RulesAnalyst(embed=WordLlamaEmbedder().embed_now)


def served(text: str) -> str:
    """Return ``text`` as Hacker News serves it."""
    linked = ADDRESS.sub(
        lambda match: f'<a href="{match[0]}" rel="nofollow">{match[0]}</a>', html.escape(text, quote=False)
    )
    return linked.replace("\n\n", "<p>")


def read(text: str) -> list[ProjectDescription]:
    source = served(text)
    comment = CommentInput(comment_id=1, author="ada", text=plain_text(source), links=tuple(links(source)))

    async def reading() -> list[ProjectDescription]:
        found = [segment for segment in await analyst().segment(comment) if segment.is_project]
        return [await analyst().describe(segment, comment, []) for segment in found]

    return asyncio.run(reading())


def fits(project: ProjectDescription, wanted: list[Any]) -> bool:
    titles, address = wanted
    allowed = titles if isinstance(titles, list) else [titles]
    named = None in allowed or project.title.lower() in [title.lower() for title in allowed]
    return named and address in (None, project.primary_url)


@pytest.mark.parametrize("case", CASES, ids=[case["text"][:40] for case in CASES])
def test_a_comment_is_read_as_a_careful_editor_would(case):
    projects = read(case["text"])
    assert [(project.title, project.primary_url) for project in projects] == [
        (project.title, project.primary_url)
        for project, wanted in zip(projects, case["projects"], strict=True)
        if fits(project, wanted)
    ]
    assert not {project.title for project in projects} & set(case.get("never", ()))
    if wanted_tags := case.get("tags"):
        assert {tag for project in projects for tag in project.tags} & set(wanted_tags)
