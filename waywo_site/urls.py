from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from waywo_site import dashboard_page, probes
from waywo_site.api import api

admin.site.index_title = "Overview"
admin.site.index_template = "waywo_site/dashboard/index.html"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/dashboard/live/", dashboard_page.live, name="waywo_dashboard_live"),
    path("admin/dashboard/queue/", dashboard_page.steer_queue, name="waywo_dashboard_queue"),
    path("admin/", admin.site.urls),
    path("api/", api.urls),
    path("healthz", probes.healthz),
    path("readyz", probes.readyz),
    path("metrics", probes.metrics_page),
]
