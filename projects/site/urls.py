"""Addresses of the readers' site. They never die: what is renamed or merged leads on."""

from django.urls import path, register_converter

from projects.site import about, authors, home, months, project, projects, searching, tags, threads, trends
from projects.site.converters import IdConverter, MonthConverter, NameConverter

register_converter(IdConverter, "id")
register_converter(NameConverter, "name")
register_converter(MonthConverter, "month")

app_name = "site"
urlpatterns = [
    path("", home.home, name="home"),
    path("projects/", projects.projects, name="projects"),
    path("projects/<id:pk>/", project.project, name="project"),
    path("projects/<id:pk>/picture.png", project.project_picture, name="project_picture"),
    path("projects/<id:pk>-<slug>/", project.project, name="project"),
    path("months/", months.months, name="months"),
    path("months/<month:month>/", months.month, name="month"),
    path("tags/", tags.tags, name="tags"),
    path("tags/<name:name>/", tags.tag, name="tag"),
    path("authors/", authors.authors, name="authors"),
    path("authors/<slug:source>/<name:name>/", authors.author, name="author"),
    path("threads/<id:pk>/", threads.thread, name="thread"),
    path("trends/", trends.trends, name="trends"),
    path("search", searching.search_page, name="search"),
    path("about", about.about, name="about"),
]
