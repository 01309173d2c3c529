"""The admin's menu, by what people come for. What is not named here stands under its app's name."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

# Section -> its entries: model (app_label.model) -> name and symbol.
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Index": {
        "projects.project": ("Projects", "lightbulb"),
        "projects.tag": ("Tags", "sell"),
        "projects.reviewaction": ("History", "history"),
        "projects.page": ("Linked pages", "link"),
        "projects.analytics": ("Figures by month", "bar_chart"),
    },
    "Ideas": {"ideas.idearun": ("New ideas", "emoji_objects")},
    "Hacker News": {
        "comments.post": ("Threads", "forum"),
        "comments.candidate": ("Candidates", "person_search"),
        "comments.comment": ("Comments", "chat_bubble"),
        "projects.extraction": ("Readings", "auto_stories"),
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
        "waywo_site.queuesample": ("Queue lengths", "stacked_line_chart"),
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


def sections(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the menu for this person: only what they may see."""
    seen: dict[str, tuple[str, dict[str, Any]]] = {}
    for app in admin.site.get_app_list(request):
        for model in app["models"]:
            if model.get("admin_url"):
                seen[model["model"]._meta.label_lower] = (app["name"], model)
    menu: list[dict[str, Any]] = [{"items": [_item("Overview", "dashboard", reverse("admin:index"))]}]
    for title, entries in SECTIONS.items():
        items = []
        for label, (name, symbol) in entries.items():
            if label in seen:
                items.append(_item(name, symbol, seen.pop(label)[1]["admin_url"]))
                if label in BEHIND:
                    page, its_symbol, view = BEHIND[label]
                    items.append(_item(page, its_symbol, reverse(view)))
        menu.append({"title": title, "separator": True, "items": items})
    others: dict[str, list[dict[str, Any]]] = {}
    for app_name, model in seen.values():
        others.setdefault(app_name, []).append(_item(str(model["name"]), "table_rows", model["admin_url"]))
    menu += [{"title": title, "separator": True, "items": items} for title, items in others.items()]
    return [section for section in menu if section["items"]]


def _item(title: str, symbol: str, link: str) -> dict[str, Any]:
    return {"title": title, "icon": symbol, "link": link}
