"""Every page of the admin in a real browser, full of strangers' attacks, and as each role."""

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.urls import reverse
from playwright.sync_api import expect

from tests.waywo_site.test_admin import fill

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def fill_with_attacks() -> None:
    get_user_model().objects.create_superuser("owner")
    fill(2)


def test_no_page_runs_a_strangers_script_breaks_our_policy_or_asks_another_host(page, sign_in):
    sign_in()
    fill_with_attacks()
    ran = []
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    for model, model_admin in admin.site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        answer = page.goto(reverse(f"admin:{name}_changelist"))
        assert answer.status == 200, name
        row = model._default_manager.first()
        if row is not None and model_admin.list_display_links is not None:
            assert page.goto(reverse(f"admin:{name}_change", args=[row.pk])).status == 200, name
    assert page.goto("/admin/password_change/").status == 200
    page.goto("/api/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    assert ran == []


@pytest.mark.parametrize("page", [PHONE, PHONE | {"color_scheme": "dark"}], indirect=True, ids=["light", "dark"])
def test_our_pages_fit_a_phone(page, sign_in):
    sign_in()
    fill_with_attacks()
    lists = ("django_celery_beat_periodictask", "django_celery_results_taskresult")
    schedule = reverse("admin:django_celery_beat_periodictask_add")
    for url in ("/admin/", *(reverse(f"admin:{name}_changelist") for name in lists), schedule):
        page.goto(url)
        page.wait_for_load_state("load")
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{url} is {wider} px wider than the screen"


def test_the_first_page_draws_its_charts_and_fills_its_panels_by_itself(page, sign_in):
    sign_in()
    fill_with_attacks()
    page.goto("/admin/")
    expect(page.locator("#queues [data-part=items] tr")).not_to_have_count(0)
    expect(page.locator("#health [data-part=waiting]")).not_to_have_text("Asking…")
    page.get_by_text("The figures").first.press("Enter")
    expect(page.locator("table[data-figures=months]")).to_contain_text("Projects")
    drawn = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    assert page.locator("canvas").first.evaluate(drawn)


@pytest.mark.parametrize(
    ("group", "may_run", "sees_access"),
    [("Operator", True, True), ("Reviewer", False, False), ("Viewer", False, False)],
)
def test_each_role_clicks_through_what_its_menu_offers(page, sign_in, group, may_run, sees_access):
    fill_with_attacks()
    sign_in(group.lower(), groups=[group])
    page.goto("/admin/")
    menu = page.locator("#nav-sidebar-apps a")
    targets = [menu.nth(place).get_attribute("href") for place in range(menu.count())]
    assert len(targets) >= 8
    assert any("apitoken" in target for target in targets) == sees_access
    assert page.get_by_role("link", name="Flower").count() == 1
    for target in targets:
        if not target.startswith("/"):
            continue  # Flower, which these tests do not run
        assert page.goto(target).status == 200, target
        assert page.get_by_text("You don’t have permission").count() == 0
    page.goto(reverse("admin:django_celery_beat_periodictask_changelist"))
    assert (page.get_by_role("button", name="Run now").count() > 0) == may_run
    assert (page.get_by_role("switch").count() > 0) == may_run
