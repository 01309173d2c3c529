"""The map of the readers' site in a real browser: drawn, moved, searched, by pointer, finger and keyboard."""

import io
import json

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from projects.mapping.models import Cluster, Drawing
from projects.models import Project
from tests.browser.test_site import NO_SCRIPT, PHONE, breaches, wider_than_the_screen
from tests.projects.site.filling import fill_site
from tests.waiting import wait_until

STAGE = ".map-stage"


def opened(page: Page, url: str = "/map") -> None:
    """Go to the map and wait until its dots are drawn."""
    page.goto(url)
    expect(page.locator(STAGE)).to_have_attribute("data-drawn", "7")


def view(page: Page) -> dict[str, float]:
    """Return the middle of what is seen, and how near it is."""
    return page.locator(STAGE).evaluate("stage => stage.waywo.view.place()")


# Whether the view is the same two frames later: a movement changes it with each.
STANDS = """async stage => {
    const was = JSON.stringify(stage.waywo.view.place());
    const frame = () => new Promise(requestAnimationFrame);
    await frame();
    await frame();
    return JSON.stringify(stage.waywo.view.place()) === was;
}"""


def spot(page: Page, title: str) -> dict[str, float]:
    """Return where on the stage the dot of a project is, in pixels."""
    pk = Project.objects.get(title=title).pk
    left, top = page.locator(STAGE).evaluate(
        "(stage, id) => { const { view, dots } = stage.waywo; return view.pixels(dots.at(dots.places.get(id))); }", pk
    )
    return {"x": left, "y": top}


def colours_at(page: Page, place: dict[str, float]) -> set[tuple[int, ...]]:
    """Return the colours of a few pixels around a place of the canvas, as they stand on the screen."""
    image = Image.open(io.BytesIO(page.locator(f"{STAGE} canvas").screenshot())).convert("RGB")
    x, y = round(place["x"]), round(place["y"])
    return set(image.crop((x - 2, y - 2, x + 3, y + 3)).get_flattened_data())


def kept(page: Page) -> dict[str, str]:
    """Return what stands behind "#" of the address."""
    return json.loads(page.evaluate("JSON.stringify(Object.fromEntries(new URLSearchParams(location.hash.slice(1))))"))


def test_every_project_is_a_dot_where_it_belongs(page):
    fill_site()
    opened(page)
    expect(page.locator(".map-count")).to_have_text("7 projects on the map.")
    empty = colours_at(page, {"x": 20, "y": 20})
    for title in Project.objects.values_list("title", flat=True):
        assert colours_at(page, spot(page, title)) != empty, title
    expect(page.locator(".legend")).to_contain_text("rust")
    page.get_by_label("Colour by").select_option("month")
    expect(page.locator(".legend li")).to_have_text(["Sep 2026"])


def press_and_wait(page: Page, key: str, moved: str) -> None:
    """Press a key and wait until the view, before as ``was``, fulfils the script's condition ``moved`` and stands."""
    script = (
        f"was => {{ const {{ x, y, zoom }} = document.querySelector('{STAGE}').waywo.view.place(); return {moved}; }}"
    )
    was = page.locator(STAGE).evaluate("stage => stage.waywo.view.place()")
    page.keyboard.press(key)
    wait_until(lambda: page.evaluate(script, was), f"{key}: {moved}")
    wait_until(lambda: page.locator(STAGE).evaluate(STANDS), f"{key}: the view stands")


def test_names_of_areas_follow_the_zoom(page):
    fill_site()
    opened(page)
    broad, fine = page.locator(".map-names .broad"), page.locator(".map-names .fine")
    expect(broad).to_have_css("visibility", "visible")
    expect(fine.first).to_have_css("visibility", "hidden")
    page.locator(STAGE).focus()
    for _ in range(2):
        press_and_wait(page, "+", "zoom > 1.59 * was.zoom")
    expect(fine.first).to_have_css("visibility", "visible")
    for _ in range(2):
        press_and_wait(page, "+", "zoom > 1.59 * was.zoom")
    expect(broad).to_have_css("visibility", "hidden")


def test_areas_of_a_small_index_which_has_no_broad_ones_are_named_from_afar(page):
    fill_site()
    Cluster.objects.filter(level=1).update(parent=None)
    Cluster.objects.filter(level=0).delete()
    opened(page)
    expect(page.locator(".map-names .fine").first).to_have_css("visibility", "visible")


