"""The buffers of the embedded PostgreSQL follow the memory that there is, of a container where one bounds it."""

from collections import namedtuple

from waywo_site.embedded import postgresql


def test_a_container_has_less_memory_than_its_machine(monkeypatch, tmp_path):
    monkeypatch.setattr(postgresql.psutil, "virtual_memory", lambda: namedtuple("Memory", "total")(64 * 2**30))
    bound = tmp_path / "memory.max"
    monkeypatch.setattr(postgresql, "MEMORY_BOUNDS", (tmp_path / "missing", bound))
    for text, found in (("max\n", 64 * 2**30), ("536870912\n", 512 * 2**20)):
        bound.write_text(text)
        assert postgresql.memory() == found
