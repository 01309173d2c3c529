"""The pages of Ask: the box, a conversation in each of its states, what is shared of it, and what is refused."""

import re
from uuid import uuid4

import pytest

from projects.asking import limits
from projects.asking.limits import switch
from projects.asking.models import Conversation, Question
from projects.asking.questions import share
from projects.models import Project
from tests.factories import make_project
from tests.projects.site.asking import STATUS, answered, asked, begun, ended, sentence
from tests.projects.site.filling import fill_site
from tests.projects.site.strange import STRANGE, as_sent

pytestmark = pytest.mark.django_db
REFRESHES = '<meta http-equiv="refresh"'


def page_of(client, question: Question) -> str:
    answer = client.get(f"/ask/{question.pk}")
    assert answer.status_code == 200
    return answer.text


def test_the_box_says_what_it_is_and_offers_what_the_index_can_answer(client, settings):
    fill_site()
    settings.ASK_PER_DAY = 7
    without = client.get("/ask").text
    assert "No language model is set here" in without
    assert "Every sentence of the answer" not in without
    assert "7 questions a day" in without
    examples = re.findall(r'<a href="/ask\?q=[^"]*">([^<]*)</a>', without)
    assert "How many projects were there in September 2026 compared with August 2026?" in examples
    assert "Which projects came back most often?" in examples
    settings.LLM_BASE_URL, settings.LLM_MODEL = "http://127.0.0.1:9/v1", "tiny-model"
    with_one = client.get("/ask").text
    assert "Answers come from a language model (tiny-model) and cite the index" in with_one
    assert "Every sentence of the answer names the projects" in with_one


@pytest.mark.parametrize("model", ["", "tiny-model"])
def test_the_page_about_this_says_what_is_kept_of_a_question(client, settings, model):
    settings.LLM_BASE_URL, settings.LLM_MODEL = "http://127.0.0.1:9/v1" if model else "", model
    page = client.get("/about").text
    assert "is kept here with its answer for 30 days" in page
    assert ("gets the question" in page) == bool(model)


def test_an_empty_index_offers_no_example(client):
    assert "For example" not in client.get("/ask").text


def test_a_question_leads_to_its_own_address_without_a_cookie(client):
    make_project(title="Ledger for gardeners")
    sent = client.post("/ask", {"question": "ledger"})
    question = Question.objects.get()
    assert (sent.status_code, sent["Location"]) == (302, f"/ask/{question.pk}#q1")
    page = page_of(client, question)
    assert "No language model is set here, so this is what the search finds." in page
    assert "Ledger for gardeners" in page
    further = client.post("/ask", {"question": "And more?", "conversation": str(question.conversation_id)})
    assert further["Location"].endswith("#q2")
    assert not client.cookies


@pytest.mark.parametrize("text", ["", "  ", "?!", "x" * 501, "x" * 10_000, "\0", "🚀"])
def test_what_is_no_question_is_told_above_the_box(client, text):
    answer = client.post("/ask", {"question": text})
    assert answer.status_code == 400
    assert "That is no question that can be answered" in answer.text
    assert '<textarea id="question"' in answer.text
    assert ("Search with the same words" in answer.text) == bool(text.strip("\0 "))
    assert not Question.objects.exists()


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
def test_whatever_is_typed_is_answered(client, text):
    for answer in (
        client.post("/ask", b"question=" + as_sent(text), content_type="application/x-www-form-urlencoded"),
        client.post("/ask", {"question": as_sent(text)}, follow=True),
        client.get("/ask", {"q": as_sent(text)}),
    ):
        assert answer.status_code in (200, 302, 400)
        assert "<script>alert" not in answer.text


def test_a_refused_question_says_why_what_to_do_and_when_to_come_again(client, settings, monkeypatch):
    settings.LLM_BASE_URL, settings.LLM_MODEL = "http://127.0.0.1:9/v1", "tiny"
    settings.ASK_PER_MINUTE, settings.ASK_TOKENS_PER_DAY = 1, 10

    def refused(status: int, *said: str) -> None:
        answer = client.post("/ask", {"question": "Who <b> sells & buys?"})
        assert answer.status_code == status
        assert int(answer["Retry-After"]) > 0
        for text in (*said, "/search?q=Who+%3Cb%3E+sells+%26+buys%3F", "Who &lt;b&gt; sells &amp; buys?</textarea>"):
            assert text in answer.text

    monkeypatch.setattr(limits, "MOST_OPEN", 0)
    refused(503, "Many are asking just now")
    monkeypatch.setattr(limits, "MOST_OPEN", 5)
    spent = ended(asked(), STATUS.ANSWERED, tokens_out=10)
    refused(503, "No more answers today", "spent")
    Question.objects.filter(pk=spent.pk).update(asked_by=limits.asker("127.0.0.1", spent.created_at))
    refused(429, "That were many questions")


def test_switched_off_it_says_so_and_what_there_is_instead(client):
    question = answered(asked(), projects=[])
    switch(False, "operator")
    page = client.get("/ask").text
    assert "Asking is switched off" in page
    assert "<textarea" not in page
    refused = client.post("/ask", {"question": "Who sells?"})
    assert refused.status_code == 503
    assert "Search with the same words" in refused.text
    assert "so this conversation cannot go on" in page_of(client, question)


