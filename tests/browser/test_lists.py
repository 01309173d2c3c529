"""Lists of the admin on a phone: cards, actions and filters for a thumb; dialogs of the page, not the browser's."""

import pytest
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import expect

from core.models import SavedView
from projects.models import Tag
from tests.browser.test_pages import PHONE, fill_with_attacks

PROJECTS = "/admin/projects/project/"


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_every_list_is_cards_on_a_phone_without_scrolling_aside(page, sign_in):
    sign_in()
    fill_with_attacks()
    for model in admin.site._registry:
        page.goto(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
        page.wait_for_load_state("load")
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{model._meta.label} is {wider} px wider than the screen"
        rows = page.locator("#result_list tr.data-row")
        if rows.count() == 0:
            continue
        assert rows.first.evaluate("row => getComputedStyle(row).display") == "flex", model._meta.label
        boxes = page.locator("#result_list td.action-checkbox")
        if boxes.count():
            assert boxes.first.evaluate("cell => getComputedStyle(cell, '::before').content") == "none"
            assert boxes.first.bounding_box()["height"] >= 40


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_a_project_is_a_few_lines_on_a_phone_and_can_be_chosen_and_filtered(page, sign_in):
    sign_in()
    fill_with_attacks()
    page.goto(PROJECTS)
    card = page.locator("#result_list tr.data-row").first
    assert card.bounding_box()["height"] < 200
    card.locator("input.action-select").check()
    expect(page.locator("#changelist-actions select")).to_be_visible()
    page.locator("#changelist-actions select").select_option(index=1)
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()
    page.goto(PROJECTS)
    page.locator("a", has_text="Filters").first.click()
    expect(page.locator("#changelist-filter")).to_be_visible()


def test_a_dialog_of_the_page_asks_before_a_view_is_deleted(page, sign_in):
    user = sign_in()
    SavedView.objects.create(user=user, model="projects.tag", name="Rust", query="q=rust")
    Tag.objects.create(name="rust")
    page.goto("/admin/projects/tag/?q=rust")
    delete = page.get_by_role("button", name="Delete the view Rust")
    delete.click()
    dialog = page.get_by_role("dialog", name="Please confirm")
    expect(dialog).to_contain_text("Delete the view “Rust”?")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert SavedView.objects.exists()
    delete.click()
    dialog.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("The view “Rust” was deleted")).to_be_visible()
    assert not SavedView.objects.exists()
