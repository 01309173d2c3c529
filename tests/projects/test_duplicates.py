"""Which earlier project a text continues: one author's, on one source, at an address of its own."""

import pytest

from projects.extraction.reading import read_comment
from projects.models import Project
from tests.factories import make_comment
from tests.projects.extraction.test_reading import ScriptedAnalyst

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("other", "projects"), [({"author": "bob"}, 2), ({"source": "lobsters", "id": 10**12 + 1}, 2), ({}, 1)], ids=str
)
def test_an_author_is_a_name_on_one_source(other, projects):
    for fields in ({}, other):
        analyst = ScriptedAnalyst(("Loom", "https://loom.example"))
        read_comment(make_comment(**({"author": "ann"} | fields)).pk, analyst=analyst)
    assert Project.objects.count() == projects


@pytest.mark.parametrize(
    ("one", "other", "projects"),
    [
        ("https://apps.apple.com/us/app/loom/id19", "https://apps.apple.com/fr/app/metier/id19?l=fr", 1),
        ("https://github.com/Ann/Loom/tree/main", "https://github.com/ann/loom", 1),
        ("https://fly.io", "https://fly.io", 2),
        ("https://gmail.com", "https://gmail.com/", 2),
        ("https://itch.io", "https://itch.io", 2),
        ("https://github.io", "http://github.io", 2),
    ],
)
def test_an_address_of_many_makes_two_projects_no_one(one, other, projects):
    for title, url in (("Choir calendar", one), ("SQL compiler", other)):
        read_comment(make_comment(author="ann").pk, analyst=ScriptedAnalyst((title, url)))
    assert Project.objects.count() == projects
