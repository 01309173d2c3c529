"""Applies the conditions of a search to projects: tag:, author:, month:, site:, "exact words" and -not."""

import re
from typing import Any

from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Lower

from comments.search import spelt
from projects.catalogue import in_months
from projects.expressions import Hosts, Listed
from projects.models import ProjectQuerySet, Submission
from projects.search.query import Filters, SearchQuery
from projects.search.words import all_words, exactly, signed_word, tagged_with


def narrowed(projects: ProjectQuerySet, query: SearchQuery, *, listed: bool = False) -> ProjectQuerySet:
    """Return those of ``projects`` that fit the conditions of ``query``; plain words are no condition.

    Words with signs are one where nothing else is looked for: who types C++ means nothing that is like it. With
    ``listed`` the ids of a tag, month or author come first, which is faster where nothing else makes projects fewer.
    """
    if query.sites or query.unwanted.sites:
        projects = projects.alias(
            hosts=Hosts("primary_url", "urls"),
            addresses=Func(F("urls"), Value(" "), function="array_to_string", output_field=TextField()),
        )
    for condition in _wanted(query.wanted, listed):
        projects = projects.filter(condition)
    for condition in _each(query.unwanted):
        projects = projects.exclude(condition)
    signed = [word for word in query.words if spelt(word)]
    if len(query.alternatives) > 1:
        if query.phrases or signed:
            projects = projects.filter(all_words(query))
    else:
        for phrase in query.phrases:
            projects = projects.filter(exactly(phrase))
        for word in signed if len(signed) == len(query.words) else ():
            projects = projects.filter(signed_word(word))
    for text in query.excluded:
        projects = projects.exclude(exactly(text)).exclude(pk__in=tagged_with(text))
    return projects


def _wanted(filters: Filters, listed: bool) -> list[Q]:
    """Return what must hold: all tags, and of the others one each; month and author of one and the same comment."""
    among = [tagged_with(tag) for tag in filters.tags]
    if filters.authors or filters.months:
        among.append(_posted(filters.authors, filters.months))
    found = [Q(Listed.in_all(among))] if among and listed else [Q(pk__in=ids) for ids in among]
    if filters.sites:
        one_of = Q()
        for site in filters.sites:
            one_of |= _links_to(site)
        found.append(one_of)
    return found


def _each(filters: Filters) -> list[Q]:
    """Return each condition by itself."""
    found = [Q(pk__in=tagged_with(tag)) for tag in filters.tags]
    found += [Q(pk__in=_posted((author,), ())) for author in filters.authors]
    found += [Q(pk__in=_posted((), (month,))) for month in filters.months]
    return found + [_links_to(site) for site in filters.sites]


def _posted(authors: tuple[str, ...], months: tuple[str, ...]) -> QuerySet[Any]:
    """Return the ids of projects that strangers may see in a comment by one of ``authors`` in one of ``months``."""
    posted = Submission.objects.visible().filter(in_months(months))
    if authors:
        names = [author.lower() for author in authors]
        posted = posted.alias(author_name=Lower("comment__author")).filter(author_name__in=names)
    return posted.order_by().values("project")


def _links_to(site: str) -> Q:
    host, _, path = site.partition("/")
    condition = Q(hosts__contains=[host])
    if path:
        address = rf"https?://(www\.)?{re.escape(site)}(?![^/?#\s])"
        condition &= Q(primary_url__iregex=f"^{address}") | Q(addresses__iregex=rf"(^|\s){address}")
    return condition
