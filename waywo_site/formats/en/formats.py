"""How times are written wherever nothing else is said: in lists, pages and histories of the admin."""

DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "j M Y H:i"
DATE_FORMAT = SHORT_DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
YEAR_MONTH_FORMAT = "F Y"
MONTH_DAY_FORMAT = "j F"
