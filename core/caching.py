"""Pages that proxies and browsers may keep until the index changes."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache, wraps
from pathlib import Path
from typing import Any, overload

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import http_date

from core import index_version
from core.kept_answers import KeptAnswers

View = Callable[..., HttpResponse]
# A browser asks again each time, which costs one query; a proxy may answer by itself for so long.
PUBLIC = "public, max-age=0, s-maxage=60"
PRIVATE = "private, no-store"
# Of these the answer is the index's; others may be right a moment later.
KEPT_STATUSES = (200, 301, 308, 410)
# What pages say of them stands in the page.
SHOWN_SETTINGS = (
    *("PUBLIC_PROJECTS", "CONTACT", "TIME_ZONE"),
    *("LLM_BASE_URL", "LLM_MODEL", "EMBEDDING_BASE_URL", "EMBEDDING_MODEL"),
)
# Of a process. A page of a list takes 20 ms to make, and one that was made 1 ms to send again.
_answers = KeptAnswers(most_bytes=8_000_000)


def is_staff(request: HttpRequest) -> bool:
    """Return whether one of the staff asks; nothing is looked up for who sends no session."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    user = request.user
    return bool(user.is_authenticated and user.is_active and user.is_staff)


@overload
def cached_by_version(view: View, *, vary: Sequence[str] = ()) -> View: ...
@overload
def cached_by_version(view: None = None, *, vary: Sequence[str] = ()) -> Callable[[View], View]: ...
def cached_by_version(view: View | None = None, *, vary: Sequence[str] = ()) -> Any:
    """Give the answers of ``view`` an ETag, Last-Modified and Cache-Control by the version of the index.

    Who has the answer already gets 304, and the view is not called; nor is it for a page that this process has made
    for somebody else. The answer may depend on the address with its query, on settings, and on the request headers
    that ``vary`` names, as "HX-Request"; not on who asks nor on the time. Staff get a page of their own that nobody
    keeps, and an answer with a Cache-Control of its own stays as it is. Inside, ``index_version.current()`` costs no
    query.
    """
    if view is None:
        return lambda view: cached_by_version(view, vary=vary)

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return view(request, *args, **kwargs)
        with index_version.fixed() as version:
            if is_staff(request):
                response = view(request, *args, **kwargs)
                response["Cache-Control"] = PRIVATE
            else:
                response = _for_a_stranger(request, version, vary, view, lambda: view(request, *args, **kwargs))
        patch_vary_headers(response, ("Cookie", *vary))
        return response

    return answer


def _for_a_stranger(
    request: HttpRequest,
    version: index_version.IndexVersion,
    vary: Sequence[str],
    view: View,
    make: Callable[[], HttpResponse],
) -> HttpResponse:
    etag, changed_at = _etag(request, version, vary), _changed_at(version)
    # Pages name the host that they were asked of.
    key = view, etag, request.scheme, request.get_host()
    response = get_conditional_response(request, etag=etag, last_modified=int(changed_at.timestamp()))
    if response is None or response.status_code != 304:
        if (kept := _answers.get(key)) is not None:
            return kept
        response = make()
        if hasattr(response, "render"):
            response.render()
        if response.status_code not in KEPT_STATUSES or response.has_header("Cache-Control"):
            response.headers.setdefault("Cache-Control", "no-cache")
            return response
    response["ETag"] = etag
    response["Last-Modified"] = http_date(changed_at.timestamp())
    response["Cache-Control"] = PUBLIC
    # With DEBUG on, templates are edited while this process runs.
    if response.status_code == 200 and not settings.DEBUG:
        _answers.put(key, response)
    return response


def _etag(request: HttpRequest, version: index_version.IndexVersion, vary: Sequence[str]) -> str:
    # The moment stands beside the number: a backup that is restored brings an old number back.
    parts = [version.number, version.changed_at, code_changed_at(), request.get_full_path()]
    parts += [getattr(settings, name) for name in SHOWN_SETTINGS] + [request.headers.get(name) for name in vary]
    return f'W/"{hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()}"'


def _changed_at(version: index_version.IndexVersion) -> datetime:
    return max(filter(None, (version.changed_at, code_changed_at())))


@cache
def code_changed_at() -> datetime:
    """Return when a file of ours was last written: another release shows other pages of the same index."""
    ours = (
        path
        for app in ("core", "comments", "projects", "waywo_site")
        for path in Path(settings.BASE_DIR, app).rglob("*")
    )
    newest = max(
        (path.stat().st_mtime for path in ours if path.suffix in (".py", ".html", ".css", ".js", ".svg")), default=0.0
    )
    return datetime.fromtimestamp(newest, UTC)
