"""One name for one thing, and one way to write a time, on every page of the admin."""

import re

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.test import override_settings
from django.urls import reverse
from django.utils.html import strip_tags

from comments.models import Post
from tests.waywo_site.test_admin import fill

pytestmark = pytest.mark.django_db

# What a model or another package calls what people know by another name.
OTHER_NAMES = re.compile(r"\b(posts?|periodic tasks?|extractions?|project merges?|idea runs?|queue samples?)\b", re.I)
OTHER_TIMES = re.compile(r"\b\d{1,2}(:\d\d)? [ap]\.m\.|\b(midnight|noon)\b|\b[A-Z][a-z]{2,4}\.? \d{1,2}, \d{4}\b")


def words_of(page: str) -> str:
    """Return what a person reads on a page, its title and placeholders too."""
    named = re.findall(r'(?:title|aria-label|placeholder|data-label)="([^"]*)"', page)
    return "\n".join([strip_tags(re.sub(r"(?s)<(script|style|option)\b.*?</\1>", "", page)), *named])


def pages() -> list[str]:
    """Return the address of every list, and of the first row behind it."""
    found = ["/admin/"]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found += [reverse("admin:app_list", args=[model._meta.app_label]), reverse(f"{name}_changelist")]
        if row := model._default_manager.first():
            found += [reverse(f"{name}_{page}", args=[row.pk]) for page in ("change", "history")]
    return found


def test_every_page_uses_the_names_of_the_menu_and_one_way_to_write_a_time(admin_client, admin_user):
    fill(2)
    for model in admin.site._registry:
        if row := model._default_manager.first():
            LogEntry.objects.create(
                user=admin_user,
                content_type=ContentType.objects.get_for_model(model),
                object_id=row.pk,
                object_repr="x",
                action_flag=CHANGE,
                change_message="Changed.",
            )
    for url in pages():
        read = words_of(admin_client.get(url).text)
        assert not OTHER_NAMES.findall(read), url
        assert not OTHER_TIMES.search(read), url


@pytest.mark.parametrize("page", ["changelist", "change", "history"])
@override_settings(TIME_ZONE="Asia/Tokyo")
def test_a_time_is_in_the_operators_zone_which_stands_once_on_the_page(admin_client, page):
    fill(1)
    arguments = [] if page == "changelist" else [Post.objects.get().pk]
    read = words_of(admin_client.get(reverse(f"admin:comments_post_{page}", args=arguments)).text)
    assert read.count("Asia/Tokyo") == 1
    if page == "change":
        assert "14 Sep 2026 01:00" in read
