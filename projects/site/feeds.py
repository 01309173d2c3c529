"""Feeds of projects, one beside each list, and of the digests."""

from collections.abc import Iterable
from contextlib import nullcontext

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from comments.models import Post, Source
from core.api.listing import limited_query
from core.caching import cached_by_version
from projects import trends
from projects.catalogue import in_months, listed_in, published, shown_in
from projects.models import Project, ProjectQuerySet, Tag
from projects.site import atom, digests, filters, searching
from projects.site.charts import month_name, month_text
from projects.site.errors import BadRequest, NoPage, reader_page
from projects.site.listing import shortened
from projects.site.rows import with_row_fields
from projects.trends import Month

ENTRIES = 50
DIGESTS = 12


def project_feed(request: HttpRequest, projects: ProjectQuerySet, title: str, page: str) -> HttpResponse:
    """Return the feed of the newest of ``projects``, or of those in its own order where it has one."""
    # An index says which; of all that fit the rows, which are wide, would be read.
    ordered = projects if projects.query.order_by else projects.order_by("-last_seen_at", "-pk")
    places = {pk: place for place, pk in enumerate(ordered.values_list("pk", flat=True)[:ENTRIES])}
    rows = with_row_fields(Project.objects.filter(pk__in=places))
    rows = rows.defer(None).defer("embedding", "search_vector", "url_summaries")
    return feed_of_rows(request, sorted(rows, key=lambda row: places[row.pk]), title, page)


def feed_of_rows(request: HttpRequest, rows: Iterable[Project], title: str, page: str) -> HttpResponse:
    """Return the feed of ``rows``, projects with what a row shows and their descriptions."""
    feed = atom.new_feed(request, f"Waywo: {title}", page)
    for project in rows:
        last = project.last or {}  # type: ignore[attr-defined]  # of with_row_fields
        author = last.get("author", "")
        feed.add_item(
            title=project.title,
            link=request.build_absolute_uri(project.get_absolute_url()),
            description=render_to_string("projects/site/feed_entry.html", {"project": project}),
            unique_id=atom.tag_uri(request, f"project/{project.pk}"),
            pubdate=project.first_seen_at,
            updateddate=max(project.first_seen_at, project.last_seen_at),
            author_name=author or None,
            author_link=request.build_absolute_uri(reverse("site:author", args=[last["source"], author]))
            if author
            else None,
            categories=project.tag_names,  # type: ignore[attr-defined]
        )
    return atom.answer(feed)


def shown() -> ProjectQuerySet:
    """Return what feeds are about: projects that people posted and strangers may see."""
    return Project.objects.published().posted().order_by()


@cached_by_version
@reader_page
def projects(request: HttpRequest) -> HttpResponse:
    """All projects, or those that the filters of the address leave."""
    wanted = filters.asked(request)
    query = wanted.query()
    page = f"{reverse('site:projects')}?{query}" if query else reverse("site:projects")
    title = ", ".join(each.text for each in filters.held(request, wanted)) or "projects"
    with limited_query() if wanted.given() else nullcontext():
        return project_feed(request, published(wanted, page=True), title, page)


@cached_by_version
@reader_page
def found(request: HttpRequest) -> HttpResponse:
    """What a search finds, newest first."""
    answer = searching.answered(request, with_row_fields(shown()), ENTRIES)
    text = answer.query.text
    if not text:
        raise BadRequest("A feed of a search needs one: /search/feed?q=rust.")
    rows = sorted((hit.project for hit in answer.hits), key=lambda row: (row.last_seen_at, row.pk), reverse=True)
    page = f"{reverse('site:search')}?{urlencode({'q': text, 'mode': searching.asked_mode(request)})}"
    feed = feed_of_rows(request, rows, f"{text} · Search", page)
    return searching.kept_if_whole(feed, answer)


@cached_by_version
@reader_page
def month(request: HttpRequest, month: Month) -> HttpResponse:
    """The projects of a month."""
    if not Post.objects.visible().filter(year=month[0], month=month[1]).exists():
        raise NoPage(f"There is no thread of {month_text(month)}.")
    projects = shown().filter(listed_in(in_months([month_text(month)])))
    return project_feed(request, projects, month_name(month), reverse("site:month", args=[month]))


@cached_by_version
@reader_page
def tag(request: HttpRequest, name: str) -> HttpResponse:
    """The projects with a tag."""
    found = Tag.objects.filter(name=name).first()
    if found is None:
        raise NoPage(f"No project has the tag “{shortened(name)}”.")
    return project_feed(request, trends.shown(found), name, reverse("site:tag", args=[name]))


@cached_by_version
@reader_page
def author(request: HttpRequest, source: str, name: str) -> HttpResponse:
    """The projects of an author."""
    projects = shown().filter(shown_in(comment__source=source, comment__author=name))
    if source not in Source.values or not projects.exists():
        raise NoPage(f"No project of “{shortened(name)}” is here.")
    return project_feed(request, projects, name, reverse("site:author", args=[source, name]))


@cached_by_version
@reader_page
def thread(request: HttpRequest, pk: int) -> HttpResponse:
    """The projects of a thread."""
    post = Post.objects.visible().filter(pk=pk).first()
    if post is None:
        raise NoPage(f"There is no thread {pk} here.")
    projects = shown().filter(listed_in(comment__post=post))
    return project_feed(request, projects, post.title, reverse("site:thread", args=[pk]))


@cached_by_version
@reader_page
def digest(request: HttpRequest) -> HttpResponse:
    """An entry for each month that is over."""
    today = timezone.now().date()
    feed = atom.new_feed(request, "Waywo: digest of each month", reverse("site:digests"))
    rows = [row for row in digests.newest(DIGESTS + 1) if (row.year, row.month) < (today.year, today.month)][:DIGESTS]
    titles = digests.titles_of(rows)
    for row in rows:
        key = row.year, row.month
        page = request.build_absolute_uri(reverse("site:digest", args=[key]))
        over = digests.month_end(key)
        feed.add_item(
            title=month_name(key),
            link=page,
            description=render_to_string(
                "projects/site/digest_entry.html", digests.in_short(row, titles) | {"page": page}
            ),
            unique_id=atom.tag_uri(request, f"digest/{month_text(key)}"),
            pubdate=over,
            updateddate=over,
        )
    return atom.answer(feed)