def test_an_answer_comes_with_its_citations_and_what_stands_on_nothing_is_marked_in_words(client):
    project = make_project(title="Ledger")
    question = answered(
        asked(),
        sentence("Seven came.", 1),
        sentence("Ledger is one.", 2),
        sentence("All is well.", why="no result says so"),
        projects=[project],
    )
    page = page_of(client, question)
    assert f'href="{project.get_absolute_url()}" data-result="2"' in page
    assert 'href="/projects/?month=2026-09" data-result="1"' in page
    assert "(no result says so)" in page
    assert "do not rely on it" in page
    assert "What was looked at" in page
    assert "Searching: “gardeners”" in page
    assert "Left out of the plan: “soon” is no month." in page
    assert REFRESHES not in page


def test_a_long_conversation_costs_no_query_more_than_a_short_one(client, django_assert_max_num_queries):
    project, conversation = make_project(), Conversation.objects.create()
    for number in range(10):
        question = answered(asked(f"Question {number}?", conversation), sentence("One.", 2), projects=[project])
    with django_assert_max_num_queries(8):
        assert page_of(client, question).count('<article class="asked"') == 10


def test_while_it_is_answered_the_page_without_a_script_loads_itself_again(client):
    question = asked()
    waiting = page_of(client, question)
    assert f"<noscript>{REFRESHES}" in waiting
    assert "Waiting for its turn" in waiting
    begun(question, sentence("It begins.", 1), projects=[])
    running = page_of(client, question)
    assert "It begins." in running
    assert "Writing the answer" in running
    assert client.post(f"/ask/{question.pk}", {"act": "stop"}).status_code == 302
    question.refresh_from_db()
    assert question.stop_requested_at is not None


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (STATUS.NOTHING, ["Nothing in the index answers that.", "The nearest projects", "Ledger"]),
        (STATUS.SEARCHED, ["What the search finds", "Ledger"]),
        (STATUS.STOPPED, ["Stopped: this is what there was", "It begins.", "Ask it again"]),
        (STATUS.FAILED, ["This could not be answered.", "The reason.", "Ask it again"]),
    ],
)
def test_each_end_has_its_own_words_and_a_search_for_the_same(client, status, said):
    question = begun(asked(), sentence("It begins.", 1), projects=[make_project(title="Ledger")])
    ended(question, status, reason="The reason.")
    page = page_of(client, question)
    for text in (*said, "/search?q=Who+builds+something+for+gardeners%3F"):
        assert text in page
    assert REFRESHES not in page


def test_what_is_no_longer_in_the_index_is_shown_to_nobody(client):
    project = make_project(title="Secret ledger")
    question = answered(asked(), sentence("Secret ledger is one.", 2), projects=[project])
    shared = f"/ask/shared/{share(question.conversation)}"
    Project.objects.update(review_status="rejected")
    for page in (page_of(client, question), client.get(shared).text):
        assert "Secret ledger" not in page
        assert "no longer in the index" in page


def test_what_is_shared_can_be_read_but_leads_to_nothing_secret(client):
    question = answered(asked(), sentence("Seven came.", 1), projects=[])
    own = page_of(client, question)
    assert "Nobody else can read it" in own
    client.post(f"/ask/{question.pk}", {"act": "share"})
    share_id = Conversation.objects.get().share_id
    assert f"http://testserver/ask/shared/{share_id}" in page_of(client, question)
    shared = client.get(f"/ask/shared/{share_id}")
    assert "Seven came." in shared.text
    assert '<meta name="robots" content="noindex">' in shared.text
    for secret in (question.pk, question.conversation_id):
        assert str(secret) not in shared.text
    assert "<form" not in shared.text.split("<main")[1]
    client.post(f"/ask/{question.pk}", {"act": "unshare"})
    assert client.get(f"/ask/shared/{share_id}").status_code == 404


def test_a_conversation_is_deleted_when_its_visitor_says_so(client):
    question = answered(asked(), projects=[])
    assert client.post(f"/ask/{question.pk}", {"act": "delete"})["Location"] == "/ask"
    assert client.get(f"/ask/{question.pk}").status_code == 404
    assert not Conversation.objects.current().exists()


def test_what_cannot_be_done_is_told(client):
    question = asked()
    assert client.post(f"/ask/{question.pk}", {"act": "x"}).status_code == 400
    assert client.post(f"/ask/{question.pk}").status_code == 400
    assert client.get(f"/ask/{uuid4()}").status_code == 404
    assert client.get("/ask/1").status_code == 404
    assert client.get(f"/ask/shared/{question.pk}").status_code == 404
    assert client.post("/ask", {"question": "Who?", "conversation": "x"}).status_code == 400
    assert client.post("/ask", {"question": "Who?", "conversation": str(uuid4())}).status_code == 404
    assert client.put("/ask").status_code == 405


def test_secret_pages_are_kept_by_nobody_and_found_by_no_search_engine(client):
    question = asked()
    answer = client.get(f"/ask/{question.pk}")
    assert answer["Cache-Control"] == "no-store"
    assert '<meta name="robots" content="noindex">' in answer.text
    assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_a_page_of_another_site_cannot_act_for_its_visitors(client, headers):
    question = asked()
    assert client.post("/ask", {"question": "Who?"}, headers=headers).status_code == 403
    assert client.post(f"/ask/{question.pk}", {"act": "delete"}, headers=headers).status_code == 403
    assert Question.objects.count() == 1


def test_our_own_page_asks_without_a_token(settings):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}
    assert client.post("/ask", {"question": "Who sells?"}, headers=own).status_code == 302


def test_a_closed_site_has_no_box(client, settings):
    settings.PUBLIC_SITE = False
    assert client.get("/ask").status_code == 404
    assert client.post("/ask", {"question": "Who?"}).status_code == 404
    assert not Question.objects.exists()


def test_a_search_that_finds_nothing_offers_to_ask_instead(client):
    assert "/ask?q=zzzz" in client.get("/search", {"q": "zzzz", "mode": "words"}).text
