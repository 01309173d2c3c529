"""Asking in a browser: an answer as it comes, stopped, after a broken connection, and what it stands on beside it."""

import pytest
from playwright.sync_api import Page, Route, expect

from projects.asking import recording
from projects.asking.models import Conversation, Question
from projects.models import Project
from tests.browser.test_site import NO_SCRIPT, PHONE, breaches, wider_than_the_screen
from tests.projects.site.asking import STATUS, answered, asked, begun, ended, sentence
from tests.projects.site.filling import fill_site
from tests.waiting import wait_until

FIRST = sentence("Ledger is one thing, done well.", 2)
SECOND = sentence("Seven projects were posted in September 2026.", 1)
UNFOUNDED = sentence("All is well.", why="no result says so")
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def answer_of(page: Page):
    return page.locator(".asked .answer")


def every_state() -> dict[str, Question]:
    """Save a question of each state; some in conversations of several."""
    conversation = Conversation.objects.create()
    answered(asked(conversation=conversation), FIRST, SECOND, UNFOUNDED)
    states = {STATUS.RUNNING: begun(asked("And which sync?", conversation), FIRST), STATUS.WAITING: asked()}
    for status in (STATUS.NOTHING, STATUS.SEARCHED, STATUS.STOPPED, STATUS.FAILED):
        states[status] = ended(begun(asked("Who sells submarines?"), FIRST), status, reason="The reason of it.")
    return states | {STATUS.ANSWERED: answered(asked("מי בונה כלי לגינון?"), sentence("זה מהדר לגננים.", 3))}


def test_every_state_is_accessible_and_fits_every_screen(page):
    fill_site()
    urls = ["/ask", *(f"/ask/{question.pk}" for question in every_state().values())]
    for url in urls:
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(url)
        if page.locator(".looked").count():
            page.locator(".looked summary").last.click()
        assert breaches(page) == [], url
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        assert breaches(page) == [], url
        page.set_viewport_size(PHONE["viewport"])
        assert breaches(page) == [], url
        assert wider_than_the_screen(page) <= 0, url


def test_steps_and_sentences_come_as_they_are_found(page):
    fill_site()
    question = asked()
    page.goto(f"/ask/{question.pk}")
    expect(page.get_by_text("Waiting for its turn")).to_be_visible()
    begun(question, FIRST)
    steps = page.locator(".ask-steps li")
    expect(steps).to_have_text(["Planning what to look up", "Searching: “gardeners”", "Writing the answer"])
    expect(page.locator(".ask-steps")).to_have_attribute("aria-live", "polite")
    expect(answer_of(page)).to_have_text("Ledger is one thing, done well. [2]")
    expect(answer_of(page)).to_have_attribute("aria-live", "polite")
    recording.note_sentence(question, UNFOUNDED)
    expect(answer_of(page)).to_contain_text("All is well. (no result says so)")
    ended(question, STATUS.ANSWERED)
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    expect(page.locator(".sources li")).to_have_count(1)
    expect(page.locator(".sentence")).to_have_count(2)
    page.get_by_text("What was looked at").click()
    expect(page.locator(".looked tbody tr")).to_have_count(4)
    assert page.context.cookies() == []


@pytest.mark.parametrize("by", ["button", "Escape"])
def test_an_answer_is_stopped(page, by):
    fill_site()
    question = begun(asked(), FIRST)
    page.goto(f"/ask/{question.pk}")
    expect(answer_of(page)).to_contain_text("Ledger")
    if by == "button":
        page.get_by_role("button", name="Stop", exact=True).click()
    else:
        page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Stopping …")).to_be_disabled()
    wait_until(lambda: Question.objects.exclude(stop_requested_at=None).exists(), "the engine is told")
    ended(question, STATUS.STOPPED)
    expect(page.get_by_text("Stopped: this is what there was of the answer.")).to_be_visible()
    expect(page.get_by_role("button", name="Ask it again")).to_be_visible()


def test_one_that_waits_is_stopped_at_once(page, live):
    page.goto(f"/ask/{asked().pk}")
    page.keyboard.press("Escape")
    expect(page.get_by_text("Stopped.", exact=True)).to_be_visible()


def test_after_a_broken_connection_it_goes_on_behind_the_last_event(page):
    fill_site()
    question, asked_for = asked(), []

    def break_off(route: Route) -> None:
        asked_for.append(route.request.url)
        if len(asked_for) > 1:
            route.continue_()
            return
        begin = 'retry: 100\n\nid: 3\nevent: step\ndata: {"step": "tool", "told": "What the third event told"}\n\n'
        route.fulfill(status=200, content_type="text/event-stream", body=begin)

    page.route("**/events", break_off)
    page.goto(f"/ask/{question.pk}")
    wait_until(lambda: page.wait_for_timeout(50) or len(asked_for) > 1, "the browser connects again")
    begun(question, FIRST)
    # The first three events are not sent again.
    expect(page.locator(".ask-steps li")).to_have_text(["What the third event told", "Writing the answer"])
    expect(page.locator(".sentence")).to_have_count(1)
    expect(page.locator(".connection")).to_be_empty()
    ended(question, STATUS.ANSWERED)
    expect(page.locator(".sources li")).to_have_count(1)
    expect(page.locator(".sentence")).to_have_count(1)


