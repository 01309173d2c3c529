"""The page that ``make bench`` writes can be read again: the next run shows its figures as those of before."""

from tests.benchmarks.__main__ import figures_of, page, shown
from tests.benchmarks.figures import FILE, Figure, collected, figure


def test_figures_are_collected_where_somebody_asks_for_them(tmp_path, monkeypatch):
    figure("nobody asks", 1, "ms")
    monkeypatch.setenv(FILE, str(tmp_path / "figures"))
    figure("a page, p50", 12.34567, "ms")
    figure("overhead", -0.5, "%")
    assert collected(str(tmp_path / "figures")) == [Figure("a page, p50", 12.3457, "ms"), Figure("overhead", -0.5, "%")]


def test_a_page_names_each_figure_with_that_of_before_and_keeps_what_was_not_measured():
    first = page({"Pages": [Figure("home, p50", 12.34, "ms")], "Queue": [Figure("overhead", -3.0, "%")]}, "", 1, 0.5)
    assert figures_of(first) == {"home, p50": "12.3 ms", "overhead": "-3 %"}
    second = page({"Pages": [Figure("home, p50", 6.1, "ms")], "Search": []}, first, 3, 0.5)
    assert "## Pages\n\n| figure | now | before |\n| --- | ---: | ---: |\n| home, p50 | 6.10 ms | 12.3 ms |\n" in second
    assert second.endswith("## Queue\n\n| figure | now | before |\n| --- | ---: | ---: |\n| overhead | -3 % |  |\n")
    assert "Medians of 3 rounds" in second


def test_a_figure_has_as_many_digits_as_it_bears():
    values = {1234567: "1,234,567", 123.4: "123", 12.34: "12.3", 1.234: "1.23", 8: "8"}
    assert {value: shown(Figure("", value, "bytes")) for value in values} == {
        value: f"{text} bytes" for value, text in values.items()
    }