def test_of_names_at_one_place_one_is_shown(page):
    fill_site()
    more = [
        Cluster(drawing=Drawing.objects.get(), number=number, level=0, name=f"Area {number}", x=0, y=0, projects=1)
        for number in range(3, 9)
    ]
    Cluster.objects.bulk_create(more)
    opened(page)
    shown = page.locator(".map-names .broad").evaluate_all(
        "names => names.filter((name) => getComputedStyle(name).visibility === 'visible').map((name) => name.innerText)"
    )
    assert shown == ["Making things"]


def test_keys_move_the_map_and_show_all_of_it_again(page):
    fill_site()
    opened(page)
    page.locator(STAGE).focus()
    press_and_wait(page, "+", "zoom > 1.59 * was.zoom")
    press_and_wait(page, "ArrowRight", "x > was.x + 0.2")
    press_and_wait(page, "ArrowDown", "y < was.y - 0.1")
    press_and_wait(page, "-", "Math.abs(zoom - 1) < 0.01")
    press_and_wait(page, "0", "Math.abs(x) < 0.001 && Math.abs(y) < 0.001")


def test_wheel_drag_and_buttons_move_it_too(page):
    fill_site()
    opened(page)
    box = page.locator(STAGE).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -400)
    wait_until(lambda: view(page)["zoom"] > 1.2, "The wheel zooms")
    before = view(page)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 - 150, box["y"] + box["height"] / 2 - 80, steps=4)
    page.mouse.up()
    wait_until(lambda: view(page)["x"] > before["x"] and view(page)["y"] < before["y"], "Dragging moves")
    page.get_by_role("button", name="The whole map").click()
    wait_until(lambda: abs(view(page)["zoom"] - 1) < 0.001, "All of it")


def test_a_dot_tells_its_title_and_a_click_opens_its_project(page):
    fill_site()
    opened(page)
    page.locator(STAGE).hover(position=spot(page, "Chess engine"))
    expect(page.locator(".map-mark span")).to_have_text("Chess engine")
    page.locator(STAGE).click(position=spot(page, "Chess engine"))
    panel = page.locator(".map-beside")
    expect(panel.locator("h2")).to_contain_text("Chess engine")
    expect(panel.locator("button.star")).to_be_visible()
    expect(panel).to_contain_text("lies in Making things › Sound")
    assert breaches(page) == []
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()
    page.locator(STAGE).click(position=spot(page, "Ledger"))
    panel.get_by_role("link", name="Ledger").first.click()
    expect(page.locator("article.project h1")).to_have_text("Ledger")
    page.get_by_role("link", name="Show on the map").click()
    expect(page.locator(".map-beside h2")).to_contain_text("Ledger")
    assert abs(view(page)["x"] + 0.5) < 0.01


def test_without_a_mouse_dots_are_walked_through_and_opened(page):
    fill_site()
    opened(page)
    page.locator(STAGE).focus()
    expect(page.locator(STAGE)).to_be_focused()
    said = page.locator(".map-said")
    for key, told in (("n", "1 of 7 in sight"), ("n", "2 of 7"), ("p", "1 of 7"), ("p", "7 of 7")):
        page.keyboard.press(key)
        expect(said).to_contain_text(told)
    page.keyboard.press("Enter")
    title = said.inner_text().split(".")[0]
    expect(page.locator(".map-beside h2 a")).to_be_focused()
    expect(page.locator(".map-beside h2 a")).to_have_text(title)
    page.keyboard.press("Escape")
    expect(page.locator(".map-beside")).to_be_hidden()
    expect(page.locator(STAGE)).to_be_focused()


def test_a_search_and_a_filter_light_up_what_fits(page):
    fill_site()
    opened(page)
    page.get_by_label("Colour by").select_option("month")
    seen = colours_at(page, spot(page, "Ledger"))
    field = page.get_by_role("searchbox", name="Light up what is about")
    field.fill('"Chess engine"')
    field.press("Enter")
    expect(page.locator(".map-said")).to_contain_text("1 project is lit.")
    expect(page.locator(STAGE)).to_have_attribute("data-lit", "1")
    wait_until(lambda: colours_at(page, spot(page, "Ledger")) != seen, "The others are dimmed")
    assert colours_at(page, spot(page, "Chess engine")) & seen
    expect(page.locator(".held")).to_contain_text("words: ")
    page.locator(".held a").first.click()
    expect(page.locator(STAGE)).to_have_attribute("data-lit", "")
    page.locator(".map-filters > summary").click()
    page.locator(".map-filters").get_by_role("link", name="rust", exact=True).click()
    expect(page.locator(".map-said")).to_contain_text("are lit.")
    expect(page.locator(".held")).to_contain_text("tag: rust")
    expect(page.locator(".map-filters a[aria-current]")).to_be_focused()
    lit = page.locator(STAGE).get_attribute("data-lit")
    assert int(lit) == Project.objects.filter(tags__name="rust").count()
    page.get_by_role("link", name="As a list").click()
    expect(page.locator(".count")).to_have_text(f"{lit} projects")


