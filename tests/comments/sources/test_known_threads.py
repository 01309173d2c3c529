import pytest

from comments.sources.known_threads import ThreadsFileError, known_threads


def test_the_shipped_file_lists_the_newest_thread_first():
    threads = known_threads()
    assert threads[0].id == 49686380
    assert (threads[0].year, threads[0].month) == (2026, 9)
    assert len(threads) == len({thread.id for thread in threads}) == 45


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "line 1: must be a list"),
        ("- {id: 1, year: 2024, month: 8}\n- {id: [", "is not YAML"),
        ("key: value", "line 1: must be a list"),
        ("- {id: 1, year: 2024, month: 8}\n- text", "line 2: must be {id, year, month}, is 'text'"),
        ("- {id: 1, year: 2024}", "line 1: month is missing"),
        ("- id: 1\n  year: 2024\n  month: 13", "line 3: month is '13'; it expects a whole number from 1 to 12"),
        ("- {id: -4, year: 2024, month: 8}", "line 1: id is '-4'"),
        ("- {id: abc, year: 2024, month: 8}", "line 1: id is 'abc'"),
        ('- {id: "7", year: 2024, month: 8}', "line 1: id is '7'"),
        ("- {id: [7], year: 2024, month: 8}", "line 1: id is not a number"),
        ("- {id: 1, year: 2024, month: 8, mont: 3}", "line 1: unknown field 'mont'"),
        ("- {id: 1, id: 2, year: 2024, month: 8}", "line 1: id stands here a second time"),
        ("- {id: 1, year: 2024, month: 8}\n- {id: 1, year: 2024, month: 8}", "line 2: id 1 stands here a second"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path, content, fault):
    path = tmp_path / "threads.yml"
    path.write_text(content)
    with pytest.raises(ThreadsFileError) as caught:
        known_threads(path)
    assert fault in str(caught.value)
    assert str(path) in str(caught.value)


def test_every_fault_is_named_not_only_the_first(tmp_path):
    path = tmp_path / "threads.yml"
    path.write_text("- {id: x, year: 2024, month: 8}\n- {id: 3, year: 1, month: 8}\n")
    with pytest.raises(ThreadsFileError) as caught:
        known_threads(path)
    assert len(str(caught.value).splitlines()) == 2


def test_a_file_that_is_missing_or_no_text_is_one_line(tmp_path):
    with pytest.raises(ThreadsFileError, match="cannot be read"):
        known_threads(tmp_path / "none.yml")
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ThreadsFileError, match="is not UTF-8"):
        known_threads(tmp_path / "binary.yml")
