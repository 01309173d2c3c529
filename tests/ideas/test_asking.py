"""What may be asked, and which tags ideas are drawn from."""

import pytest

from ideas.asking import NoLanguageModel, check_wish, require_language_model
from ideas.tags import personas, starter_tags, tag_pool
from projects.catalogue import tags_with_counts
from projects.models import Tag
from tests.factories import make_project

pytestmark = pytest.mark.django_db


def tagged(*names: str, **fields) -> None:
    make_project(**fields).tags.set([Tag.objects.get_or_create(name=name)[0] for name in names])


@pytest.mark.parametrize("number", [0, 51, -1, "5", 2.5, True, None])
def test_other_numbers_than_1_to_50_are_refused(number):
    with pytest.raises(ValueError, match=r"num_ideas=.* is invalid: it expects a whole number from 1 to 50"):
        check_wish(number)


@pytest.mark.parametrize("creativity", [0, 9, -1, float("nan"), float("inf"), "high", True, None])
def test_other_creativity_than_a_tenth_to_one_and_a_half_is_refused(creativity):
    with pytest.raises(ValueError, match=r"creativity=.* is invalid: it expects a number from 0.1 to 1.5"):
        check_wish(5, None, creativity)


def test_unknown_and_too_many_tags_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match=r"No project has the tag 'pyhton'. Did you mean python"):
        check_wish(5, ["pyhton"])
    with pytest.raises(ValueError, match="seed_tags has 200 tags: every idea combines all, so it takes 10"):
        check_wish(5, [f"tag {number}" for number in range(200)])
    with pytest.raises(ValueError, match="and 2 more"):
        check_wish(5, [f"unknown {number}" for number in range(7)])
    for wrong in ("rust", {"rust": 1}, [1], [None]):
        with pytest.raises(ValueError, match="it expects a list of tags"):
            check_wish(5, wrong)


def test_tags_are_taken_without_case_hash_and_repetition():
    tagged("c#", "#weird")
    wish = check_wish(1, [" Rust ", "#rust", "C#", "#weird", "", "  ", "RUST\0"])
    assert wish.seed_tags == ("rust", "c#", "#weird")


def test_tags_are_weighted_by_use_and_combined_as_in_real_projects():
    for _ in range(3):
        tagged("rust", "cli")
    tagged("rust", "maps", "web")
    tagged("ai", "agents", source="nemo_data_designer")
    tagged("spam", review_status="rejected")
    pool = tag_pool()
    assert pool.weights == {"rust": 4, "cli": 3, "maps": 1, "web": 1}
    assert pool.combinations["cli"] == [("rust",)]
    assert pool.combinations["rust"] == [("cli", "maps"), ("cli", "web"), ("maps", "web")]
    assert not pool.is_starter_list
    assert tag_pool(["cli"]).weights == {"cli": 3}
    assert tag_pool(["cli", "web"]).combinations == {"cli": [("web",)], "web": [("cli",)]}
    assert {tag.name: tag.project_count for tag in tags_with_counts()} == {"rust": 4, "cli": 3, "maps": 1, "web": 1}


def test_a_tag_on_its_own_is_combined_with_none():
    tagged("alone")
    assert tag_pool().draw(1) == [("alone",)]


def test_the_pool_is_one_query_however_many_tags(django_assert_num_queries):
    for number in range(30):
        tagged(f"tag {number}", f"tag {number + 1}")
    with django_assert_num_queries(1):
        assert len(tag_pool().weights) == 31


def test_an_empty_index_draws_from_the_starter_list():
    pool = tag_pool()
    assert pool.is_starter_list
    assert pool.weights.keys() == starter_tags().keys()
    assert tag_pool(["rust"]).combinations == {
        "rust": [("cli", "webassembly"), ("cli", "education"), ("webassembly", "education")]
    }


def test_there_are_14_audiences():
    assert len(set(personas())) == 14


@pytest.mark.parametrize(("url", "name", "missing"), [("", "", "LLM_BASE_URL"), ("http://x/v1", "", "LLM_MODEL")])
def test_without_a_language_model_the_error_says_how_to_run_one(settings, url, name, missing):
    settings.LLM_BASE_URL, settings.LLM_MODEL = url, name
    with pytest.raises(NoLanguageModel, match=f"{missing} is not set. Run one on this machine, as 'ollama"):
        require_language_model()
