"""What the search of the admin's menu finds beside its pages: projects, authors and tags."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from unfold.dataclasses import SearchResult

from comments.models import Source
from comments.search import by_author
from projects.models import Project, Tag
from projects.search.words import typed

MOST = 8


def found(request: HttpRequest, text: str) -> list[SearchResult]:
    """Return what has ``text``, as far as the person may see it; where nothing has, a line that says so."""
    results = [row for search in (_projects, _authors, _tags) for row in search(request.user, text)]
    if results or not request.user.has_perm("projects.view_project"):
        return results
    nothing = f"No project, author or tag has “{text}”"
    return [SearchResult(nothing, "look among the comments", _list("comments_comment", q=text), "search_off")]


def _projects(user: Any, text: str) -> Iterator[SearchResult]:
    if not user.has_perm("projects.view_project"):
        return
    newest = Project.objects.order_by("-last_seen_at", "-id").only("title", "short_description")
    rows = list(typed(newest, text)[: MOST + 1])
    for row in rows[:MOST]:
        url = reverse("admin:projects_project_change", args=[row.pk])
        yield SearchResult(row.title, row.short_description or "project", url, "lightbulb")
    if len(rows) > MOST:
        yield SearchResult(f"All projects with “{text}”", "projects", _list("projects_project", q=text), "list")


def _authors(user: Any, text: str) -> Iterator[SearchResult]:
    if not user.has_perm("comments.view_comment"):
        return
    names = by_author(text).order_by("author", "source").values_list("author", "source").distinct()[:MOST]
    for name, source in names:
        yield SearchResult(name, f"author on {Source(source).label}", _list("comments_comment", q=name), "person")


def _tags(user: Any, text: str) -> Iterator[SearchResult]:
    if not user.has_perm("projects.view_tag"):
        return
    for tag in Tag.objects.filter(name__startswith=text.lower())[:MOST]:
        yield SearchResult(tag.name, "tag", reverse("admin:projects_tag_change", args=[tag.pk]), "sell")


def _list(name: str, **query: str) -> str:
    return f"{reverse(f'admin:{name}_changelist')}?{urlencode(query)}"
