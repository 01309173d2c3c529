"""Which month a thread belongs to."""

from datetime import UTC, datetime

import pytest

from comments.months import month_of


@pytest.mark.parametrize(
    ("title", "month"),
    [
        ("Ask HN: What are you working on? (August 2024)", (2024, 8)),
        ("Ask HN: What are you working on? (Sept 2024)", (2024, 9)),
        ("Ask HN: What are you working on? (Sept. 2024)", (2024, 9)),
        ("Ask HN: What are you working on? (Sep, 2024)", (2024, 9)),
        ("What are you working on? DEC 2025", (2025, 12)),
        ("What are you working on? (Mays 2024)", (2026, 3)),
        ("What are you working on in 2024?", (2026, 3)),
    ],
)
def test_the_title_says_the_month_or_the_date_does(title, month):
    assert month_of(title, datetime(2026, 3, 1, tzinfo=UTC)) == month
