"""Projects by chance: a shuffled walk that its seed brings back, and one that surprises."""

import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from core.caching import cached_by_version
from core.index_version import kept
from projects.models import Project, ProjectQuerySet
from projects.shuffling import LONGEST_SEED, new_seed, shuffled
from projects.site.errors import BadRequest, NoPage, reader_page
from projects.site.listing import page_of_rows, shortened

PER_PAGE = 10


@reader_page
def walk(request: HttpRequest) -> HttpResponse:
    """Projects shuffled by ``?seed=``; without one it leads to a walk that nobody made before."""
    if not request.GET.get("seed", "").strip():
        return _not_kept(redirect(f"{reverse('site:random')}?{urlencode({'seed': new_seed()})}"))
    return _walk(request)


@cached_by_version
@reader_page
def _walk(request: HttpRequest) -> HttpResponse:
    seed = request.GET["seed"].strip()
    if len(seed) > LONGEST_SEED or "\0" in seed:
        raise BadRequest(f"seed={shortened(seed)} is no seed: it has {LONGEST_SEED} characters at most.")
    projects = _shown()
    page = page_of_rows(request, shuffled(projects, seed), PER_PAGE, total=_number_of(projects))
    context = {"title": "At random", "seed": seed, "projects": page}
    return render(request, "projects/site/random.html", context)


@reader_page
def surprise(request: HttpRequest) -> HttpResponse:
    """Lead to a project by chance."""
    projects = _shown()
    total = _number_of(projects)
    # By their ids, which an index has with all that is looked at: to shuffle them all would take longer.
    place = secrets.randbelow(total) if total else 0
    found = Project.objects.only("title").filter(pk__in=projects.order_by("pk").values("pk")[place : place + 1]).first()
    if found is None:
        raise NoPage("There is no project yet.")
    return _not_kept(redirect(found))


def _shown() -> ProjectQuerySet:
    return Project.objects.published().posted()


def _number_of(projects: ProjectQuerySet) -> int:
    """Return how many ``_shown()`` are, counted once for each version of the index."""
    return kept(("projects shown", settings.PUBLIC_PROJECTS), projects.count)


def _not_kept(response: HttpResponseRedirect) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
