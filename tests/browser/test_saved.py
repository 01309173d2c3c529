"""What a visitor's browser keeps, stars, seen, export and import, and the keys."""

import json

import pytest
from playwright.sync_api import Page, expect

from projects.models import Project
from tests.factories import make_project
from tests.projects.site.filling import fill_site


def rows(page: Page) -> list[str]:
    """Return the titles of the saved list."""
    return page.locator("#saved h2").all_inner_texts()


def star(page: Page, title: str):
    return page.get_by_role("button", name=f"Save {title}", exact=True)


def test_a_star_saves_in_this_browser_and_again_forgets(page):
    fill_site()
    page.goto("/projects/")
    button = star(page, "Ledger")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Saved: Ledger")).to_be_visible()
    star(page, "Bread timer").click()
    page.goto("/saved/")
    expect(page.locator("#saved .row")).to_have_count(2)
    assert [title.split("\n")[0] for title in rows(page)] == ["Bread timer", "Ledger"]
    assert page.context.cookies() == []
    star(page, "Ledger").click()
    page.reload()
    expect(page.locator("#saved .row")).to_have_count(1)
    expect(page.get_by_text("1 saved", exact=True)).to_be_visible()


def test_a_project_that_was_opened_is_marked_as_seen(page):
    fill_site()
    page.goto("/projects/")
    expect(page.get_by_text("seen", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Synthesizer", exact=True).click()
    expect(page.locator("h1")).to_contain_text("Synthesizer")
    expect(page.locator("article.project.seen")).to_have_count(0)
    page.goto("/projects/")
    expect(page.locator(".row.seen h2")).to_have_count(1)
    expect(page.locator(".row.seen")).to_contain_text("Synthesizer")
    expect(page.get_by_text("seen", exact=True)).to_be_visible()


def test_an_export_is_imported_elsewhere(page, chromium, live, tmp_path):
    fill_site()
    ledger, chess = (Project.objects.get(title=title) for title in ("Ledger", "Chess engine"))
    page.goto(ledger.get_absolute_url())
    star(page, "Ledger").first.click()
    page.goto("/saved/")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    path = tmp_path / "saved.json"
    download.value.save_as(path)
    content = json.loads(path.read_text())
    assert (content["format"], content["version"]) == ("waywo-saved", 1)
    assert [(entry["id"], entry["title"]) for entry in content["saved"]] == [(ledger.pk, "Ledger")]

    # What makes no sense in a file is left out; nothing of it becomes a part of the page.
    content["saved"] += [
        {"id": chess.pk, "title": "<img src=x onerror=alert(1)>"},
        {"id": "x"},
        None,
        {"id": ledger.pk},
    ]
    path.write_text(json.dumps(content))
    other = chromium.new_context(base_url=live.url).new_page()
    other.goto("/saved/")
    expect(other.get_by_text("Nothing saved yet")).to_be_visible()
    expect(other.get_by_role("button", name="Export")).to_be_disabled()
    other.locator("input[type=file]").set_input_files(path)
    expect(other.get_by_text("2 imported, 2 saved in all.")).to_be_visible()
    expect(other.locator("#saved .row")).to_have_count(2)
    other.locator("input[type=file]").set_input_files(path)
    expect(other.get_by_text("0 imported, 2 saved in all.")).to_be_visible()
    other.get_by_role("button", name="Address of this list").click()
    expect(other).to_have_url(f"/saved/?ids={ledger.pk},{chess.pk}")
    other.context.close()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("{", "is no JSON file"),
        ('{"a": 1}', 'it has no "saved"'),
        ("null", 'it has no "saved"'),
        ('"saved"', "no list"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_words(page, live, tmp_path, text, answer):
    path = tmp_path / "any.json"
    path.write_text(text)
    page.goto("/saved/")
    page.locator("input[type=file]").set_input_files(path)
    expect(page.locator(".said")).to_contain_text(answer)


@pytest.mark.parametrize("kept", ["{", "5", "null", '[1, null, {"id": -1}, {"id": "<b>"}, "x"]'])
def test_a_broken_store_breaks_no_page(page, live, kept):
    make_project(title="Foo")
    page.goto("/projects/")
    page.evaluate("text => { localStorage['waywo.saved'] = text; localStorage['waywo.seen'] = text; }", kept)
    page.reload()
    star(page, "Foo").click()
    page.goto("/saved/")
    expect(page.locator("#saved .row")).to_have_count(1)


def test_a_saved_project_that_is_gone_is_told(page, live):
    project = make_project(title="Foo")
    page.goto("/projects/")
    star(page, "Foo").click()
    Project.objects.filter(pk=project.pk).update(review_status="rejected")
    page.goto("/saved/")
    expect(page.get_by_text("1 saved; 1 of them no longer here")).to_be_visible()


def test_all_is_forgotten_after_a_question(page, live):
    make_project(title="Foo")
    page.goto("/projects/")
    star(page, "Foo").click()
    page.goto("/saved/")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Forget all").click()
    expect(page.locator("#saved .row")).to_have_count(1)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Forget all").click()
    expect(page.locator("#saved .row")).to_have_count(0)
    expect(page.get_by_text("Nothing saved yet")).to_be_visible()


def test_results_while_typing_get_their_stars(page):
    fill_site()
    page.goto("/search")
    page.locator("main input[type=search]").press_sequentially("synthesizer")
    expect(page.locator("#results .row button.star").first).to_be_visible()


def test_keys_walk_save_and_surprise(page):
    fill_site()
    page.goto("/projects/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    first = page.locator(".row").first
    expect(first.locator("h2 a")).to_be_focused()
    page.keyboard.press("s")
    expect(first.locator("button.star")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("r")
    expect(page.locator("article.project h1")).to_be_visible()
    page.keyboard.press("s")
    expect(page.locator("article.project h1 + button.star")).to_be_visible()


def test_the_keys_are_listed_and_can_be_turned_off(page):
    fill_site()
    page.goto("/projects/")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Use these keys").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    for key in ("r", "/", "?", "j"):
        page.keyboard.press(key)
    expect(page).to_have_url("/projects/")
    expect(dialog).to_be_hidden()
    expect(page.locator("body")).to_be_focused()
    # Where they are off, the way back needs none.
    page.get_by_role("button", name="Keys", exact=True).click()
    dialog.get_by_label("Use these keys").check()
    dialog.get_by_role("button", name="Close").click()
    page.keyboard.press("/")
    expect(page.get_by_label("Search projects")).to_be_focused()


def test_letters_typed_into_a_field_are_no_keys(page):
    fill_site()
    page.goto("/tags/")
    field = page.get_by_role("searchbox", name="Find a tag")
    field.press_sequentially("rjs?/")
    expect(field).to_have_value("rjs?/")
    expect(page).to_have_url("/tags/")


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_without_a_script_the_pages_say_what_does_the_same(page):
    fill_site()
    ids = ",".join(str(pk) for pk in Project.objects.values_list("pk", flat=True)[:2])
    page.goto(f"/saved/?ids={ids}")
    expect(page.locator("#saved .row")).to_have_count(2)
    expect(page.get_by_text("The stars need JavaScript")).to_be_visible()
    expect(page.get_by_role("button", name="Export")).to_have_count(0)
    page.goto("/trends/")
    page.get_by_text("The same as a table").first.click()
    expect(page.get_by_role("columnheader", name="Month").first).to_be_visible()
