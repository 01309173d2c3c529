"""A reading is tried from its comment: both analysts, followed until they end, one beside the other."""

import pytest
from playwright.sync_api import expect

from projects.models import Extraction, Project
from tests.browser.conftest import PATIENCE
from tests.factories import make_comment
from tests.servers.llm import LLMServer, Says, description, segments
from tests.servers.processes import Worker

pytestmark = pytest.mark.usefixtures("empty_queues")

GRIDLET = (
    "I am building Gridlet, a spreadsheet for the terminal: https:&#x2F;&#x2F;gridlet.example"
    "<p>&lt;script&gt;alert(1)&lt;&#x2F;script&gt;"
)
HOSTILE = "<img src=x onerror=alert(1)> Gridlet"


def answer(request) -> Says:
    if "Describe the project" in request["messages"][1]["content"]:
        return Says(description(title="Gridlet", description=HOSTILE, primary_link=1), hang=1.0)
    return Says(segments((1, 2, "project")))


@pytest.fixture(scope="module")
def model():
    with LLMServer(otherwise=answer) as server:
        yield server


@pytest.fixture(scope="module")
def web(web_with_model):
    return web_with_model


def test_a_reading_is_tried_by_both_analysts_and_leaves_nothing(page, sign_in, model, tmp_path):
    comment = make_comment(GRIDLET)
    sign_in("olga", groups=["Operator"])
    page.goto(f"/admin/comments/comment/{comment.pk}/change/")
    page.get_by_role("link", name="Try a reading").click()
    expect(page.get_by_label("Comment", exact=True)).to_have_value(str(comment.pk))
    page.get_by_label("Rules").check()
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.get_by_role("heading", name="Under way")).to_have_count(2)
    expect(page.get_by_role("status").first).to_contain_text("Waits for a worker")
    with Worker(tmp_path, LLM_BASE_URL=model.url, LLM_MODEL="scripted"):
        # A worker starts and loads both analysts meanwhile.
        expect(page.get_by_role("heading", name="1 project")).to_have_count(2, timeout=9 * PATIENCE)
    expect(page.get_by_role("heading", name="scripted")).to_be_visible()
    expect(page.get_by_role("heading", name="rules")).to_be_visible()
    expect(page.get_by_text(HOSTILE).first).to_be_visible()
    page.get_by_text("Question 1").click()
    expect(page.get_by_text("Which segments does it have?")).to_be_visible()
    # What was asked stays in the form, and the address leads back to it.
    expect(page.get_by_label("Comment", exact=True)).to_have_value(str(comment.pk))
    assert not Project.objects.exists()
    assert not Extraction.objects.exists()


def test_what_cannot_be_tried_is_said_at_its_field(page, sign_in):
    sign_in("olga", groups=["Operator"])
    page.goto("/admin/projects/extraction/")
    page.get_by_role("link", name="Try a reading").click()
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("Name a comment above, or paste a text.")
    page.get_by_label("Comment", exact=True).fill("77")
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("There is no comment 77")
    page.goto("/admin/projects/extraction/try/?task=none")
    expect(page.get_by_role("alert")).to_contain_text("There is no such trial")
