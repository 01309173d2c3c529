"""Makes the OpenAPI document say what is true of every endpoint: the problems that all have, both ways to sign in.

What one endpoint answers beside those stands where it is declared (``openapi_extra``).
"""

from typing import Any

from core.api.problems import problem_responses

PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "problem", "allowed"],
                "properties": {
                    "field": {"type": "string"},
                    "problem": {"type": "string"},
                    "allowed": {"type": "string"},
                },
            },
        },
    },
}
ALWAYS = {
    400: "It cannot be understood",
    411: "Content-Length is missing",
    413: "The body is larger than 64 KiB",
    414: "The address is longer than 8 KiB",
    422: "A field has a wrong value; `errors` names each",
    429: "Too many requests; Retry-After says how long to wait",
    500: "Something went wrong here",
    503: "Too slow, too many streams, or a server is away; Retry-After says when to come again",
}
SECURED = {401: "No valid token and no staff session", 403: "The scope is missing, or the CSRF token is wrong"}
# Of what readers may do where the site is open.
ASKING = {401: "The site is closed: it takes a token that reads all", 403: "A page of another site sent it"}
NOT_FOUND = {404: "There is no such thing"}
SESSION = {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "A staff session, with X-CSRFToken."}
BEARER = {"type": "http", "scheme": "bearer", "description": "A token, made in the admin."}
OPEN_TAGS = {"reading", "following", "asking"}


def complete(document: dict[str, Any]) -> None:
    """Add to the OpenAPI ``document`` what ninja does not know."""
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["securitySchemes"] = {"Bearer": BEARER, "Session": SESSION}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            _complete(path, operation)
            _name_fields(operation, components["schemas"])


def _name_fields(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Say which names ``?fields=`` takes: those of the answer, or of the rows on its page."""
    for parameter in operation["parameters"]:
        if parameter["name"] == "fields":
            answer = _resolved(operation["responses"][200]["content"]["application/json"]["schema"], schemas)
            rows = answer["properties"].get("items")
            names = "|".join((_resolved(rows["items"], schemas) if rows else answer)["properties"])
            parameter["schema"] = {"type": "string", "pattern": f"^(?:(?:{names})(?:,(?:{names}))*)?$"}


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    return schemas[schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else schema


def _complete(path: str, operation: dict[str, Any]) -> None:
    problems = dict(ALWAYS)
    if OPEN_TAGS.isdisjoint(operation["tags"]):
        operation["security"] = [{"Bearer": []}, {"Session": []}]
        problems |= SECURED
    if "asking" in operation["tags"]:
        problems |= ASKING
    if "{" in path or operation.get("requestBody"):
        problems |= NOT_FOUND
    operation["responses"] = problem_responses(problems) | operation["responses"]