def test_where_no_stream_is_to_be_had_it_looks_again_by_itself(page):
    fill_site()
    question = asked()
    page.route("**/events", lambda route: route.fulfill(status=503, body="{}"))
    page.goto(f"/ask/{question.pk}")
    begun(question, FIRST)
    expect(answer_of(page)).to_contain_text("Ledger is one thing")
    expect(page.locator(".ask-steps li")).to_have_count(3)
    ended(question, STATUS.ANSWERED)
    expect(page.locator(".sources li")).to_have_count(1)
    expect(page.locator(".sentence")).to_have_count(1)


def test_a_question_that_was_deleted_meanwhile_says_so(page, live):
    question = asked()
    page.route("**/events", lambda route: route.fulfill(status=503, body="{}"))
    page.goto(f"/ask/{question.pk}")
    question.conversation.delete()
    expect(page.get_by_text("This conversation was deleted.")).to_be_visible()


@pytest.mark.parametrize("page", [{}, PHONE], indirect=True, ids=["wide", "phone"])
def test_a_citation_opens_its_project_beside_the_answer_by_keyboard_too(page):
    fill_site()
    question = answered(asked(), FIRST, SECOND)
    page.goto(f"/ask/{question.pk}")
    citation = page.locator(".cite", has_text="[2]")
    citation.focus()
    expect(page.locator("#q1-r2")).to_have_class("lit")
    page.keyboard.press("Enter")
    panel = page.get_by_role("region", name="Ledger")
    expect(panel).to_be_visible()
    expect(panel.get_by_role("heading", name="Ledger")).to_be_focused()
    expect(panel).to_contain_text("It does one thing.")
    assert breaches(page) == []
    assert wider_than_the_screen(page) <= 0
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(citation).to_be_focused()
    citation.click()
    page.get_by_role("button", name="Close").click()
    expect(citation).to_be_focused()
    page.locator(".cite", has_text="[1]").click()
    expect(page).to_have_url("/projects/?month=2026-09")


def test_the_conversations_of_a_browser_are_listed_shared_and_deleted(page):
    fill_site()
    for text in ("ledger", "synthesizer"):
        page.goto("/ask")
        page.get_by_label("Your question").fill(text)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="What the search finds")).to_be_visible()
    page.get_by_label("Ask further").fill("And bread?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".asked")).to_have_count(2)
    assert Conversation.objects.current().count() == 3, "two, and that of fill_site"

    page.get_by_role("button", name="Share it at an address").click()
    shared = page.get_by_role("link", name="/ask/shared/").get_attribute("href")
    page.goto(shared)
    expect(page.get_by_role("heading", name="And bread?")).to_be_visible()
    expect(page.locator("main form")).to_have_count(0)

    page.goto("/ask")
    expect(page.locator(".asked-before li a")).to_have_text(["synthesizer", "ledger"])
    page.get_by_role("button", name="Delete: ledger").click()
    expect(page.locator(".asked-before li")).to_have_count(1)
    page.get_by_role("link", name="synthesizer").click()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete it now").click()
    expect(page).to_have_url("/ask")
    expect(page.get_by_role("heading", name="Your conversations")).to_be_hidden()
    assert Conversation.objects.current().count() == 1


@pytest.mark.parametrize("kept", ["{", "5", "null", '[1, null, {"conversation": "x"}, {"text": 5}]'])
def test_a_broken_store_breaks_no_page(page, live, kept):
    page.goto("/ask")
    page.evaluate("text => { localStorage['waywo.asked'] = text; }", kept)
    page.goto(f"/ask/{asked().pk}")
    page.goto("/ask")
    expect(page.locator(".asked-before li")).to_have_count(1)


def test_nothing_that_is_asked_or_answered_runs(page):
    fill_site()
    Project.objects.update(title=HOSTILE)
    ran = []
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    question = asked(HOSTILE)
    page.goto(f"/ask/{question.pk}")
    begun(question, sentence(HOSTILE, 2), sentence(HOSTILE, why=HOSTILE))
    expect(page.locator(".sentence")).to_have_count(2)
    ended(question, STATUS.FAILED, reason=HOSTILE)
    expect(page.get_by_text("This could not be answered.")).to_be_visible()
    page.locator(".answer .cite").click()
    expect(page.locator(".ask-panel h3")).to_have_text(HOSTILE)
    page.goto("/ask")
    expect(page.locator(".asked-before a")).to_have_text(HOSTILE)
    assert ran == []


@pytest.mark.parametrize("page", [NO_SCRIPT, PHONE | NO_SCRIPT], indirect=True, ids=["wide", "phone"])
def test_without_a_script_the_page_loads_itself_until_the_answer_is_there(page):
    fill_site()
    question = asked()
    page.goto(f"/ask/{question.pk}")
    expect(page.get_by_text("Waiting for its turn")).to_be_visible()
    begun(question, FIRST)
    expect(page.get_by_text("Ledger is one thing")).to_be_visible()
    ended(question, STATUS.ANSWERED)
    expect(page.get_by_role("heading", name="What it stands on")).to_be_visible()
    page.get_by_label("Ask further").fill("synthesizer")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("heading", name="What the search finds")).to_be_visible()
    page.get_by_role("button", name="Delete it now").click()
    expect(page).to_have_url("/ask")
