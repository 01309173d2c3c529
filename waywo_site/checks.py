"""Misconfiguration as system checks: each says what is wrong and the way out."""

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
    return [Error("FLOWER_BASIC_AUTH is invalid.", hint="It takes user:password.", id="waywo.E002")]


@register()
def check_visibility_timeout(**_: Any) -> list[CheckMessage]:
    """Refuse a broker that hands a task on while it still runs: it would run twice."""
    longest = max(hard for _, hard in settings.QUEUE_TIME_LIMITS.values())
    if longest < settings.VISIBILITY_TIMEOUT:
        return []
    return [
        Error(
            f"VISIBILITY_TIMEOUT={settings.VISIBILITY_TIMEOUT} s is not above the longest time limit, {longest} s.",
            hint="Raise VISIBILITY_TIMEOUT or lower the limits in QUEUE_TIME_LIMITS (waywo_site/settings.py).",
            id="waywo.E003",
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
