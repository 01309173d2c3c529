"""Misconfiguration as system checks: each says what is wrong and the way out."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from core.checks import OWN_CHECKS


@register(OWN_CHECKS)
def check_flower_password(**_: Any) -> list[CheckMessage]:
    """Refuse a Flower that everybody may use, since it shows arguments, and a password that it could not read."""
    given = settings.FLOWER_BASIC_AUTH
    user, _colon, password = given.partition(":")
    if not given and not settings.DEBUG:
        hint = "Set FLOWER_BASIC_AUTH=user:password; Flower asks for it."
        return [Error("FLOWER_BASIC_AUTH is not set while DEBUG is off.", hint=hint, id="waywo.E001")]
    if given and not (user and password):
        return [Error("FLOWER_BASIC_AUTH is invalid.", hint="It expects user:password.", id="waywo.E002")]
    return []


@register(OWN_CHECKS)
def check_time_limits(**_: Any) -> list[CheckMessage]:
    """Refuse limits in the wrong order: work would be ended without a word, given up while it goes on, or run twice."""
    tasks = settings.TASKS
    comment = tasks["process_waywo_comment"]
    claim = settings.CLAIM_EXPIRES_AFTER.total_seconds()
    reading = ("READING_SECONDS", settings.READING_SECONDS)
    handed_on = ("VISIBILITY_TIMEOUT", settings.VISIBILITY_TIMEOUT)
    below = [
        *((f"the soft limit of {name}", task.soft, "its hard limit", task.hard) for name, task in tasks.items()),
        ("PAGES_SECONDS", settings.PAGES_SECONDS, *reading),
        (*reading, "the soft limit of process_waywo_comment", comment.soft),
        ("the hard limit of process_waywo_comment", comment.hard, "CLAIM_EXPIRES_AFTER", claim),
        ("the longest hard limit", max(task.hard for task in tasks.values()), *handed_on),
        ("LONGEST_RETRY_PAUSE", settings.LONGEST_RETRY_PAUSE, *handed_on),
    ]
    hint = "Change one of the two: those of tasks stand in waywo_site/task_table.py, others in waywo_site/settings.py."
    found: list[CheckMessage] = [
        Error(f"{name} is {seconds:g} s: it must be below {other}, {most:g} s.", hint=hint, id="waywo.E003")
        for name, seconds, other, most in below
        if seconds >= most
    ]
    if settings.LLM_TIMEOUT > settings.READING_SECONDS:
        hint = f"Set LLM_TIMEOUT to {settings.READING_SECONDS} or less, or raise the limits of process_waywo_comment."
        found.append(Error(f"LLM_TIMEOUT={settings.LLM_TIMEOUT:g} outlasts a reading.", hint=hint, id="waywo.E005"))
    return found


@register(OWN_CHECKS)
def check_test_networks(**_: Any) -> list[CheckMessage]:
    """Refuse the list that lets tests fetch pages from this very machine."""
    given = settings.PAGES_ALLOWED_TEST_NETWORKS
    hint = "Leave it empty: it is for tests."
    text = f"PAGES_ALLOWED_TEST_NETWORKS={given!r} lets strangers' links reach inside."
    return [Error(text, hint=hint, id="waywo.E004")] if given else []
