"""Tags with other names, tags made one, tags that nothing has."""

import pytest
from django.db import transaction

from projects import tags
from projects.models import Project, Tag, TagAlias
from tests.factories import make_project

pytestmark = pytest.mark.django_db


def tagged(*names: str) -> Project:
    """Save a project with these tags."""
    project = make_project()
    project.tags.set([Tag.objects.get_or_create(name=name)[0] for name in names])
    return project


def names_of(project: Project) -> list[str]:
    return sorted(project.tags.values_list("name", flat=True))


def resolved(*names: str) -> list[str]:
    with transaction.atomic():
        return sorted(tag.name for tag in tags.resolve(names))


def test_after_a_rename_what_is_found_under_the_old_name_gets_the_new_one():
    project = tagged("golang")
    tags.rename(Tag.objects.get(name="golang"), "Go")
    assert names_of(project) == ["go"]
    assert resolved("golang", "Go", "new") == ["go", "new"]
    assert not Tag.objects.filter(name="golang").exists()


def test_a_rename_to_the_name_of_another_tag_makes_the_two_one():
    one, other, both = tagged("ml"), tagged("machine learning"), tagged("ml", "machine learning")
    kept = tags.rename(Tag.objects.get(name="ml"), "machine learning")
    assert [names_of(project) for project in (one, other, both)] == [["machine learning"]] * 3
    assert resolved("ml") == [kept.name]


def test_a_rename_back_leaves_one_tag_and_one_alias():
    tagged("golang")
    tags.rename(Tag.objects.get(), "go")
    tags.rename(Tag.objects.get(), "golang")
    assert Tag.objects.get().name == "golang"
    assert TagAlias.objects.get().name == "go"


def test_merging_takes_the_aliases_along_and_counts_projects_once():
    tagged("js", "javascript")
    tagged("ecmascript")
    tags.add_alias(Tag.objects.get(name="js"), "jscript")
    kept = Tag.objects.get(name="javascript")
    assert tags.merge(kept, Tag.objects.filter(name__in=["js", "ecmascript", "javascript"])) == 2
    assert resolved("js", "jscript", "ecmascript", "javascript") == ["javascript"]
    assert sorted(kept.aliases.values_list("name", flat=True)) == ["ecmascript", "js", "jscript"]


def test_an_alias_that_is_a_tag_already_merges_it():
    project = tagged("postgres")
    tags.add_alias(Tag.objects.create(name="postgresql"), "Postgres")
    assert names_of(project) == ["postgresql"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 51, "go"])
def test_a_name_that_cannot_be_an_alias_is_refused_with_the_reason(name):
    with pytest.raises(tags.TagError):
        tags.add_alias(Tag.objects.create(name="go"), name)


def test_one_name_cannot_stand_for_two_tags():
    tags.add_alias(Tag.objects.create(name="go"), "golang")
    with pytest.raises(tags.TagError, match="alias of “go”"):
        tags.add_alias(Tag.objects.create(name="rust"), "golang")


@pytest.mark.parametrize("kept", ["game", "games"])
def test_a_tag_that_stands_beside_its_alias_is_merged_again(kept):
    project = tagged("game")
    TagAlias.objects.create(name="games", tag=Tag.objects.get(name="game"))
    project.tags.add(Tag.objects.create(name="games"))
    assert tags.merge(Tag.objects.get(name=kept), Tag.objects.exclude(name=kept)) == 1
    assert names_of(project) == resolved("game", "games") == [kept]
    assert TagAlias.objects.exclude(name=kept).values_list("tag__name", flat=True).get() == kept
    assert not TagAlias.objects.filter(name=kept).exists()


def test_a_tag_that_stands_beside_its_alias_is_renamed():
    tagged("game")
    TagAlias.objects.create(name="games", tag=Tag.objects.get(name="game"))
    tags.rename(Tag.objects.create(name="games"), "play")
    assert resolved("games") == ["play"]


def test_unused_tags_are_those_without_projects_and_aliases():
    tagged("used")
    Tag.objects.create(name="nobody's")
    tags.add_alias(Tag.objects.create(name="with an alias"), "other")
    assert list(tags.unused().values_list("name", flat=True)) == ["nobody's"]


@pytest.mark.parametrize("name", [",", " , ,", "İ" * 50])
@pytest.mark.parametrize("field", ["name", "new_alias"])
def test_a_name_that_is_none_is_refused_at_its_field(admin_client, field, name):
    tag = Tag.objects.create(name="go")
    data = {"name": "go", "new_alias": "", "aliases-TOTAL_FORMS": 0, "aliases-INITIAL_FORMS": 0, field: name}
    page = admin_client.post(f"/admin/projects/tag/{tag.pk}/change/", data)
    assert page.status_code == 200
    assert list(page.context["adminform"].form.errors) == [field]
