"""The admin's menu, by what people come for. What is not named here stands under its app's name."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.cache import cache
from django.db.models import Count, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import escape

from comments.models import Comment
from core.admin.saved_views import canonical, views_of
from core.models import BatchTask
from projects.models import Project
from waywo_site.models import Alert
from waywo_site.operations.health.findings import OK

# Section -> its entries: model (app_label.model) -> name and symbol.
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Index": {
        "projects.project": ("Projects", "lightbulb"),
        "projects.tag": ("Tags", "sell"),
        "projects.reviewaction": ("History", "history"),
        "projects.page": ("Linked pages", "link"),
        "projects.analytics": ("Figures by month", "table_chart"),
    },
    "Ideas": {"ideas.idearun": ("New ideas", "emoji_objects")},
    "Hacker News": {
        "comments.post": ("Threads", "forum"),
        "comments.candidate": ("Candidates", "person_search"),
        "comments.comment": ("Comments", "chat_bubble"),
        "projects.extraction": ("Readings", "auto_stories"),
        "projects.question": ("Questions", "help"),
        "comments.removedauthor": ("Removed authors", "person_off"),
    },
    "Running": {
        "django_celery_beat.periodictask": ("Schedules", "schedule"),
        "core.batch": ("Batches", "stacks"),
        "django_celery_results.taskresult": ("Task results", "task"),
    },
    "Health": {
        "waywo_site.healthresult": ("Health checks", "monitor_heart"),
        "waywo_site.alert": ("Alerts", "notifications"),
        "waywo_site.queuesample": ("Queue lengths", "table_chart"),
    },
    "Access": {
        "auth.user": ("Users", "person"),
        "auth.group": ("Groups", "group"),
        "waywo_site.apitoken": ("API tokens", "key"),
    },
}

# Pages that stand behind the list of a model, for who may see that: name, symbol, address.
BEHIND = {
    "projects.project": ("Review", "rate_review", "admin:projects_project_review"),
    "comments.post": ("Sources", "rss_feed", "admin:comments_post_sources"),
    "comments.comment": ("Failures", "error", "admin:comments_comment_failures"),
}

# What is counted beside an entry of the menu, by its address: the rows, and how loud it is.
COUNTED: dict[str, tuple[Callable[[], QuerySet[Any]], str]] = {
    # As the page itself counts them: generated ideas and what is snoozed beside them.
    "admin:projects_project_review": (lambda: Project.objects.posted().awake(), "info"),
    "admin:comments_comment_failures": (lambda: Comment.objects.fell_short(), "danger"),
    "admin:core_batch_changelist": (lambda: BatchTask.objects.open(), "info"),
    "admin:waywo_site_alert_changelist": (lambda: Alert.objects.exclude(state=OK), "danger"),
}
# Each page of the admin shows them.
COUNTS_KEPT_SECONDS = 5


def counts() -> dict[str, int]:
    """Return how many there are of what the menu counts, by address: one query, at most every few seconds."""

    def counting() -> dict[str, int]:
        first, *others = (
            rows().order_by().annotate(entry=Value(entry)).values("entry").annotate(rows=_counted(entry))
            for entry, (rows, _) in COUNTED.items()
        )
        return dict(first.union(*others, all=True).values_list("entry", "rows"))

    return cache.get_or_set("menu-counts", counting, COUNTS_KEPT_SECONDS) or {}


def _counted(entry: str) -> Count:
    # Of batches those count that have a task under way.
    return Count("batch", distinct=True) if entry == "admin:core_batch_changelist" else Count("pk")


def sections(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the menu for this person: only what they may see."""
    seen: dict[str, tuple[str, dict[str, Any]]] = {}
    for app in admin.site.get_app_list(request):
        for model in app["models"]:
            if model.get("admin_url"):
                seen[model["model"]._meta.label_lower] = (app["name"], model)
    menu: list[dict[str, Any]] = [{"items": [_item("Overview", "dashboard", reverse("admin:index"))]}]
    menu.append({"title": "Saved views", "separator": True, "items": _saved(request)})
    for title, entries in SECTIONS.items():
        items = []
        for label, (name, symbol) in entries.items():
            if label in seen:
                items += _with_what_is_behind(request, label, _item(name, symbol, seen.pop(label)[1]["admin_url"]))
                if label == "django_celery_results.taskresult":
                    items.append(_item("Flower ↗", "local_florist", settings.FLOWER_PUBLIC_URL))
        menu.append({"title": title, "separator": True, "items": items})
    others: dict[str, list[dict[str, Any]]] = {}
    for app_name, model in seen.values():
        others.setdefault(app_name, []).append(_item(str(model["name"]), "table_rows", model["admin_url"]))
    menu += [{"title": title, "separator": True, "items": items} for title, items in others.items()]
    menu = [section for section in menu if section["items"]]
    _count(menu)
    return menu


def _with_what_is_behind(request: HttpRequest, label: str, item: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entry of a model's list, and that of the page behind it where there is one."""
    if label not in BEHIND:
        return [item]
    page, symbol, view = BEHIND[label]
    address = reverse(view)
    # Unfold would mark the list too: its address is the beginning of this page's.
    on_page = {"active": False} if request.path.startswith(address) else {}
    return [item | on_page, _item(page, symbol, address)]


def _saved(request: HttpRequest) -> list[dict[str, Any]]:
    shown = f"{request.path}?{canonical(request.GET)}"
    # Unfold writes titles as they are.
    return [
        _item(escape(view.name), "bookmark", address) | {"active": address == shown}
        for view, address in views_of(request)
    ]


def _count(menu: list[dict[str, Any]]) -> None:
    """Write the counts that are not 0 beside their entries."""
    found = {reverse(entry): (entry, count) for entry, count in counts().items() if count}
    for section in menu:
        for item in section["items"]:
            if item["link"] in found:
                entry, count = found[item["link"]]
                item |= {"badge": f"{count:,}", "badge_variant": COUNTED[entry][1]}


def _item(title: str, symbol: str, link: str) -> dict[str, Any]:
    return {"title": title, "icon": symbol, "link": link}
