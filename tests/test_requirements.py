"""What is pinned by hand and what is locked with hashes agree; no lock names an index of one machine."""

import re

import pytest

from tests.servers.processes import ROOT


@pytest.mark.parametrize("folder", ["", "tests"])
def test_a_lock_holds_every_pin_of_its_source(folder):
    source, lock = ((ROOT / folder / f"requirements.{ending}").read_text() for ending in ("in", "txt"))
    pins = {
        f"{re.sub('[-_.]+', '-', name).lower()}=={version}"
        for name, version in re.findall(r"^([\w.-]+)(?:\[\w+\])?==(\S+)", source, re.MULTILINE)
    }
    locked = re.findall(r"^(\S+==\S+)", lock, re.MULTILINE)
    assert pins
    assert pins <= set(locked), "run make lock"
    assert len(locked) <= lock.count(" --hash=sha256:")
    assert not re.search(r"--(index|extra-index|find-links)|://", lock)
