"""Addresses of the readers' site. They never die: what is renamed or merged leads on."""

from django.urls import path, re_path, register_converter

from projects.site import (
    about,
    ask,
    authors,
    digests,
    errors,
    feeds,
    home,
    map_data,
    months,
    project,
    projects,
    saved,
    searching,
    sitemaps,
    tags,
    threads,
    trends,
    walking,
)
from projects.site import map as map_pages
from projects.site.converters import IdConverter, MonthConverter, NameConverter

register_converter(IdConverter, "id")
register_converter(NameConverter, "name")
register_converter(MonthConverter, "month")

app_name = "site"
urlpatterns = [
    path("", home.home, name="home"),
    path("projects/", projects.projects, name="projects"),
    path("projects/feed", feeds.projects, name="projects-feed"),
    path("projects/<id:pk>/", project.project, name="project"),
    path("projects/<id:pk>/picture.png", project.project_picture, name="project_picture"),
    path("projects/<id:pk>-<slug>/", project.project, name="project"),
    path("months/", months.months, name="months"),
    path("months/<month:month>/", months.month, name="month"),
    path("months/<month:month>/feed", feeds.month, name="month-feed"),
    path("tags/", tags.tags, name="tags"),
    path("tags/<name:name>/", tags.tag, name="tag"),
    path("tags/<name:name>/feed", feeds.tag, name="tag-feed"),
    path("authors/", authors.authors, name="authors"),
    path("authors/<slug:source>/<name:name>/", authors.author, name="author"),
    path("authors/<slug:source>/<name:name>/feed", feeds.author, name="author-feed"),
    path("threads/<id:pk>/", threads.thread, name="thread"),
    path("threads/<id:pk>/feed", feeds.thread, name="thread-feed"),
    path("trends/", trends.trends, name="trends"),
    path("trends/months/", trends.compare, name="compare"),
    path("digests/", digests.digests, name="digests"),
    path("digests/feed", feeds.digest, name="digest-feed"),
    path("digests/<month:month>/", digests.digest, name="digest"),
    path("random/", walking.walk, name="random"),
    path("random/one", walking.surprise, name="surprise"),
    path("saved/", saved.saved, name="saved"),
    path("search", searching.search_page, name="search"),
    path("search/feed", feeds.found, name="search-feed"),
    path("map", map_pages.map_page, name="map"),
    path("map/dots", map_data.dots, name="map-dots"),
    path("map/found", map_data.found, name="map-found"),
    path("map/titles", map_data.titles, name="map-titles"),
    path("map/projects/<id:pk>/", map_data.beside, name="map-project"),
    path("map/clusters/<id:number>/", map_pages.area, name="map-area"),
    path("map/clusters/between/", map_pages.between, name="map-between"),
    path("ask", ask.ask, name="ask"),
    path("ask/<uuid:pk>", ask.question, name="question"),
    path("ask/shared/<uuid:share_id>", ask.shared, name="shared"),
    path("about", about.about, name="about"),
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("sitemap-<slug:section>.xml", sitemaps.part, name="sitemap-part"),
    path("robots.txt", sitemaps.robots, name="robots"),
    # Last: whatever is no address of the site, nor of what stands beside it.
    re_path("^(?!(?:admin|api|static)(?:/|$))", errors.no_such_page, name="nothing"),
]
