"""Looks at what is reached by HTTP: Hacker News, the models' servers, Flower."""

import httpx
from django.conf import settings

from core.http import user_agent
from projects.checks import endpoint_problem
from waywo_site.operations.health.findings import DEGRADED, FAILED, OK, Finding

CONTACT_SECONDS = 5.0
# Below the 3 s of its look, so that the reason is its own.
FLOWER_SECONDS = 2.0
LARGEST_ANSWER = 1000  # bytes of a single number


def hacker_news() -> Finding:
    """Whether the item API gives the number of its newest item."""
    status, body = _get(f"{settings.HN_API_BASE_URL}/maxitem.json")
    if status != httpx.codes.OK:
        return Finding(FAILED, f"{settings.HN_API_BASE_URL} answered {status}.")
    if not body.strip().isdigit():
        return Finding(FAILED, f"{settings.HN_API_BASE_URL} does not answer as Hacker News does.")
    return Finding(OK, f"The newest item is {int(body)}.")


def language_model() -> Finding:
    """Whether the configured server has the configured model."""
    return _model("LLM", "None is configured: comments are read by rules.")


def embeddings() -> Finding:
    """Whether the configured embedding server has the configured model."""
    return _model("EMBEDDING", "None is configured: WordLlama makes them on the processor.")


def _model(kind: str, without: str) -> Finding:
    url, model = getattr(settings, f"{kind}_BASE_URL"), getattr(settings, f"{kind}_MODEL")
    if not url:
        return Finding(OK, without)
    if not model:
        return Finding(FAILED, f"{kind}_BASE_URL is set and {kind}_MODEL is not.", f"Set {kind}_MODEL.")
    problem, hint = endpoint_problem(url, getattr(settings, f"{kind}_API_KEY"), model)
    if problem:
        return Finding(FAILED, problem, hint.format(kind=kind))
    return Finding(OK, f"{url} has {model}.")


def flower() -> Finding:
    """Whether Flower answers. Waywo works without it."""
    try:
        status, _ = _get(f"{settings.FLOWER_URL}/healthcheck", FLOWER_SECONDS)
    except httpx.HTTPError as error:
        return Finding(DEGRADED, f"{settings.FLOWER_URL} does not answer: {str(error) or type(error).__name__}.")
    if status != httpx.codes.OK:
        return Finding(DEGRADED, f"{settings.FLOWER_URL} answered {status}.")
    return Finding(OK, "It answers.")


def _get(url: str, seconds: float = CONTACT_SECONDS) -> tuple[int, str]:
    """Return status and text of an answer; of a long one the beginning, so that a liar fills no memory."""
    options = {"headers": {"User-Agent": user_agent()}, "timeout": seconds, "trust_env": False}
    with httpx.stream("GET", url, **options) as response:
        body = b""
        for piece in response.iter_bytes():
            body += piece
            if len(body) > LARGEST_ANSWER:
                break
        return response.status_code, body[:LARGEST_ANSWER].decode(errors="replace")
