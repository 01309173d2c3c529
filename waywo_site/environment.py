"""Reads variables of the environment into typed values; a bad one is named together with what it expects."""

import json
import os
import re
import secrets
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

T = TypeVar("T")

TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"0", "false", "no", "off"}


def _read(name: str, default: T, parse: Callable[[str], T], expects: str) -> T:
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        return parse(text)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={text!r} is invalid: it expects {expects}.") from None


def text(name: str, default: str = "") -> str:
    """Return the variable without surrounding white space; an empty one counts as not set."""
    return _read(name, default, str, "text")


def words(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Return a comma-separated variable as a list."""
    return _read(name, list(default), lambda value: [part.strip() for part in value.split(",") if part.strip()], "")


def boolean(name: str, default: bool) -> bool:
    """Return a truth value: 1/0, true/false, yes/no, on/off."""

    def parse(value: str) -> bool:
        if value.lower() in TRUE_WORDS | FALSE_WORDS:
            return value.lower() in TRUE_WORDS
        raise ValueError(value)

    return _read(name, default, parse, "true or false")


def whole_number(name: str, default: int | None, *, least: int, most: int) -> int | None:
    """Return a whole number between ``least`` and ``most``, both allowed."""

    def parse(value: str) -> int:
        number = int(value)
        if not least <= number <= most:
            raise ValueError(value)
        return number

    return _read(name, default, parse, f"a whole number from {least} to {most}")


def number(name: str, default: float, *, least: float, most: float) -> float:
    """Return a number between ``least`` and ``most``, both allowed."""

    def parse(value: str) -> float:
        result = float(value)
        if not least <= result <= most:
            raise ValueError(value)
        return result

    return _read(name, default, parse, f"a number from {least:g} to {most:g}")


def url(name: str, default: str = "", *, schemes: tuple[str, ...] = ("http", "https")) -> str:
    """Return an absolute URL of one of the ``schemes``, without its trailing slash."""

    def parse(value: str) -> str:
        parts = urlsplit(value)
        # A database may be named without a host: it is then on this machine's own socket.
        named = parts.hostname or (parts.scheme.startswith("postgres") and parts.path.strip("/"))
        if parts.scheme not in schemes or not named:
            raise ValueError(value)
        if parts.port == 0:
            raise ValueError(value)
        return value.rstrip("/")

    # The value may hold a password, so the message shows none of it.
    try:
        return _read(name, default, parse, "")
    except ImproperlyConfigured:
        expects = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ImproperlyConfigured(f"{name} is not a valid URL: it expects one that begins with {expects}.") from None


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Return one of the ``allowed`` words."""

    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError(value)
        return value

    return _read(name, default, parse, " or ".join(allowed))


def secret(name: str, *, least: int) -> str:
    """Return a secret of at least ``least`` characters, or an empty text; a message shows none of it."""
    value = text(name)
    if value and (len(value) < least or not value.isascii() or not value.isprintable() or " " in value):
        raise ImproperlyConfigured(f"{name} is invalid: it expects a random text of {least} characters or more.")
    return value


def addresses(name: str) -> list[str]:
    """Return a comma-separated variable of e-mail addresses as a list."""

    def parse(value: str) -> list[str]:
        found = [part.strip() for part in value.split(",") if part.strip()]
        for address in found:
            try:
                validate_email(address)
            except ValidationError as error:
                raise ValueError(address) from error
        return found

    return _read(name, [], parse, "e-mail addresses, separated by commas")


def time_zone(name: str, default: str) -> str:
    """Return the name of a time zone."""

    def parse(value: str) -> str:
        if value not in zoneinfo.available_timezones():
            raise ValueError(value)
        return value

    return _read(name, default, parse, "the name of a time zone, as Europe/Berlin")


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


def _secrets(path: Path) -> dict[str, str]:
    kept = json.loads(path.read_text()) if path.exists() else {}
    if not isinstance(kept, dict):
        raise ValueError("it is not a JSON object")
    return kept


def has_secret(path: Path, name: str) -> bool:
    """Return whether ``kept_secret`` has made the secret ``name`` already."""
    try:
        return name in _secrets(path)
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from None


def kept_secret(path: Path, name: str) -> str:
    """Return the random secret ``name`` kept in the JSON file ``path``, made at the first call (mode 600).

    Raises ImproperlyConfigured when the file cannot be read or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = _secrets(path)
        if name not in kept:
            kept[name] = secrets.token_urlsafe(48)
            _write_secrets(path, kept)
        return kept[name]
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from None


def _write_secrets(path: Path, kept: dict[str, str]) -> None:
    aside = path.with_suffix(f".{os.getpid()}")
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(kept, file)
    if os.geteuid() == 0:
        # What root makes in a user's VAR_DIR is that user's: the next start may be theirs.
        owner = path.parent.stat()
        os.chown(aside, owner.st_uid, owner.st_gid)
    aside.replace(path)


def _unusable(path: Path, error: Exception) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"VAR_DIR: {path} cannot be used ({error}): set VAR_DIR to a folder that can be written, "
        f"or delete the file if it is damaged."
    )
