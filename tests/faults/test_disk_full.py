"""A disk without room: for the backup, and for Flower's memory of tasks."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.processes import ROOT, end, environment, manage
from tests.waiting import wait_until
from waywo_site.embedded.ports import free_port

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """Return a folder on a disk of 1 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"No disk could be mounted, which takes root: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Leave no byte free."""
    with pytest.raises(OSError, match="No space left"), (folder / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    assert shutil.disk_usage(folder).free == 0


def test_a_backup_on_a_full_disk_says_so_and_leaves_nothing_half_made(small_disk, record):
    fill(small_disk)
    failed = manage("backup_database", BACKUP_DIR=str(small_disk))
    assert failed.returncode != 0
    said = failed.stderr + failed.stdout
    assert str(small_disk) in said
    assert "Traceback" not in said
    assert not list(small_disk.glob("waywo-*"))
    record("disk full for the backup", "1 backup", lost=0, ran_twice=0, seconds=0)


@contextmanager
def flower(log: Path, **variables: str) -> Iterator[None]:
    """Run Flower until it is connected, and end it."""
    command = [sys.executable, "-m", "celery", "--app", "waywo_site", "flower", "--conf=waywo_site/flowerconfig.py"]
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(**variables), stdout=out, stderr=out)
    try:
        wait_until(lambda: "Connected to" in log.read_text() or process.poll() is not None, "Flower starts", 90)
        assert process.poll() is None, log.read_text()
        yield
        assert process.poll() is None, log.read_text()
    finally:
        end(process)


def test_flower_goes_on_with_a_full_disk_and_starts_with_what_that_left(small_disk, tmp_path, valkey, record):
    variables = {"CELERY_BROKER_URL": valkey.url, "VAR_DIR": str(small_disk), "FLOWER_PORT": str(free_port())}
    (small_disk / "flower").mkdir()
    fill(small_disk)
    log = tmp_path / "flower.log"
    with flower(log, **variables):
        pass
    assert "No space left" in log.read_text()  # as it ends, it cannot write what it knew
    (small_disk / "filler").unlink()
    began = time.monotonic()
    with flower(log, **variables):
        seconds = time.monotonic() - began
    record("disk full for Flower's state", "Flower", lost=0, ran_twice=0, seconds=seconds)
