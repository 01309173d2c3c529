"""Applies the conditions of a search to projects: tag:, author:, month:, site:, "exact words" and -not."""

from django.contrib.postgres.search import SearchQuery as TextQuery
from django.db.models import Q

from projects.catalogue import in_months, shown_in, tagged
from projects.models import ProjectQuerySet
from projects.search.query import Filters, SearchQuery


def narrowed(projects: ProjectQuerySet, query: SearchQuery) -> ProjectQuerySet:
    """Return those of ``projects`` that fit the conditions of ``query``; its plain words are no condition."""
    for condition in _conditions(query.wanted, every_tag=True):
        projects = projects.filter(condition)
    for condition in _conditions(query.unwanted, every_tag=False):
        projects = projects.exclude(condition)
    if len(query.alternatives) < 2:
        for phrase in query.phrases:
            projects = projects.filter(search_vector=_exactly(phrase))
    for text in query.excluded:
        projects = projects.exclude(search_vector=_exactly(text))
    return projects


def _conditions(filters: Filters, every_tag: bool) -> list[Q]:
    if every_tag:
        found = [Q(tagged([tag])) for tag in filters.tags]
    else:
        found = [Q(tagged(filters.tags))] if filters.tags else []
    if filters.authors or filters.months:
        by = {"comment__author__in": filters.authors} if filters.authors else {}
        found.append(Q(shown_in(in_months(filters.months), **by)))
    if filters.sites:
        on = Q()
        for site in filters.sites:
            on |= Q(canonical_url__startswith=site)
        found.append(on)
    return found


def _exactly(text: str) -> TextQuery:
    return TextQuery(text, search_type="phrase", config="english")
