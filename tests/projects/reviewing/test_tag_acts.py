"""Acts on tags: merged, renamed, given other names, removed; and each of that undone."""

import pytest
from django.contrib.auth.models import User

from projects import tags
from projects.models import Project, ReviewAction, Tag, TagAlias
from projects.reviewing import tag_acts
from projects.reviewing.undoing import UndoError, undo
from tests.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita() -> User:
    return User.objects.create_user("rita")


def tagged(*names: str) -> Project:
    project = make_project()
    project.tags.set(Tag.objects.get_or_create(name=name)[0] for name in names)
    return project


def everything() -> list:
    """Return all tags with their projects and aliases."""
    return [
        (
            tag.pk,
            tag.name,
            sorted(tag.projects.values_list("pk", flat=True)),
            [alias.name for alias in tag.aliases.all()],
        )
        for tag in Tag.objects.order_by("pk")
    ]


def named(name: str) -> Tag:
    return Tag.objects.get(name=name)


def merged(user):
    return tag_acts.merge(named("javascript"), Tag.objects.filter(name__in=["js", "ecmascript"]), user)


def aliased(user):
    return tag_acts.add_alias(named("javascript"), "JS", user)


def renamed_into_another(user):
    return tag_acts.rename(named("js"), "javascript", user)[1]


def renamed(user):
    return tag_acts.rename(named("js"), "jscript", user)[1]


def renamed_to_its_alias(user):
    return tag_acts.rename(named("js"), "livescript", user)[1]


def new_alias(user):
    return tag_acts.add_alias(named("js"), "mocha", user)


def alias_removed(user):
    return tag_acts.remove_alias(TagAlias.objects.get(name="livescript"), user)


def removed(user):
    return tag_acts.remove(Tag.objects.filter(name__in=["js", "unused"]), user)


@pytest.mark.parametrize(
    "act", [merged, aliased, renamed_into_another, renamed, renamed_to_its_alias, new_alias, alias_removed, removed]
)
def test_the_undo_of_an_act_on_tags_leaves_all_as_it_was(rita, act):
    tagged("js")
    tagged("js", "javascript")
    tagged("ecmascript", "rust")
    Tag.objects.create(name="unused")
    tags.add_alias(named("js"), "livescript")
    before = everything()
    action = act(rita)
    assert everything() != before
    assert undo(action.pk, rita).left == []
    assert everything() == before
    with pytest.raises(UndoError, match="undone already"):
        undo(action.pk, rita)


def test_the_undo_of_a_merge_leaves_what_was_tagged_meanwhile_and_who_took_the_tag_away(rita):
    kept, taken, gone = tagged("js"), tagged("js"), tagged("js")
    named_before = Tag.objects.create(name="javascript")
    action = merged(rita)
    assert (action.count, str(action)) == (3, "Merged “js” into “javascript”")
    later = tagged("javascript")
    taken.tags.remove(named_before)
    gone.delete()
    undone = undo(action.pk, rita)
    assert undone.left == [
        ("1 project", "gone: merged into another one, or removed"),
        ("1 project", "somebody took the tag away since"),
    ]
    assert [tag.name for tag in kept.tags.all()] == ["js"]
    assert [tag.name for tag in later.tags.all()] == ["javascript"]
    assert not taken.tags.exists()


def test_of_several_merged_tags_those_whose_names_are_taken_by_now_stay_merged(rita):
    one, both = tagged("js"), tagged("js", "ecmascript")
    Tag.objects.create(name="javascript")
    action = merged(rita)
    TagAlias.objects.filter(name="js").delete()
    Tag.objects.create(name="js")
    assert undo(action.pk, rita).left == [("The tag “js”", "there is a tag of that name again")]
    assert [tag.name for tag in one.tags.all()] == ["javascript"]
    assert sorted(tag.name for tag in both.tags.all()) == ["ecmascript", "javascript"]


@pytest.mark.parametrize(
    ("act", "meanwhile", "why"),
    [
        (aliased, lambda: named("javascript").delete(), "merged into is gone"),
        (aliased, lambda: TagAlias.objects.update(tag=named("rust")), "stands for “rust” by now"),
        (renamed, lambda: Tag.objects.filter(name="jscript").update(name="other"), "renamed again: it is “other”"),
        (renamed, lambda: named("jscript").delete(), "is gone"),
        (renamed, lambda: Tag.objects.create(name="js"), "is another tag"),
        (new_alias, lambda: TagAlias.objects.filter(name="mocha").delete(), "no alias of that tag any more"),
        (alias_removed, lambda: Tag.objects.create(name="livescript"), "another name of one, by now"),
        (alias_removed, lambda: named("js").delete(), "is gone"),
    ],
)
def test_an_act_on_tags_that_were_changed_since_is_not_undone_and_it_is_said_why(rita, act, meanwhile, why):
    tagged("js", "rust", "javascript")
    tags.add_alias(named("js"), "livescript")
    action = act(rita)
    meanwhile()
    before = everything()
    with pytest.raises(UndoError, match=why):
        undo(action.pk, rita)
    assert everything() == before
    assert ReviewAction.objects.get().undone_at is None


@pytest.mark.parametrize("name", ["new", "taken"])
def test_a_tag_that_somebody_removed_meanwhile_is_not_renamed(rita, name):
    gone, _ = Tag.objects.create(name="gone"), Tag.objects.create(name="taken")
    Tag.objects.filter(pk=gone.pk).delete()
    with pytest.raises(tags.TagError, match="“gone” is gone"):
        tag_acts.rename(gone, name, rita)
    assert not ReviewAction.objects.exists()
