"""Finds projects by their words, and by the few letters that a person types."""

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, QuerySet

from comments.search import beginnings
from projects.models import Project, ProjectQuerySet


def with_words(projects: ProjectQuerySet, text: str) -> ProjectQuerySet:
    """Return those of ``projects`` whose texts hold the words of ``text``; it may say "exact words", or, -not."""
    return projects.filter(search_vector=words_query(text))


def typed(projects: QuerySet[Project], text: str) -> QuerySet[Project]:
    """Return those of ``projects`` whose texts have words that begin as all words of ``text`` do.

    So have those with a tag of that name or alias, an address that holds it, or that id. All of it where ``text`` is
    empty. Each condition has an index but the address, which is looked at only for a text with a dot or a slash.
    """
    text = text.strip().replace("\0", "")
    if not text:
        return projects
    found = Q()
    if (query := beginnings(text)) is not None:
        found |= Q(pk__in=Project.objects.filter(search_vector=query).values("pk"))
        tagged = Project.tags.through.objects.filter(Q(tag__name=text.lower()) | Q(tag__aliases__name=text.lower()))
        found |= Q(pk__in=tagged.values("project"))
    if "." in text or "/" in text:
        found |= Q(pk__in=Project.objects.filter(primary_url__icontains=text).values("pk"))
    if text.isdecimal() and len(text) < 19:
        found |= Q(pk=int(text))
    return projects.filter(found) if found else projects.none()


def words_query(text: str) -> SearchQuery:
    """Return the full-text query of ``text``; it may say "exact words", or, -not."""
    return SearchQuery(text, search_type="websearch", config="english")
