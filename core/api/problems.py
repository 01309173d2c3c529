"""Errors as the API tells them: problem details (RFC 9457), one shape for all of them."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass
class FieldProblem:
    """What is wrong with one field: its place ("body.limit"), the problem, and what it takes."""

    field: str
    problem: str
    allowed: str = ""


@dataclass
class Problem(Exception):
    """An answer that is an error. ``detail`` is written for the caller; nothing of an exception goes into it."""

    status: int
    detail: str
    errors: list[FieldProblem] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.detail

    def as_dict(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = [vars(error) for error in self.errors]
        return body


def problem_responses(descriptions: dict[int, str]) -> dict[int, dict[str, Any]]:
    """Return what the OpenAPI document says of problems: status -> response. For an endpoint's ``openapi_extra``."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": text, "content": content} for status, text in descriptions.items()}


def invalid(field_name: str, problem: str, allowed: str) -> Problem:
    """Return the problem of one field with a wrong value."""
    return Problem(422, f"{field_name} {problem}.", [FieldProblem(field_name, problem, allowed)])
