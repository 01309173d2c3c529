"""The number beside a value is how many projects a reader gets who chooses it."""

from datetime import timedelta

import pytest
from django.http import QueryDict

from comments.models import RemovedAuthor
from projects import catalogue
from projects.conditions import IDEAS, Conditions, parse
from projects.facets import OWN, facets
from projects.models import Project, Submission, Tag
from tests.factories import POSTED_AT, make_comment, make_post, make_project

LINKS = ("https://github.com/a/b", "https://a.example", "https://apps.apple.com/app/id1", "", "https://youtu.be/x")


@pytest.fixture
def index(db):
    """Sixty projects of two sources and three months, some of them seen again, rejected, hidden or without a score."""
    posts = [make_post(year=2026, month=month, title=f"Thread {month}") for month in (7, 8, 9)]
    tags = {name: Tag.objects.create(name=name) for name in ("rust", "web", "ai", "games")}
    for number in range(60):
        project = make_project(
            title=f"Project {number}",
            source=("hn", "hn", "lobsters")[number % 3],
            primary_url=LINKS[number % 5],
            idea_score=None if number % 7 == 0 else number % 10 + 1,
            complexity_score=number % 4 + 1,
            review_status=("pending", "approved", "pending", "rejected")[number % 4],
        )
        for times in range(2 if number % 6 == 0 else 1):
            comment = make_comment(
                post=posts[(number + times) % 3],
                author=f"author{number % 9}",
                posted_at=POSTED_AT + timedelta(days=times),
                dead=number % 11 == 0,
            )
            Submission.objects.create(project=project, comment=comment, text="x")
        project.tags.add(*[tag for place, tag in enumerate(tags.values()) if (number >> place) % 3 == 0])
    make_project(title="An idea", source=IDEAS)
    RemovedAuthor.objects.create(name="author3", reason="Asked by mail.")
    both = make_project(title="Of two authors")
    for post, author in ((posts[0], "author2"), (posts[1], "somebody")):
        Submission.objects.create(project=both, comment=make_comment(post=post, author=author), text="x")


ADDRESSES = [
    "", "tags=rust", "tags=rust&tags=web", "tags_not=ai", "month=2026-08", "month=unknown", "source=lobsters",
    "month=2026-08&month=2026-07&month_not=2026-07", "source=hn&source=nemo_data_designer", "link=repository&link=none",
    "link_not=site", "idea_score=unknown", "idea_score=unknown&idea_score=3", "idea_score_not=unknown",
    "min_idea_score=4&max_idea_score=8", "complexity_score_not=2", "seen_before=true", "source_not=lobsters",
    "seen_before=false&month=2026-09&tags=games", "author=author2", "author=author2&author_source=lobsters",
    "author=author3", "has_tags=false", "author=author2&month=2026-07", "has_link=true", "q=project",
    "month_not=2026-09", "month_not=unknown",
    "tags_any=ai&tags_any=games&link=store&complexity_score=3", "has_link=false",
]  # fmt: skip


def titles(wanted: Conditions) -> set[str]:
    return set(catalogue.published(wanted).values_list("title", flat=True))


@pytest.mark.parametrize("query", ADDRESSES)
def test_each_count_is_what_choosing_the_value_shows(index, query):
    wanted = parse(QueryDict(query))
    found = facets(wanted)
    assert found.total == len(titles(wanted))
    for name, own in OWN.items():
        others = wanted
        for condition in own:
            others = others.without_value(condition)
        for value in getattr(found, name):
            if value.is_excluded:
                continue
            chosen = others.with_value(name, {"true": True, "false": False}.get(value.value, value.value))
            assert value.count == len(titles(chosen)), (name, value)


@pytest.mark.parametrize(
    ("query", "expected"),
    [("link=repository", {"repository"}), ("link=store", {"store"}), ("link=none", {"none"}), ("link=site", {"site"})],
)
def test_a_kind_of_link_is_told_from_the_link_however_it_was_written(index, query, expected):
    project = Project.objects.filter(link_kind="none", review_status="approved").first()
    project.primary_url = "https://github.com/c/d"
    project.save(update_fields=["primary_url"])
    shown = catalogue.published(parse(QueryDict(query)))
    assert {Project.objects.get(pk=row.pk).link_kind for row in shown} == expected
    assert shown.filter(pk=project.pk).exists() is (query == "link=repository")


def test_unknown_is_not_any(index):
    unknown = titles(Conditions(idea_score=["unknown"]))
    known = titles(Conditions(idea_score_not=["unknown"]))
    assert unknown
    assert known
    assert not unknown & known
    assert unknown | known == titles(Conditions())
    assert not unknown & titles(Conditions(min_idea_score=1))


def test_generated_ideas_come_only_where_they_are_asked_for(index):
    assert "An idea" not in titles(Conditions())
    assert titles(Conditions(source=[IDEAS])) == {"An idea"}
    assert titles(Conditions(source=[IDEAS], month=["unknown"])) == {"An idea"}


def test_chosen_values_stand_there_though_nothing_fits(index):
    found = facets(Conditions(tags=["Rust", "nowhere"], month=["2020-01"]))
    assert found.total == 0
    assert [(value.value, value.count) for value in found.tags if value.is_included] == [("rust", 0), ("nowhere", 0)]
    assert [value.value for value in found.month if value.is_included] == ["2020-01"]


def test_strangers_do_not_see_what_waits_where_the_setting_says_so(index, settings):
    everything = facets(Conditions()).total
    settings.PUBLIC_PROJECTS = "approved"
    approved = Project.objects.published().posted().filter(review_status="approved").count()
    assert facets(Conditions()).total == approved < everything
    assert facets(Conditions(), to_staff=True).total == everything


def test_all_facets_cost_one_query_and_none_until_the_index_changes(index, django_assert_num_queries):
    wanted = Conditions(tags=["rust"], month=["2026-09"], idea_score_not=["3"])
    with django_assert_num_queries(2):  # and the version
        first = facets(wanted)
    with django_assert_num_queries(1):
        assert facets(wanted) is first
    Project.objects.update(review_status="rejected")
    assert facets(wanted).total == 0
