"""One project."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from projects.models import Project
from projects.site.errors import NoPage, reader_page


@reader_page
def project(request: HttpRequest, pk: int, slug: str = "") -> HttpResponse:
    """All that is known of a project."""
    found = Project.objects.published().without_heavy_fields().filter(pk=pk).first()
    if found is None:
        raise NoPage(f"There is no project {pk}.")
    if request.path != found.get_absolute_url():
        return redirect(found, permanent=True)
    return render(request, "projects/site/project.html", {"title": found.title, "project": found})
