"""A batch under way: its bar moves on the first page and on its own list, without a reload."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from comments.models import Post
from core.jobs import following, sending
from projects.models import Project
from tests.factories import make_comment, make_post
from tests.servers.llm import LLMServer, reader
from tests.servers.processes import Worker
from tests.waiting import wait_until
from waywo_site.running import queues

pytestmark = pytest.mark.usefixtures("empty_queues")


def start_reading(comments: int) -> str:
    """Start a batch that reads so many comments and return its id."""
    post = make_post()
    # Each in words of its own: an answer that is kept would end the others at once.
    texts = [f"I am building Foo{number} (https://foo{number}.example), a thing." for number in range(comments)]
    calls = [{"comment_id": make_comment(text, post=post, author=text.split()[3]).pk} for text in texts]
    return sending.start_batch("process_waywo_comment", calls, label="Read them all").group_id


def test_the_bar_of_a_batch_moves_on_the_first_page_until_it_is_done(page, sign_in, tmp_path):
    sign_in()
    group_id = start_reading(6)
    page.goto("/admin/")
    bar = page.get_by_role("progressbar", name="Read them all")
    expect(bar).to_have_attribute("aria-valuenow", "0")
    # Slow answers: the page looks every 3 s, and the bar must not be done between two looks.
    with (
        LLMServer(otherwise=lambda request: replace(reader(request), hang=1)) as server,
        Worker(tmp_path, processes=1, LLM_BASE_URL=server.url, LLM_MODEL="scripted") as worker,
    ):
        expect(bar).not_to_have_attribute("aria-valuenow", "0", timeout=60_000)
        wait_until(lambda: following.progress_of(group_id).is_finished, f"the batch ends\n{worker.log}", 60)
        # It stays for a while with what it came to, and the page's figures are those of the database.
        expect(page.locator("#batches").get_by_text("6 of 6", exact=True)).to_be_visible(timeout=60_000)
        expect(page.locator("[data-count=comments-processed]")).to_have_text("6")
        expect(page.locator("[data-count=projects-total]")).to_have_text(str(Project.objects.count()))


def test_the_bar_in_the_list_of_batches_moves_too(page, sign_in, tmp_path):
    sign_in()
    start_reading(3)
    page.goto("/admin/comments/batch/")
    bar = page.get_by_role("progressbar", name="Read them all")
    expect(bar).to_have_attribute("aria-valuenow", "0")
    with Worker(tmp_path, processes=1):
        expect(bar).to_have_attribute("aria-valuenow", "3", timeout=60_000)
    expect(page.get_by_text("3 of 3")).to_be_visible()


def test_the_figures_of_a_thread_move_while_its_comments_are_read(page, sign_in, tmp_path):
    sign_in()
    start_reading(3)
    page.goto(f"/admin/comments/post/{Post.objects.get().pk}/change/")
    bar = page.get_by_role("progressbar", name="Comments read")
    expect(bar).to_have_attribute("aria-valuenow", "0")
    expect(page.get_by_role("button", name="Read pending 3")).to_be_enabled()
    with Worker(tmp_path, processes=1):
        expect(bar).to_have_attribute("aria-valuenow", "3", timeout=60_000)
    expect(page.get_by_role("link", name="0 pending")).to_be_visible()
    expect(page.get_by_role("button", name="Read pending 0")).to_be_disabled()


def test_all_figures_of_a_batch_move_and_end_with_what_is_true(page, sign_in, tmp_path):
    sign_in()
    calls = [{"comment_id": number} for number in range(1, 4)]  # there are none: each fails
    group_id = sending.start_batch("process_waywo_comment", calls, label="Read what is not there").group_id
    page.goto(f"/admin/comments/batch/{group_id}/change/")
    expect(page.get_by_text("0 of 3", exact=True)).to_be_visible()
    with Worker(tmp_path, processes=1):
        expect(page.get_by_text("3 of 3, 3 failed", exact=True)).to_be_visible(timeout=60_000)
    expect(page.get_by_text("comment_id=3: There is no comment 3")).to_be_visible()
    expect(page.locator("[data-part=failed]")).to_have_attribute("style", re.compile("width: 100"))
    expect(page.get_by_text("s left")).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel what waits")).to_have_count(0)
    expect(page.get_by_role("button", name="Run failed and cancelled again")).to_be_visible()


def test_a_queue_is_paused_and_resumed_by_keyboard_on_the_first_page(page, sign_in):
    sign_in("olga", groups=["Operator"])
    page.goto("/admin/")
    page.get_by_role("button", name="Pause extraction").press("Enter")
    resume = page.get_by_role("button", name="Resume extraction")
    expect(resume).to_be_focused()
    assert queues.paused() == {"extraction"}
    expect(page.locator("#queues").get_by_text("paused by olga", exact=True)).to_be_visible()
    resume.press("Enter")
    expect(page.get_by_role("button", name="Pause extraction")).to_be_visible()
    assert queues.paused() == set()
