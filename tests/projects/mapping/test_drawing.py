"""Drawing the map, in its own process: what is stored, what stays, and what a failure leaves."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from core.locks import try_lock_session
from projects.language.embeddings import WordLlamaEmbedder
from projects.mapping import layout_process
from projects.mapping.drawing import LOCK, draw_map
from projects.mapping.models import Cluster, Dot, Drawing
from projects.mapping.payload import payload
from projects.models import Project, Tag
from projects.tasks import draw_map as draw_map_task
from tests.factories import POSTED_AT, make_embedded, make_project
from tests.projects.mapping.reading import unpacked

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]

SUBJECTS = {
    "games": "A {} game with dragons, swords and puzzles for players",
    "finance": "Budgeting and {} invoices, taxes and accounting for a small business",
    "music": "A {} synthesizer that plays guitar chords, drums and melodies",
}
COLOURS = "red green blue black white grey pink brown violet golden silver purple".split()


def make_subjects(each: int = len(COLOURS)) -> list[Project]:
    """Save projects of three subjects, each with its tag."""
    embedder = WordLlamaEmbedder()
    made = []
    for subject, text in SUBJECTS.items():
        tag, _ = Tag.objects.get_or_create(name=subject)
        texts = [text.format(colour) for colour in COLOURS[:each]]
        for short, vector in zip(texts, embedder.embed_now(texts), strict=True):
            made.append(
                make_project(
                    title=f"Thing {len(made)}",
                    short_description=short,
                    embedding=vector,
                    embedding_model=embedder.name,
                    last_seen_at=POSTED_AT,
                )
            )
            made[-1].tags.set([tag])
    return made


def test_projects_of_one_subject_make_an_area_with_its_name():
    projects = make_subjects()
    done = draw_map()
    assert (done["status"], done["projects"]) == ("success", 36)
    assert Dot.objects.count() == 36
    names = {cluster.name.split(",")[0] for cluster in Cluster.objects.filter(level=Cluster.FINE)}
    assert {name.lower() for name in names} >= set(SUBJECTS)
    drawing = Drawing.objects.get()
    assert (drawing.projects, drawing.median_moved, drawing.clusters) == (36, None, Cluster.objects.count())
    header, columns = unpacked(payload())
    assert columns["id"] == sorted(project.pk for project in projects)
    assert header["waiting"] == 0


def test_it_stays_what_it_was_after_new_ones_came():
    make_subjects(each=10)
    draw_map()
    names = dict(Cluster.objects.values_list("number", "name"))
    places = dict(Dot.objects.values_list("project", "x"))
    make_embedded(3)
    done = draw_map()
    assert done["median_moved"] < 0.02
    assert Dot.objects.count() == len(places) + 3
    kept = dict(Cluster.objects.values_list("number", "name"))
    assert len(set(names.items()) & set(kept.items())) >= len(names) - 1
    assert Drawing.objects.count() == 2
    assert set(Cluster.objects.values_list("drawing", flat=True)) == {Drawing.objects.first().pk}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_small_index_is_drawn_too(count):
    make_embedded(count)
    done = draw_map()
    assert (done["projects"], done["clusters"], Dot.objects.count()) == (count, 0, count)
    assert Drawing.objects.get().method


def test_only_what_strangers_may_see_and_the_model_in_use_embedded():
    shown, rejected, of_another = make_embedded(3)
    Project.objects.filter(pk=rejected.pk).update(review_status=Project.ReviewStatus.REJECTED)
    Project.objects.filter(pk=of_another.pk).update(embedding_model="another")
    make_project(title="Without an embedding")
    draw_map()
    assert list(Dot.objects.values_list("project", flat=True)) == [shown.pk]


def test_a_process_that_dies_changes_nothing(monkeypatch):
    make_embedded(4)
    draw_map()
    before = list(Dot.objects.order_by("pk").values()), list(Drawing.objects.values())
    make_embedded(2)
    monkeypatch.setattr(layout_process, "FOLDER", Path("/"))  # where no such module is
    with pytest.raises(layout_process.DrawingFailed, match="The map stays as it was"):
        draw_map()
    assert (list(Dot.objects.order_by("pk").values()), list(Drawing.objects.values())) == before
    with pytest.raises(CommandError, match="The map stays as it was"):
        call_command("draw_map")


def test_one_at_a_time():
    make_embedded(2)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            assert try_lock_session(cursor, LOCK)
        assert draw_map()["status"] == "skipped"
        out = StringIO()
        call_command("draw_map", stdout=out)
        assert "Another drawing is under way." in out.getvalue()
    finally:
        other.close()
    assert not Drawing.objects.exists()


def test_the_command_and_the_task_tell_what_was_drawn():
    make_embedded(12)
    out = StringIO()
    call_command("draw_map", "--json", stdout=out)
    said = json.loads(out.getvalue().splitlines()[-1])
    assert (said["status"], said["projects"], said["median_moved"]) == ("success", 12, None)
    again = draw_map_task()
    assert again["projects"] == 12
    assert again["median_moved"] < 0.02


HEADER = b'{"dimensions": 4, "unit": null}\n'


@pytest.fixture
def process():
    """The process that draws, before it is told anything."""
    with subprocess.Popen(
        [sys.executable, "-m", "projects.mapping.layout_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=layout_process.FOLDER,
    ) as started:
        yield started


def test_its_process_ends_when_nobody_waits_for_it(process):
    """As when a worker is killed: the pipe to it is closed in the middle of what was to come."""
    _, errors = process.communicate(HEADER + b"\1\0\0\0")
    assert process.returncode == 1
    assert b"is gone" in errors


def test_its_process_ends_in_order_while_the_pipe_to_it_is_open(process):
    process.stdin.write(HEADER + b"\0\0\0\0")
    process.stdin.flush()
    result = json.loads(process.stdout.read().splitlines()[-1])
    assert (process.wait(), process.stderr.read(), result["places"]) == (0, b"", [])
