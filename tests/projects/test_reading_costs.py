"""What readings cost and how their answers were, on the overview and in the API."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from projects.models import Extraction
from projects.reading_costs import cost_of, reading_costs
from tests.factories import make_comment

pytestmark = pytest.mark.django_db


def make_reading(**fields) -> Extraction:
    now = timezone.now()
    defaults = {"analyst": "a-model", "prompt_version": 3, "status": "succeeded", "started_at": now, "finished_at": now}
    return Extraction.objects.create(comment=make_comment(), **(defaults | fields))


def test_readings_are_counted_by_model_and_version_of_the_prompt(settings, client):
    settings.LLM_MODEL, settings.LLM_PRICE_IN, settings.LLM_PRICE_OUT = "a-model", 0.5, 2.0
    make_reading(mended={"score": 2, "tags": 1}, llm_calls=3, tokens_in=1_000_000, tokens_out=500_000, confidence=0.4)
    make_reading(mended={"score": 1}, calls_cached=2, asked_again=1, status="partial", confidence=0.9)
    make_reading(prompt_version=2, status="failed")
    make_reading(analyst="rules", prompt_version=1)
    make_reading(started_at=timezone.now() - timedelta(days=31), mended={"score": 100})

    [newest, *others] = reading_costs()
    assert (newest.analyst, newest.prompt_version, newest.readings) == ("a-model", 3, 2)
    assert (newest.partial, newest.failed, newest.unsure) == (1, 0, 1)
    assert (newest.calls, newest.cached, newest.asked_again) == (3, 2, 1)
    assert (newest.mended, newest.mended_total, newest.cost) == ({"score": 3, "tags": 1}, 4, 1.5)
    assert [(cost.analyst, cost.prompt_version, cost.failed, cost.cost) for cost in others] == [
        ("a-model", 2, 1, 0.0),
        ("rules", 1, 0, None),
    ]

    client.force_login(User.objects.create_superuser("root"))
    told = client.get("/api/reading-costs").json()
    assert (told["days"], len(told["items"]), told["items"][0]["mended"]) == (30, 3, {"score": 3, "tags": 1})
    assert client.get("/api/reading-costs?days=40").json()["items"][0]["mended"]["score"] == 103
    assert client.get("/api/reading-costs?days=0").status_code == 422
    page = client.get("/admin/").content.decode()
    assert "Mended: score 3, tags 1." in page
    assert "1.50" in page


@pytest.mark.parametrize(
    ("into", "out", "model", "expected"),
    [(None, None, "m", None), (1.0, None, "m", 2.0), (None, 3.0, "m", 3.0), (1.0, 3.0, "other", None)],
)
def test_a_cost_is_told_where_a_price_is_known(settings, into, out, model, expected):
    settings.LLM_MODEL, settings.LLM_PRICE_IN, settings.LLM_PRICE_OUT = "m", into, out
    assert cost_of(model, 2_000_000, 1_000_000) == expected


def test_a_reading_shows_what_was_unsure_and_mended(admin_client):
    segment = {"text": "A loom.", "rejection": None, "reason": "a tool", "name": "Loom", "confidence": 0.4}
    unsure = make_reading(confidence=0.4, mended={"score": 2}, segments=[segment, {"text": "Hi.", "rejection": "chat"}])
    make_reading(confidence=0.9)
    page = admin_client.get(f"/admin/projects/extraction/{unsure.pk}/change/").content.decode()
    assert "Loom · a tool · unsure (0.40)" in page
    assert "score 2" in page
    listed = admin_client.get("/admin/projects/extraction/?unsure=yes").content.decode()
    assert f"/admin/projects/extraction/{unsure.pk}/change/" in listed
    assert "1 found" in listed
