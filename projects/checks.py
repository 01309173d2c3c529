"""Misconfiguration as system checks: each has an id and says what to do."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution

from core.checks import OWN_CHECKS

CONTACT_SECONDS = 5.0


@register(OWN_CHECKS)
def check_model_settings(**_: Any) -> list[CheckMessage]:
    """Return what is missing or contradicts itself in the settings of language model and embeddings."""
    found: list[CheckMessage] = []
    for kind, number in (("LLM", 1), ("EMBEDDING", 3)):
        url, model = getattr(settings, f"{kind}_BASE_URL"), getattr(settings, f"{kind}_MODEL")
        if url and not model:
            found.append(
                Error(
                    f"{kind}_BASE_URL is set and {kind}_MODEL is not.",
                    hint=f"Set {kind}_MODEL to a model that {url}/models lists, or unset {kind}_BASE_URL.",
                    id=f"projects.E{number:03}",
                )
            )
        if not url and (model or getattr(settings, f"{kind}_API_KEY")):
            found.append(
                Caution(
                    f"{kind}_MODEL or {kind}_API_KEY is set and {kind}_BASE_URL is not: neither is used.",
                    hint=f"Set {kind}_BASE_URL to the address of an OpenAI-compatible API, as http://localhost:8080/v1.",
                    id=f"projects.W{number:03}",
                )
            )
    if settings.EMBEDDING_DIMENSIONS and not settings.EMBEDDING_BASE_URL:
        found.append(
            Caution(
                "EMBEDDING_DIMENSIONS is set and EMBEDDING_BASE_URL is not: WordLlama gives 256 dimensions.",
                hint="Unset EMBEDDING_DIMENSIONS, or set EMBEDDING_BASE_URL.",
                id="projects.W005",
            )
        )
    return found


@register(OWN_CHECKS, deploy=True)
def check_models_are_there(**_: Any) -> list[CheckMessage]:
    """Ask the configured endpoints for their models (5 s each). Runs with ``check --deploy`` alone."""
    numbers = {"LLM": 20, "EMBEDDING": 21}
    return [
        Error(f"{kind}_BASE_URL: {problem}", hint=remedy, id=f"projects.E{numbers[kind]:03}")
        for kind, problem, remedy in endpoint_problems()
    ]


def endpoint_problems() -> list[tuple[str, str, str]]:
    """Ask the configured endpoints for their models (5 s each) and return what is wrong, one line each.

    Each is ("LLM" or "EMBEDDING", what is wrong, what to do): no server, a refused key, a model that is not there.
    """
    found = []
    for kind in ("LLM", "EMBEDDING"):
        url, model = getattr(settings, f"{kind}_BASE_URL"), getattr(settings, f"{kind}_MODEL")
        if not url or not model:
            continue
        problem, remedy = endpoint_problem(url, getattr(settings, f"{kind}_API_KEY"), model)
        if problem:
            found.append((kind, problem, remedy.format(kind=kind)))
    return found


def endpoint_problem(url: str, key: str, model: str) -> tuple[str, str]:
    """Return what is wrong with an endpoint and what to do, as lines; empty texts when the model is there.

    The second has ``{kind}`` where the variables' prefix (LLM, EMBEDDING) belongs.
    """
    import httpx

    from core.http import in_short, user_agent

    headers = {"User-Agent": user_agent()} | ({"Authorization": f"Bearer {key}"} if key else {})
    try:
        answer = httpx.get(f"{url}/models", headers=headers, timeout=CONTACT_SECONDS, trust_env=False)
    except httpx.HTTPError as error:
        return f"{url} cannot be reached: {in_short(error)}.", "Start the server, or correct {kind}_BASE_URL."
    if answer.status_code in (401, 403):
        return f"{url} refuses the key ({answer.status_code}).", "Correct {kind}_API_KEY."
    try:
        listed = [row["id"] for row in answer.json()["data"]]
    except (ValueError, KeyError, TypeError):
        return f"{url}/models answered {answer.status_code} and no list of models.", "Correct {kind}_BASE_URL."
    if model not in listed:
        names = ", ".join(map(str, listed[:10])) or "none"
        return f"{url} has no model {model!r}.", f"Set {{kind}}_MODEL to one that it has: {names}."
    return "", ""
