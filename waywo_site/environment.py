"""Reads variables of the environment into typed values; a bad one is named together with what it expects."""

import json
import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

T = TypeVar("T")
D = TypeVar("D")

TRUTH = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)


@dataclass(frozen=True)
class Kind(Generic[T]):
    """How the text of a variable, or of a command's option, becomes a value, and what is expected of it."""

    parse: Callable[[str], T]
    expects: str

    def value(self, name: str, text: str) -> T:
        """Return what ``text`` says. Raises ImproperlyConfigured, which names it and what is expected."""
        try:
            return self.parse(text)
        except (ValueError, KeyError):
            raise ImproperlyConfigured(f"{name}={text!r} is invalid: it expects {self.expects}.") from None


def _read(name: str, default: D, parse: Callable[[str], T], expects: str) -> T | D:
    value = os.environ.get(name, "").strip()
    return Kind(parse, expects).value(name, value) if value else default


def variable(name: str, default: D, kind: Kind[T]) -> T | D:
    """Return a variable of this ``kind``."""
    return _read(name, default, kind.parse, kind.expects)


def text(name: str, default: str = "") -> str:
    """Return the variable without surrounding white space; an empty one counts as not set."""
    return _read(name, default, str, "text")


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def words(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Return a comma-separated variable as a list."""
    return _read(name, list(default), _split, "")


def boolean(name: str, default: bool) -> bool:
    """Return a truth value: 1/0, true/false, yes/no, on/off."""
    return _read(name, default, lambda value: TRUTH[value.lower()], "true or false")


def _between(kind: Callable[[str], T], least: float, most: float) -> Callable[[str], T]:
    def parse(value: str) -> T:
        found: Any = kind(value)
        if not least <= found <= most:
            raise ValueError(value)
        return found

    return parse


def whole(least: int, most: int) -> Kind[int]:
    """Return the kind of a whole number between ``least`` and ``most``, both allowed."""
    return Kind(_between(int, least, most), f"a whole number from {least} to {most}")


def whole_number(name: str, default: D, *, least: int, most: int) -> int | D:
    """Return a whole number between ``least`` and ``most``, both allowed."""
    return variable(name, default, whole(least, most))


def number(name: str, default: D, *, least: float, most: float) -> float | D:
    """Return a number between ``least`` and ``most``, both allowed."""
    return _read(name, default, _between(float, least, most), f"a number from {least:g} to {most:g}")


def choice(name: str, default: str, allowed: Sequence[str], expects: str = "") -> str:
    """Return one of the ``allowed`` words."""
    return _read(name, default, lambda value: allowed[allowed.index(value)], expects or " or ".join(allowed))


def time_zone(name: str, default: str) -> str:
    """Return the name of a time zone."""
    return choice(name, default, sorted(available_timezones()), "the name of a time zone, as Europe/Berlin")


def url(name: str, default: str = "", *, schemes: tuple[str, ...] = ("http", "https")) -> str:
    """Return an absolute URL of one of the ``schemes``, without its trailing slash."""

    def parse(value: str) -> str:
        parts = urlsplit(value)
        # A database may be named without a host: it is then on this machine's own socket.
        named = parts.hostname or (parts.scheme.startswith("postgres") and parts.path.strip("/"))
        if parts.scheme not in schemes or not named or parts.port == 0:
            raise ValueError(value)
        return value.rstrip("/")

    # The value may hold a password, so the message shows none of it.
    try:
        return _read(name, default, parse, "")
    except ImproperlyConfigured:
        begins = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ImproperlyConfigured(f"{name} is not a valid URL: it expects one that begins with {begins}.") from None


def secret(name: str, *, least: int) -> str:
    """Return a secret of at least ``least`` characters, or an empty text; a message shows none of it."""
    value = text(name)
    if value and (len(value) < least or not value.isascii() or not value.isprintable() or " " in value):
        raise ImproperlyConfigured(f"{name} is invalid: it expects a random text of {least} characters or more.")
    return value


def addresses(name: str) -> list[str]:
    """Return a comma-separated variable of e-mail addresses as a list."""

    def parse(value: str) -> list[str]:
        found = _split(value)
        try:
            for address in found:
                validate_email(address)
        except ValidationError as error:
            raise ValueError(value) from error
        return found

    return _read(name, [], parse, "e-mail addresses, separated by commas")


def read_file(path: Path) -> None:
    """Set the variables of ``path`` (NAME=value lines) that the environment does not set.

    Raises ImproperlyConfigured for a file that cannot be read, and for a line in it that sets nothing.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ImproperlyConfigured(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{path} is not UTF-8 text.") from None
    for number, line in enumerate(lines, start=1):
        if line.strip() and not re.match(r"\s*(#|(export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=)", line):
            raise ImproperlyConfigured(f"{path}, line {number}: it expects NAME=value.")
    environ.Env.read_env(path)


def kept_secret(path: Path, name: str) -> tuple[str, bool]:
    """Return the random secret ``name`` kept in the JSON file ``path`` (mode 600), and whether it was made just now.

    Raises ImproperlyConfigured when the file cannot be read or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = json.loads(path.read_text()) if path.exists() else {}
        if not isinstance(kept, dict):
            raise ValueError("it is not a JSON object")
        if is_new := name not in kept:
            kept[name] = secrets.token_urlsafe(48)
            _write_secrets(path, kept)
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(
            f"VAR_DIR: {path} cannot be used ({error}): set VAR_DIR to a folder that can be written, "
            f"or delete the file if it is damaged."
        ) from None
    return kept[name], is_new


def _write_secrets(path: Path, kept: dict[str, str]) -> None:
    aside = path.with_suffix(f".{os.getpid()}")
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(kept, file)
    if os.geteuid() == 0:
        # What root makes in a user's VAR_DIR is that user's: the next start may be theirs.
        owner = path.parent.stat()
        os.chown(aside, owner.st_uid, owner.st_gid)
    aside.replace(path)


def flower_password(given: str, debug: bool, secrets_file: Path) -> tuple[str, bool]:
    """Return "user:password" for Flower, ``given`` or else kept, and whether it was made just now.

    Raises ImproperlyConfigured where none is given while ``debug`` is off.
    """
    if given:
        return given, False
    if not debug:
        raise ImproperlyConfigured("FLOWER_BASIC_AUTH is not set: with DEBUG off it expects user:password.")
    password, is_new = kept_secret(secrets_file, "FLOWER_PASSWORD")
    return f"admin:{password}", is_new
