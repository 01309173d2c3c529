"""What readers asked, in the admin: what it cost by day, what found nothing, and the switch."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from projects.asking import limits
from projects.asking.costs import costs_by_day
from projects.asking.models import Question
from tests.factories import make_project
from tests.projects.site.asking import STATUS, answered, asked, begun, ended, sentence

pytestmark = pytest.mark.django_db
LIST = "/admin/projects/question/"
SWITCH = "/admin/projects/question/switch/"


def test_the_list_says_what_was_cited_and_narrows_to_what_found_nothing(admin_client):
    answered(asked("Who builds ledgers?"), sentence("Ledger is one.", 2), projects=[make_project(title="Ledger")])
    ended(begun(asked("Who sells submarines?"), projects=[]), STATUS.NOTHING)
    page = admin_client.get(LIST).text
    assert "Who builds ledgers?" in page
    assert "Ledger" in page
    assert "1,940" in page, "tokens"
    narrowed = admin_client.get(LIST, {"nothing": "yes"}).text
    assert "found nothing" in narrowed
    assert "Who builds ledgers?" not in narrowed
    assert "Who sells submarines?" not in admin_client.get(LIST, {"nothing": "no"}).text


def test_a_page_shows_plan_results_and_sentences_and_cannot_be_edited(admin_client):
    question = answered(
        asked(),
        sentence("Seven came.", 1),
        sentence("All is well.", why="no result says so"),
        projects=[make_project()],
    )
    page = admin_client.get(reverse("admin:projects_question_change", args=[question.pk])).text
    for told in ("text: gardeners", "dropped: “soon” is no month.", "in all: 7", "Seven came.", "no result says so"):
        assert told in page
    assert "(&#x27;answered" not in page
    assert 'name="_save"' not in page
    assert question.asked_by == "" or question.asked_by not in page


def test_days_are_counted_with_what_they_cost(settings, admin_client):
    settings.LLM_MODEL, settings.LLM_PRICE_IN, settings.LLM_PRICE_OUT = "tiny", 1_000, 2_000
    settings.ASK_TOKENS_PER_DAY = 12_345
    answered(asked(), projects=[])
    ended(asked(), STATUS.NOTHING, calls=1, tokens_in=100)
    old = ended(asked(), STATUS.FAILED)
    Question.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
    today, before = costs_by_day()
    assert (today.questions, today.nothing, today.failed, today.calls, today.tokens) == (2, 1, 0, 3, 2040)
    assert today.cost == pytest.approx(1.9 + 0.28)
    assert (before.questions, before.failed) == (1, 1)
    page = admin_client.get(LIST).text
    assert "2,040 tokens of 12,345" in page
    assert '<td class="desk-number">2.18</td>' in page


def test_the_switch_is_for_who_has_the_right(admin_client, client, django_user_model):
    assert admin_client.get(SWITCH).status_code == 405
    assert admin_client.post(SWITCH, {"on": "no"}).status_code == 302
    assert not limits.is_on()
    assert "Switch asking on" in admin_client.get(LIST).text
    admin_client.post(SWITCH, {"on": "yes"})
    assert limits.is_on()
    client.force_login(django_user_model.objects.create_user("viewer", is_staff=True))
    assert client.post(SWITCH, {"on": "no"}).status_code == 403
    assert limits.is_on()


@pytest.mark.parametrize(("group", "status"), [("Operator", 200), ("Reviewer", 403), ("Viewer", 403)])
def test_what_readers_asked_is_the_operators_alone(client, django_user_model, group, status):
    from django.contrib.auth.models import Group

    user = django_user_model.objects.create_user("one", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    assert client.get(LIST).status_code == status
