"""Lets any text be stored: PostgreSQL holds neither NUL nor half surrogates, and strangers write both.

They come in error messages, headers, pages and answers, and must never break the save that tells of them. So they are
taken out where values become parameters of statements, the one place that all of them pass.
"""

from typing import Any

from psycopg import DataError
from psycopg.adapt import AdaptersMap
from psycopg.types.json import Json, Jsonb, JsonbDumper, JsonDumper
from psycopg.types.string import StrDumper, StrDumperUnknown, StrDumperVarchar

from core.text import storable, storable_value

# As ``json.dumps`` writes NUL and surrogates, halves or not.
UNSURE = (b"\\u0000", b"\\ud")


def _text_dumper(plain: Any) -> type:
    class Storable(plain):  # type: ignore[misc]
        def dump(self, obj: str) -> Any:
            try:
                return super().dump(obj)
            except (DataError, UnicodeEncodeError):
                return super().dump(storable(obj))

    return Storable


def _json_dumper(plain: Any) -> type:
    class Storable(plain):  # type: ignore[misc]
        def dump(self, obj: Any) -> Any:
            try:
                dumped = super().dump(obj)
            except UnicodeEncodeError:
                dumped = None
            if dumped is not None and not any(sign in bytes(dumped) for sign in UNSURE):
                return dumped
            return super().dump(type(obj)(storable_value(obj.obj), dumps=obj.dumps))

    return Storable


def register(adapters: AdaptersMap) -> None:
    """Have ``adapters`` write texts and JSON so that they can be stored. Doing it twice does no harm."""
    for plain in (StrDumperVarchar, StrDumper, StrDumperUnknown):
        adapters.register_dumper(str, _text_dumper(plain))
    adapters.register_dumper(Json, _json_dumper(JsonDumper))
    adapters.register_dumper(Jsonb, _json_dumper(JsonbDumper))
