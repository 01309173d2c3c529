"""Misconfiguration as system checks: each says what is wrong and the way out."""

from itertools import pairwise
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def check_flower_password(**_: Any) -> list[CheckMessage]:
    """Refuse a Flower that everybody may use: it shows arguments and can end tasks."""
    if settings.DEBUG or settings.FLOWER_BASIC_AUTH:
        return []
    return [
        Error(
            "FLOWER_BASIC_AUTH is not set while DEBUG is off.",
            hint="Set FLOWER_BASIC_AUTH=user:password; Flower asks for it.",
            id="waywo.E001",
        )
    ]


@register()
def check_flower_password_form(**_: Any) -> list[CheckMessage]:
    """Refuse a password that Flower could not read."""
    user, colon, password = settings.FLOWER_BASIC_AUTH.partition(":")
    if not settings.FLOWER_BASIC_AUTH or (user and colon and password):
        return []
    return [Error("FLOWER_BASIC_AUTH is invalid.", hint="It expects user:password.", id="waywo.E002")]


@register()
def check_time_limits(**_: Any) -> list[CheckMessage]:
    """Refuse limits in the wrong order: work would be ended without a word, given up while it goes on, or run twice."""
    limits = settings.QUEUE_TIME_LIMITS
    soft, hard = limits["extraction"]
    handed_on = ("VISIBILITY_TIMEOUT", settings.VISIBILITY_TIMEOUT)
    chains = [
        *(((f"the soft limit of {queue}", pair[0]), ("its hard limit", pair[1])) for queue, pair in limits.items()),
        (
            ("PAGES_SECONDS", settings.PAGES_SECONDS),
            ("READING_SECONDS", settings.READING_SECONDS),
            ("the soft limit of extraction", soft),
        ),
        (("the hard limit of extraction", hard), ("CLAIM_EXPIRES_AFTER", settings.CLAIM_EXPIRES_AFTER.total_seconds())),
        (("the longest hard limit", max(hard for _, hard in limits.values())), handed_on),
        (("LONGEST_RETRY_PAUSE", settings.LONGEST_RETRY_PAUSE), handed_on),
    ]
    return [
        Error(
            f"{name} is {seconds:g} s: it must be below {next_name}, {next_seconds:g} s.",
            hint="Change one of the two: they stand with QUEUE_TIME_LIMITS in waywo_site/settings.py.",
            id="waywo.E003",
        )
        for chain in chains
        for (name, seconds), (next_name, next_seconds) in pairwise(chain)
        if seconds >= next_seconds
    ]


@register()
def check_language_model_timeout(**_: Any) -> list[CheckMessage]:
    """Refuse a call of the language model that may take longer than the reading that makes it."""
    if settings.LLM_TIMEOUT <= settings.READING_SECONDS:
        return []
    return [
        Error(
            f"LLM_TIMEOUT is {settings.LLM_TIMEOUT:g} s, and a reading has {settings.READING_SECONDS} s.",
            hint=f"Set LLM_TIMEOUT to {settings.READING_SECONDS} or less, or raise the limits of extraction in "
            "QUEUE_TIME_LIMITS (waywo_site/settings.py).",
            id="waywo.E005",
        )
    ]


@register()
def check_test_networks(**_: Any) -> list[CheckMessage]:
    """Refuse the list that lets tests fetch pages from this very machine."""
    if not settings.PAGES_ALLOWED_TEST_NETWORKS:
        return []
    return [
        Error(
            f"PAGES_ALLOWED_TEST_NETWORKS={settings.PAGES_ALLOWED_TEST_NETWORKS!r} lets strangers' links reach inside.",
            hint="Leave it empty: it is for tests.",
            id="waywo.E004",
        )
    ]
