"""Projects by chance: a shuffled walk that its seed brings back, and one that surprises."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from core.caching import cached_by_version
from core.index_version import kept
from projects.models import Project
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
    projects = Project.objects.published().posted()
    total = kept(("projects shown", settings.PUBLIC_PROJECTS), projects.count)
    page = page_of_rows(request, shuffled(projects, seed), PER_PAGE, total=total)
    context = {"title": "At random", "seed": seed, "projects": page}
    return render(request, "projects/site/random.html", context)


@reader_page
def surprise(request: HttpRequest) -> HttpResponse:
    """Lead to a project by chance."""
    found = shuffled(Project.objects.published().posted().only("title"), new_seed()).first()
    if found is None:
        raise NoPage("There is no project yet.")
    return _not_kept(redirect(found))


def _not_kept(response: HttpResponseRedirect) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
