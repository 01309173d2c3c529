"""Ideas are asked for, followed while they are made, and decided upon: all by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from projects.models import Project, Tag
from tests.factories import make_project
from tests.servers.ideas import inventor
from tests.servers.llm import LLMServer
from tests.servers.processes import Worker

pytestmark = pytest.mark.usefixtures("empty_queues")


@pytest.fixture(scope="module")
def model():
    """A scripted model, for the web server and the worker of this file."""
    with LLMServer(otherwise=inventor()) as server:
        yield server


@pytest.fixture(scope="module")
def web(web_with_model):
    return web_with_model


def test_ideas_are_asked_for_followed_and_decided_upon_by_keyboard(page, sign_in, model, tmp_path):
    for title, names in (("Ferris", ("rust", "education")), ("Crate", ("rust",))):
        make_project(title=title).tags.set([Tag.objects.get_or_create(name=name)[0] for name in names])
    sign_in("olga", groups=["Operator"])
    page.goto("/admin/ideas/idearun/add/")
    page.get_by_label("Creativity").fill("1.5")
    expect(page.locator("#creativity-value")).to_have_text("1.5")
    page.locator("#id_num_ideas").fill("2")

    tags = page.get_by_role("combobox", name="Tags")
    tags.press_sequentially("ru")
    expect(page.get_by_role("option", name=re.compile("rust"))).to_contain_text("2 projects")
    tags.press("ArrowDown")
    tags.press("Enter")
    expect(tags).to_have_value("rust, ")
    expect(page.locator("#preview")).to_contain_text("rust")

    page.get_by_role("button", name="Make ideas").press("Enter")
    expect(page.get_by_role("progressbar", name="Ideas saved")).to_be_visible()
    with Worker(tmp_path, processes=1, LLM_BASE_URL=model.url, LLM_MODEL="scripted"):
        # The page is not loaded again by us: it follows the run by itself.
        expect(page.locator("article")).to_have_count(2, timeout=120_000)
        expect(page.locator("#run-status")).to_have_text(re.compile("success", re.IGNORECASE), timeout=60_000)

    kept, discarded = (int(card.get_attribute("id").removeprefix("idea-")) for card in page.locator("article").all())
    page.locator(f"#idea-{kept}").press("k")
    expect(page.locator(f"#idea-{kept}")).to_contain_text("Kept")
    page.locator(f"#idea-{kept}").press("b")
    expect(page.locator(f"#idea-{kept}")).to_contain_text("Bookmarked")
    page.locator(f"#idea-{discarded}").press("d")
    expect(page.locator(f"#idea-{discarded}")).to_contain_text("Discarded")
    assert Project.objects.get(pk=kept).review_status == "approved"
    assert Project.objects.get(pk=kept).is_bookmarked
    assert Project.objects.get(pk=discarded).review_status == "rejected"
