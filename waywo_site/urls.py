from typing import Any

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.urls.resolvers import RoutePattern
from django.utils.html import format_html
from django.views.generic import RedirectView

# Here rather than at every start: a command that serves no pages loads no admin. Before what is imported below, which
# has pages of its own in the place of some that this registers.
admin.autodiscover()

from core.admin import saved_views  # noqa: E402
from waywo_site import probes  # noqa: E402
from waywo_site.api import api  # noqa: E402
from waywo_site.dashboard import first_steps, page  # noqa: E402

admin.site.index_title = "Overview"
admin.site.empty_value_display = format_html('<span class="desk-none">{}</span>', "–")
admin.site.index_template = "waywo_site/dashboard/index.html"

# Addresses are kept: these models stood in other apps once.
KEPT_ADMIN_ADDRESSES = {"core/batch/": "comments/batch/", "projects/analytics/": "waywo_site/analytics/"}


def _admin_urls() -> tuple[list[Any], str, str]:
    patterns, app_name, namespace = admin.site.urls
    for entry in patterns:
        if kept := KEPT_ADMIN_ADDRESSES.get(str(entry.pattern)):
            entry.pattern = RoutePattern(kept)
    return patterns, app_name, namespace


urlpatterns = [
    path("admin/dashboard/live/", page.live_view, name="waywo_dashboard_live"),
    path("admin/dashboard/queue/", page.steer_queue, name="waywo_dashboard_queue"),
    path("admin/views/save/", admin.site.admin_view(saved_views.save), name="core_saved_view_save"),
    path("admin/views/<int:pk>/delete/", admin.site.admin_view(saved_views.delete), name="core_saved_view_delete"),
    path(
        "admin/dashboard/first-steps/<str:step>/",
        admin.site.admin_view(first_steps.first_steps),
        name="waywo_first_steps",
    ),
    path("admin/dashboard/past-threads/", admin.site.admin_view(first_steps.past_threads), name="waywo_past_threads"),
    path("admin/", _admin_urls()),
    path("api/", api.urls),
    path("favicon.ico", RedirectView.as_view(url=static("waywo_site/favicon.svg"))),
    path("healthz", probes.healthz),
    path("readyz", probes.readyz),
    path("metrics", probes.metrics_page),
    path("", include("projects.site.urls")),
]
handler400 = "projects.site.errors.bad_request"
handler403 = "waywo_site.security.forbidden"
handler404 = "projects.site.errors.not_found"
