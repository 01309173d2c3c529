"""The search of the admin, by what a person types, and the filter by words."""

import pytest
from django.db import transaction

from projects.models import Project, Submission, TagAlias
from projects.search.words import typed, with_words
from projects.tags import resolve
from tests.factories import make_comment, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def projects():
    rows = {
        "Compiler": ("Made with C++", ["c++"], "anna"),
        "Notepad": ("An editor in C#, on .NET", [], "Bert_B"),
        "Vitamins": ("How much vitamin C you eat; see foo.net", ["health"], "cora"),
        "Calculator": ("Counts", ["c#"], "annabel"),
    }
    for title, (short, tags, author) in rows.items():
        project = make_project(title=title, short_description=short, description="", primary_url=f"https://{title}.ex/")
        with transaction.atomic():
            project.tags.set(resolve(tags))
        Submission.objects.create(project=project, comment=make_comment(author=author), text="")
    TagAlias.objects.create(name="cpp", tag=Project.objects.get(title="Compiler").tags.get())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {"Compiler", "Notepad", "Vitamins", "Calculator"}),
        ("c++", {"Compiler"}),
        ("C#", {"Notepad", "Calculator"}),
        (".NET", {"Notepad"}),
        ("editor C#", {"Notepad"}),
        ("vita", {"Vitamins"}),
        ("cpp", {"Compiler"}),
        ("anna", {"Compiler", "Calculator"}),
        ("bert_b", {"Notepad"}),
        ("notepad.ex", {"Notepad"}),
        ("f#", set()),
        ("nothing like it", set()),
        ("'; -- \0", set()),
        ("99999999999999999999", set()),
    ],
)
def test_projects_are_found_by_what_is_typed(text, found):
    assert set(typed(Project.objects.all(), text).values_list("title", flat=True)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("c++", {"Compiler"}),
        ("C# or c++", {"Notepad", "Calculator", "Compiler"}),
        ('"much vitamin"', {"Vitamins"}),
        ("vitamin -eat", set()),
        ("-c#", {"Compiler", "Vitamins"}),
    ],
)
def test_the_filter_by_words(text, found):
    assert set(with_words(Project.objects.all(), text).values_list("title", flat=True)) == found
