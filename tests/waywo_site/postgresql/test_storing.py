"""What strangers write never breaks a save: NUL and half surrogates in every kind of column."""

import pytest
from django.db import connection
from django.utils import timezone

from projects.models import Extraction, Page
from tests.factories import make_comment, make_project

ODD = "fell \0over \ud800 at \udfffits 🚪"
HELD = "fell over \ufffd at \ufffdits 🚪"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("odd", "held"), [(ODD, HELD), ("\0", ""), ("plain", "plain"), ("🚪\\u0000 \\ud83d", "🚪\\u0000 \\ud83d")]
)
def test_texts_lists_and_json_are_stored_without_what_cannot_be(odd, held):
    comment = make_comment("Hello", last_error=odd)
    project = make_project(urls=[odd, "b"], url_summaries={odd: [odd, {"a": odd, "b": 1}]}, title=f"T{odd}")
    Extraction.objects.create(
        comment=comment, prompt_version=1, started_at=timezone.now(), steps=[{"step": odd}], error=odd
    )
    Page.objects.bulk_create([Page(url=f"https://a.example/{odd}", fetched_at=timezone.now(), title=odd)])
    comment.refresh_from_db()
    project.refresh_from_db()
    assert (comment.last_error, project.title, project.urls) == (held, f"T{held}", [held, "b"])
    assert project.url_summaries == {held: [held, {"a": held, "b": 1}]}
    assert Extraction.objects.values_list("steps", "error").get() == ([{"step": held}], held)
    assert Page.objects.get().title == held


@pytest.mark.django_db
def test_a_filter_by_such_a_text_finds_nothing_instead_of_failing():
    assert not Page.objects.filter(title=ODD).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s, %s::jsonb", [ODD, '"x"'])
        assert cursor.fetchone()[0] == HELD
