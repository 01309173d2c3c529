"""The API: the routers of the apps, and who may call them."""

from typing import Any

from ninja import NinjaAPI
from ninja.errors import ValidationError, ValidationErrorContext
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from comments import api as comments_api
from core.api import following, steering
from ideas import api as ideas_api
from projects import api as projects_api
from projects.asking import api as asking_api
from projects.search import api as search_api
from projects.threads import api as threads_api
from waywo_site.api import errors, operations, schema
from waywo_site.api.auth import Anyone, Bearer, Readers, ReadingOr
from waywo_site.models import Scope


class WaywoAPI(NinjaAPI):
    """Ninja's API with a whole OpenAPI document, and errors that show the value they are about."""

    _document: OpenAPISchema | None = None

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """Return the document, made once: it never changes while the process runs."""
        if self._document is None:
            self._document = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
            schema.complete(self._document)
        return self._document

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return the name that generated clients call it by: those for following stood in comments/api.py."""
        return super().get_openapi_operation_id(operation).replace("core_api_following_", "comments_api_")

    def validation_error_from_error_contexts(self, error_contexts: list[ValidationErrorContext]) -> ValidationError:
        """Return ninja's error with each value, which ninja leaves out."""
        error = super().validation_error_from_error_contexts(error_contexts)
        values = [
            fault.get("input")
            for context in error_contexts
            for fault in context.pydantic_validation_error.errors(include_url=False)
        ]
        for fault, value in zip(error.errors, values, strict=True):
            fault["value"] = value
        return error


api = WaywoAPI(
    title="Waywo",
    version="1.0",
    urls_namespace="api",
    description=(
        "What Hacker News is working on. Reading is open. Acting requires a token (Authorization: Bearer …; made in "
        "the admin) or a staff session. Errors are problem details (RFC 9457)."
    ),
)
errors.install(api)
api.add_router("", comments_api.reading, auth=Anyone())
api.add_router("", projects_api.reading_and_review, auth=ReadingOr(Bearer(Scope.REVIEW)))
api.add_router("", search_api.router, auth=Anyone())
api.add_router("", asking_api.router, auth=Readers())
api.add_router("", following.router, auth=Anyone())
api.add_router("", steering.router, auth=Bearer(Scope.RUN))
api.add_router("", comments_api.acting, auth=Bearer(Scope.RUN))
api.add_router("", projects_api.acting, auth=Bearer(Scope.RUN))
api.add_router("", threads_api.acting, auth=Bearer(Scope.RUN))
api.add_router("", ideas_api.acting, auth=Bearer(Scope.RUN))
api.add_router("", operations.router, auth=Bearer(Scope.READ_ALL, "reads"))
