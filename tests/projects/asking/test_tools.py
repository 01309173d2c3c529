"""What the tools find: published projects alone, and figures that the lists show, too."""

import pytest
from django.db import connection

from comments.models import RemovedAuthor
from projects.analytics.computing import generate_analytics
from projects.asking import tools
from projects.asking.plans import Call
from projects.asking.tools import ToolFailed, run_tool

pytestmark = pytest.mark.django_db


def labels(call: Call) -> list[str]:
    return [found.label for found in run_tool(call)]


def test_a_search_finds_projects_by_words_and_conditions(index):
    assert labels(Call("search", "tide forecasts"))[0] == "TideWatch"
    assert labels(Call("search", tags=("rust",))) == ["Ledgerly", "TideWatch"]
    assert labels(Call("search", tags=("rust",), months=("2026-08",))) == ["Ledgerly"]
    [found] = run_tool(Call("search", "harbours", months=("2026",)))
    assert found.project == index["TideWatch"].pk
    assert "Tags: rust, weather. By tina. Posted in September 2026." in found.text


def test_a_count_is_that_of_the_list_and_says_of_what(index):
    [found] = run_tool(Call("count", tags=("rust",)))
    assert found.rows == [("in all", "2"), ("September 2026", "2"), ("August 2026", "1")]
    assert found.text == "Number of projects with the tag rust: 2. By month: September 2026 2, August 2026 1."
    assert found.address == "/projects/?tags=rust"
    [found] = run_tool(Call("count", tags=("rust",), months=("2026-08",)))
    assert found.rows[0] == ("in all", "1")


@pytest.mark.parametrize(
    ("call", "total", "told"),
    [
        (Call("count", tags=("rusts",)), "2", "with the tag rust"),
        (Call("count", tags=("harbour",)), "1", "with the word harbour (there is no such tag)"),
        (Call("count", "mail server"), "1", "with the words mail server"),
        (Call("count", tags=("rust",), months=("2019",)), "0", "posted in 2019"),
        (Call("count", tags=("rust",), months=("2019-05",)), "0", "posted in May 2019"),
        (Call("count", tags=("nonsense",)), "0", "with the word nonsense"),
        (Call("count", "'; DROP TABLE projects_project; --"), "0", "DROP TABLE"),
    ],
)
def test_what_there_is_not_is_counted_as_none_and_not_as_all(index, call, total, told):
    [found] = run_tool(call)
    assert found.rows[0] == ("in all", total)
    assert told in found.text


def test_months_and_comparisons_have_their_figures(index):
    [found] = run_tool(Call("months", tags=("rust",)))
    assert found.rows == [("August 2026", "1"), ("September 2026", "2"), ("in all", "2")]
    [found] = run_tool(Call("compare", tags=("rust", "go")))
    assert found.text == "Projects: rust and go: 2 for rust and 1 for go, 1 more for rust."
    [found] = run_tool(Call("compare", tags=("rust",), months=("2025", "2026")))
    assert found.rows == [("2025", "0"), ("2026", "2"), ("difference", "2")]
    generate_analytics()
    [found] = run_tool(Call("compare", months=("2026-08", "2026-09")))
    assert "1 for 2026-08 and 4 for 2026-09, 3 more for 2026-09." in found.text


def test_one_project_is_found_by_its_name_with_its_appearances(index):
    project, appearances = run_tool(Call("project", "ledgerly"))
    assert (project.label, project.project) == ("Ledgerly", index["Ledgerly"].pk)
    assert appearances.rows == [("posted", "2 times"), ("August 2026", "by alice"), ("September 2026", "by alice")]
    assert run_tool(Call("project", "Zorblatt")) == []
    assert [(found.label, found.tool) for found in run_tool(Call("project", "mail server"))] == [
        ("Brieftaube", "search")
    ]


def test_what_is_like_a_project_is_found_by_its_name(index):
    found = labels(Call("alike", "TideWatch"))
    assert found[0] == "TideWatch"
    assert set(found) == set(index)


def test_what_came_back_is_told_with_how_often(index):
    figures, project = run_tool(Call("returned"))
    assert figures.rows == [("Ledgerly", "2 times")]
    assert project.project == index["Ledgerly"].pk
    [figures] = run_tool(Call("returned", tags=("go",)))
    assert figures.rows == [("more than once", "0")]


def test_nobody_finds_what_is_not_published(index):
    index["Brieftaube"].review_status = "rejected"
    index["Brieftaube"].save()
    RemovedAuthor.objects.create(source="hn", name="tina")
    for call in (
        *(
            Call("search", "tide forecasts mail server"),
            Call("search", tags=("weather",)),
            Call("project", "TideWatch"),
        ),
        *(Call("alike", "Ledgerly"), Call("returned"), Call("count", "mail")),
    ):
        for found in run_tool(call):
            assert found.project not in (index["Brieftaube"].pk, index["TideWatch"].pk)
            assert found.kind != "count" or found.rows[0] == ("in all", "0")


def test_a_tool_that_takes_too_long_says_so(index, monkeypatch):
    def slow(call: Call):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(20)")

    monkeypatch.setitem(tools.TOOLS, "returned", slow)
    monkeypatch.setattr(tools, "SECONDS", 1)
    with pytest.raises(ToolFailed, match="longer than 1 s"):
        run_tool(Call("returned"))
