"""Asking in a browser where there is a language model: from the box to the answer of a worker."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE
from tests.projects.site.filling import fill_site
from tests.servers.asking import asked
from tests.servers.llm import LLMServer
from tests.servers.processes import Worker

pytestmark = pytest.mark.usefixtures("empty_queues")


@pytest.fixture(scope="module")
def model():
    with LLMServer(otherwise=asked) as server:
        yield server


@pytest.fixture(scope="module")
def web(web_with_model):
    return web_with_model


def test_a_question_is_answered_by_a_worker_while_one_looks(page, model, tmp_path):
    fill_site()
    page.goto("/ask")
    page.get_by_label("Your question").fill("Who builds a compiler for gardeners?")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Waiting for its turn")).to_be_visible()
    with Worker(tmp_path, LLM_BASE_URL=model.url, LLM_MODEL="scripted"):
        # A worker starts meanwhile.
        expect(page.locator(".asked .answer")).to_contain_text("Compiler for gardeners", timeout=9 * PATIENCE)
        expect(page.locator(".sources li").first).to_contain_text("Compiler for gardeners")