def test_the_address_keeps_what_is_seen(page):
    fill_site()
    opened(page)
    page.get_by_label("Colour by").select_option("score")
    expect(page.locator(".legend")).to_contain_text("10")
    page.get_by_role("searchbox", name="Light up what is about").fill("tag:rust")
    page.get_by_role("button", name="Light up").click()
    expect(page.locator(".map-said")).to_contain_text("are lit.")
    page.locator(STAGE).focus()
    press_and_wait(page, "+", "zoom > 1.59 * was.zoom")
    press_and_wait(page, "ArrowRight", "x > was.x + 0.2")
    page.locator(STAGE).click(position=spot(page, "Map of wells"))
    expect(page.locator(".map-beside h2")).to_contain_text("Map of wells")
    wait_until(
        lambda: "project" in kept(page) and abs(float(kept(page)["zoom"]) - view(page)["zoom"]) < 0.01, "It is kept"
    )
    before, lit = view(page), page.locator(STAGE).get_attribute("data-lit")
    assert "q=tag%3Arust" in page.url
    page.reload()
    expect(page.locator(STAGE)).to_have_attribute("data-drawn", "7")
    expect(page.locator(STAGE)).to_have_attribute("data-lit", lit)
    expect(page.locator(STAGE)).to_have_attribute("data-colour", "score")
    expect(page.locator(".map-beside h2")).to_contain_text("Map of wells")
    assert {name: round(value, 2) for name, value in view(page).items()} == {
        name: round(value, 2) for name, value in before.items()
    }


def test_a_kept_view_that_cannot_be_is_left_out(page):
    fill_site()
    opened(page, "/map#x=1e9&y=abc&zoom=-4&colour=constructor&project=99999999999999")
    assert view(page) == {"x": 0, "y": 0, "zoom": 1}
    expect(page.locator(STAGE)).to_have_attribute("data-colour", "tag")


@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_a_finger_opens_a_project_on_a_phone(page):
    fill_site()
    opened(page)
    page.locator(STAGE).tap(position=spot(page, "Chess engine"))
    expect(page.locator(".map-beside h2")).to_contain_text("Chess engine")
    assert wider_than_the_screen(page) <= 0
    assert breaches(page) == []


@pytest.mark.parametrize("page", [NO_SCRIPT], indirect=True, ids=["none"])
def test_without_a_script_the_areas_are_a_list(page):
    fill_site()
    page.goto("/map")
    expect(page.locator(".without-script")).to_be_visible()
    expect(page.locator(".map-frame")).to_be_hidden()
    page.locator(".map-areas").get_by_role("link", name="All of Making things").click()
    expect(page.locator(".count")).to_have_text("5 projects")
    page.get_by_role("link", name="Sound").first.click()
    expect(page.locator(".count")).to_have_text("2 projects")


def test_without_webgl_it_says_so_and_the_list_stays(page):
    fill_site()
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto("/map")
    expect(page.get_by_role("alert")).to_contain_text("it has no WebGL 2")
    expect(page.locator(".map-frame")).to_be_hidden()
    expect(page.get_by_role("link", name="All of Making things")).to_be_visible()
    assert breaches(page) == []


def test_an_area_of_the_list_leads_to_its_place(page):
    fill_site()
    opened(page)
    page.get_by_role("button", name="Show Sound on the map").click()
    wait_until(lambda: view(page)["zoom"] > 7, "It comes near")
    expect(page.locator(".map-said")).to_contain_text("Sound: 2 projects.")
    assert abs(view(page)["x"] - 0.5) < 0.01


def test_who_wants_less_motion_gets_there_at_once(page):
    fill_site()
    page.emulate_media(reduced_motion="reduce")
    opened(page)
    page.locator(STAGE).focus()
    zoomed = page.locator(STAGE).evaluate(
        "stage => { stage.waywo.view.nearer(); return stage.waywo.view.place().zoom; }"
    )
    assert zoomed > 1.59
