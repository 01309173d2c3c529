"""The default schedules are put in once, and belong to the operator from then on."""

from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django_celery_beat.models import PeriodicTask

from waywo_site.models import OfferedSchedule
from waywo_site.schedules import defaults, stored, timing
from waywo_site.schedules.defaults import DAY, DEFAULTS, Default

pytestmark = pytest.mark.django_db
NEW = Default("Embed what is new", "generate_embeddings", "0 7 * * *", DAY - 60, "Embeds what has no embedding.")


@pytest.fixture(autouse=True)
def default_schedules() -> None:
    defaults.add_new(apps, plan=[])


def migrate() -> None:
    call_command("migrate", verbosity=0)


def names() -> set[str]:
    return set(PeriodicTask.objects.values_list("name", flat=True))


def test_they_are_there_with_times_words_and_an_end_before_their_next_run():
    rows = PeriodicTask.objects.filter(name__in=[default.name for default in DEFAULTS])
    assert rows.count() == len(DEFAULTS) == 14
    for schedule in rows.select_related("crontab"):
        assert schedule.enabled
        assert stored.problem_of(schedule) == ""
        assert schedule.expire_seconds < timing.shortest_gap(schedule.crontab), schedule.name
    monthly = rows.get(name="Collect the threads of the month")
    assert timing.in_words(monthly.crontab) == "At 06:00, on day 1 of the month"


def test_a_new_one_reaches_an_old_installation_once_and_what_the_operator_did_stays(monkeypatch):
    PeriodicTask.objects.get(name="Back up the database").delete()
    PeriodicTask.objects.filter(name="Check health").update(enabled=False, task="process_waywo_posts")
    before = names()
    migrate()
    assert names() == before
    monkeypatch.setattr(defaults, "DEFAULTS", (*DEFAULTS, NEW))
    migrate()
    assert names() == before | {NEW.name}
    edited = PeriodicTask.objects.get(name="Check health")
    assert (edited.enabled, edited.task) == (False, "process_waywo_posts")
    PeriodicTask.objects.get(name=NEW.name).delete()
    migrate()
    assert names() == before


def test_a_flush_leaves_none_and_the_next_migrate_brings_all_back():
    PeriodicTask.objects.all().delete()
    OfferedSchedule.objects.all().delete()
    # As flush does, which gives no apps and no plan.
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    assert names() == set()
    migrate()
    assert names() == {default.name for default in DEFAULTS}


def test_an_installation_from_before_this_was_noted_gets_back_nothing_that_it_deleted():
    """What was put in is noted by the migration that made the table, before others are looked for."""
    PeriodicTask.objects.get(name="Discover new threads").delete()
    PeriodicTask.objects.filter(task="generate_analytics").update(name="Reckon the figures of the months")
    before = names()
    OfferedSchedule.objects.all().delete()
    import_module("waywo_site.migrations.0011_offered_schedules").note_offered(apps, None)
    migrate()
    assert names() == before
    assert OfferedSchedule.objects.count() == len(DEFAULTS)
