"""What may stand in the addresses of the readers' pages."""

from core.api.listing import LARGEST_ID


class IdConverter:
    """An id that the database can hold."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        """Raises ValueError, which Django answers with 404, for a larger one."""
        number = int(value)
        if number > LARGEST_ID:
            raise ValueError(value)
        return number

    def to_url(self, value: int) -> str:
        return str(value)


class NameConverter:
    """The name of a tag or an author: any text, slashes included, that the database can hold."""

    regex = r"[\s\S]{1,300}"

    def to_python(self, value: str) -> str:
        """Raises ValueError, which Django answers with 404, for a text with NUL."""
        if "\0" in value:
            raise ValueError(value)
        return value

    def to_url(self, value: str) -> str:
        return value


class MonthConverter:
    """A month, as 2026-09; given to the view as (2026, 9)."""

    regex = "20[0-9]{2}-(?:0[1-9]|1[0-2])"

    def to_python(self, value: str) -> tuple[int, int]:
        return int(value[:4]), int(value[5:])

    def to_url(self, value: str | tuple[int, int]) -> str:
        return value if isinstance(value, str) else f"{value[0]}-{value[1]:02}"
