"""The map drawn by a real worker."""

import pytest

from core.jobs import sending
from projects.mapping.models import Dot, Drawing
from tests.factories import make_embedded
from tests.servers.processes import Worker
from tests.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

PATIENCE = 300  # seconds, of a machine that does much else


def test_a_worker_draws_what_was_sent_to_it(tmp_path):
    make_embedded(12)
    with Worker(tmp_path, processes=1):
        sending.send("draw_map", {})
        wait_until(Drawing.objects.exists, "the map is drawn", PATIENCE)
    assert (Drawing.objects.get().projects, Dot.objects.count()) == (12, 12)
