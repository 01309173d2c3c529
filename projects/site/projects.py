"""All projects, narrowed down by filters."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from projects.models import Project
from projects.site.errors import reader_page
from projects.site.listing import list_context


@reader_page
def projects(request: HttpRequest) -> HttpResponse:
    """The list, as rows or cards."""
    context = list_context(request, Project.objects.published().posted())
    return render(request, "projects/site/projects.html", {"title": "Projects"} | context)
