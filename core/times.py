"""Times as people read them. The zone stands once on each page of the admin, not beside each time."""

from datetime import datetime

from django.utils import formats, timezone


def written(moment: datetime) -> str:
    """Return ``moment`` in the operator's time zone as all pages of the admin write it: 25 Nov 2026 21:50."""
    return formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT")
