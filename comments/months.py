"""Which month a thread belongs to."""

import re
from datetime import datetime

MONTHS = "january february march april may june july august september october november december".split()
NAME = "|".join(rf"{name[:3]}(?:{name[3:]})?" for name in MONTHS) + "|sept"
NAMED = re.compile(rf"\b({NAME})\.?,?\s+(20\d\d)\b", re.IGNORECASE)
FIRST_YEAR = 2006  # of Hacker News


def month_of(title: str, posted_at: datetime) -> tuple[int, int]:
    """Return the year and month that a thread is about: from a title like "… (August 2024)", else its date."""
    found = NAMED.search(title)
    if found and int(found[2]) >= FIRST_YEAR:
        return int(found[2]), [name[:3] for name in MONTHS].index(found[1][:3].lower()) + 1
    return posted_at.year, posted_at.month
