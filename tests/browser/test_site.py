"""The readers' site in a real browser: its main paths, without scripts, and accessible."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.projects.site.filling import PATTERNS, address, fill_site, name_of

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
NO_SCRIPT = {"java_script_enabled": False}
# A window of 1280 x 1024 at 400 %, in which WCAG 1.4.10 allows no scrolling sideways.
ZOOMED = {"width": 320, "height": 256}
OVERLONG = "Donaudampfschifffahrtsgesellschaftskapitaen" * 3
# Whether what has the focus is seen to have it.
IS_MARKED = """() => { const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2; }"""


def breaches(page: Page) -> list[str]:
    """Return what axe-core finds against WCAG 2.2 AA and its best practices: the rule and where."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}}).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def wider_than_the_screen(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize("pattern", PATTERNS, ids=name_of)
def test_a_page_is_accessible_and_fits_every_screen(page, pattern):
    url = address(pattern, fill_site())
    if "<!doctype html>" not in page.request.get(url).body().decode(errors="ignore"):
        pytest.skip("A feed, a picture or a part of a page")
    page.goto(url)
    assert breaches(page) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert breaches(page) == []
    page.set_viewport_size(PHONE["viewport"])
    assert breaches(page) == []
    assert wider_than_the_screen(page) <= 0
    page.set_viewport_size(ZOOMED)
    assert wider_than_the_screen(page) <= 0
    page.emulate_media(media="print")
    for each in page.locator("nav, form, button, .skip, .filters").all():
        expect(each).to_be_hidden()
    expect(page.locator(".paper")).to_have_text(page.url)


def test_overlong_words_of_strangers_break_instead_of_widening_a_page(page):
    from comments.models import Comment
    from projects.models import Project, Tag

    fill_site()
    Project.objects.update(
        title=OVERLONG, short_description=OVERLONG, description=OVERLONG, primary_url=f"https://{'a' * 60}.example/"
    )
    Comment.objects.update(author=OVERLONG[:60])
    Tag.objects.filter(name="games").update(name=OVERLONG[:50].lower())
    page.set_viewport_size(ZOOMED)
    project = Project.objects.first().get_absolute_url()
    for url in ("/", "/projects/", "/projects/?view=cards", project, "/tags/", "/authors/", f"/search?q={OVERLONG}"):
        page.goto(url)
        assert wider_than_the_screen(page) <= 0, url


def test_paper_shows_what_is_folded_away_and_where_links_lead(page):
    known = fill_site()
    page.goto(address(next(each for each in PATTERNS if each.name == "project"), known))
    page.emulate_media(media="print")
    quotes = page.locator("blockquote.comment")
    expect(quotes).to_have_count(3)
    for quote in quotes.all():
        expect(quote).to_be_visible()
    after = page.locator(".visit a").evaluate("link => getComputedStyle(link, '::after').content")
    assert "https://site0.example/a/long/path" in after


@pytest.mark.parametrize("url", ["/projects/999999/", "/projects/?page=x", "/search?q=zzzz&page=7", "/search?q=zzzz"])
def test_a_page_that_says_no_is_accessible(page, live, url):
    page.goto(url)
    assert breaches(page) == []


def test_an_empty_index_says_what_to_do(page, live, sign_in):
    page.goto("/")
    expect(page.get_by_text("Threads are still to be collected")).to_be_visible()
    assert breaches(page) == []
    sign_in()
    page.goto("/")
    page.get_by_role("link", name="add a thread").click()
    expect(page).to_have_url("/admin/comments/post/add/")


def test_a_search_is_begun_by_key_and_answers_while_one_types(page):
    fill_site()
    page.goto("/projects/")
    page.keyboard.press("/")
    page.keyboard.type("ledger")
    page.keyboard.press("Enter")
    expect(page.locator("#results .row").first).to_contain_text("Ledger")
    field = page.locator("main input[type=search]")
    field.fill("synthesizer")
    expect(page.locator("#results .row h2").first).to_contain_text("Synthesizer")
    expect(page).to_have_url("/search?q=synthesizer")
    page.locator("#results .row a").first.click()
    expect(page.locator("h1")).to_contain_text("Synthesizer")
    page.go_back()
    expect(page.locator("#results .row h2").first).to_contain_text("Synthesizer")
    expect(page.locator("main nav, header nav").first).to_be_visible()


def test_fast_typing_asks_once_and_the_last_answer_stands(page):
    fill_site()
    page.goto("/")
    asked = []
    page.on("request", lambda sent: asked.append(sent.url) if "/search?" in sent.url else None)
    page.locator("main input[type=search]").press_sequentially("chess", delay=20)
    expect(page.locator("#results .row h2").first).to_contain_text("Chess engine")
    assert asked[-1].endswith("q=chess")
    assert len(asked) < len("chess")


@pytest.mark.parametrize("page", [{}, NO_SCRIPT, PHONE | NO_SCRIPT], indirect=True, ids=["script", "none", "phone"])
def test_a_reader_comes_from_the_first_page_to_a_project_and_its_like(page):
    fill_site()
    page.goto("/")
    page.get_by_role("link", name="All projects").click()
    if page.viewport_size["width"] < 600:
        page.locator(".all-filters > summary").click()
    page.get_by_role("link", name="games", exact=True).first.click()
    expect(page.locator(".held")).to_contain_text("tag: games")
    page.get_by_role("link", name="Cards").click()
    expect(page.locator(".card").first).to_be_visible()
    page.locator(".card h2 a").first.click()
    expect(page.locator("blockquote mark").first).to_be_visible()
    page.locator("#alike-title ~ .cards a").first.click()
    expect(page.locator("article.project h1")).to_be_visible()


@pytest.mark.parametrize("page", [NO_SCRIPT], indirect=True, ids=["none"])
def test_search_works_without_scripts(page):
    fill_site()
    page.goto("/")
    page.locator("main input[type=search]").fill("ledger")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#results .row h2").first).to_contain_text("Ledger")


def test_everything_is_reached_by_keyboard_and_the_focus_is_seen(page):
    fill_site()
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("main input[type=search]")).to_be_focused()


@pytest.mark.parametrize("name", ["home", "projects", "project", "trends"])
def test_each_stop_of_the_tab_key_is_seen(page, name):
    known = fill_site()
    page.goto(address(next(each for each in PATTERNS if each.name == name), known))
    stops = 0
    while True:
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        stops += 1
        assert page.evaluate(IS_MARKED), page.evaluate("document.activeElement.outerHTML")
    assert stops > 20


def test_staff_get_to_the_admin_and_back(page, sign_in):
    fill_site()
    sign_in()
    page.goto("/projects/")
    title = page.locator(".row h2 a").first.inner_text()
    page.locator(".row h2 a").first.click()
    page.get_by_role("link", name="Edit").click()
    expect(page.locator("input[name=title]")).to_have_value(title)
    page.get_by_role("link", name="View on site").click()
    expect(page.locator("h1")).to_contain_text(title)


def test_a_strangers_text_runs_nothing(page):
    from projects.models import Project

    fill_site()
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    Project.objects.update(title=evil, short_description=evil, description=evil)
    ran = []
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    for url in (
        "/",
        "/projects/",
        "/projects/?view=cards",
        f"/search?q={evil}",
        Project.objects.first().get_absolute_url(),
    ):
        page.goto(url)
        expect(page.locator("h1")).to_be_visible()
    assert ran == []
