"""Who calls the API, what they may, and how much."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.utils import check_csrf

from core.api.problems import Problem
from core.callers import address_of, is_sent_by_another_site
from waywo_site.api.rate_limits import count_request
from waywo_site.api.tokens import bootstrap_token, find_token
from waywo_site.models import Scope

# What a person who is signed in may, by their rights in the admin. Who may schedule work may start it.
RIGHTS: dict[str, str] = {Scope.RUN: "django_celery_beat.add_periodictask", Scope.REVIEW: "projects.change_project"}
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="waywo"'}


@dataclass(frozen=True)
class Caller:
    """Whoever makes a request. ``user`` is the person behind it, None for a stranger or a token of the environment."""

    key: str
    scopes: frozenset[str] = frozenset()
    user: Any = None


def _allowed(user: Any, scopes: Iterable[str]) -> frozenset[str]:
    """Return those of ``scopes`` that ``user``, one of the staff, has by their rights."""
    return frozenset(scope for scope in scopes if scope not in RIGHTS or user.has_perm(RIGHTS[scope]))


class _Counted:
    """Counts each request against a limit and finds out who makes it."""

    kind = "reads"

    def __call__(self, request: HttpRequest) -> Caller:
        """Return the caller. Raises Problem: 401, 403 or 429."""
        header = request.headers.get("Authorization")
        if header is None:
            return self.authenticate(request, "")
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            self._count(request, address_of(request))
            raise Problem(401, "Authorization is invalid: it expects Bearer TOKEN.", headers=CHALLENGE)
        return self.authenticate(request, secret.strip())

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        """Return who has ``token``, or who calls without any. Raises Problem."""
        raise NotImplementedError

    def _by_token(self, request: HttpRequest, secret: str) -> Caller:
        place = bootstrap_token(secret)
        if place is not None:
            caller = Caller(f"environment {place}", frozenset(Scope.values))
        elif (token := find_token(secret)) is not None:
            # Who lost a right lost it with all tokens that they made.
            scopes = frozenset(token.scopes) if token.created_by is None else _allowed(token.created_by, token.scopes)
            caller = Caller(f"token {token.pk}", scopes, token.created_by)
        else:
            self._count(request, address_of(request))
            raise Problem(401, "This token is invalid, or was revoked.", headers=CHALLENGE)
        self._count(request, caller.key)
        return caller

    def _count(self, request: HttpRequest, key: str) -> None:
        most = settings.API_READS_PER_MINUTE if self.kind == "reads" else settings.API_ACTIONS_PER_MINUTE
        count_request(self.kind, key, most)


class Anyone(_Counted):
    """Admits everybody; with a token the token's limit counts."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        if token:
            return self._by_token(request, token)
        caller = Caller(address_of(request))
        self._count(request, caller.key)
        return caller


class Bearer(_Counted):
    """Admits callers with ``scope``: by a token, or signed in as staff (with CSRF for what acts)."""

    def __init__(self, scope: Scope, kind: str = "actions") -> None:
        self.scope, self.kind = scope, kind

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        caller = self._by_token(request, token) if token else self._by_session(request)
        if self.scope not in caller.scopes:
            raise Problem(403, f"This requires the scope {self.scope.value!r}, which you do not have.")
        return caller

    def _by_session(self, request: HttpRequest) -> Caller:
        user = request.user
        if not (user.is_authenticated and user.is_active and user.is_staff):
            self._count(request, address_of(request))
            raise Problem(401, "This requires a token (Authorization: Bearer …) or a staff session.", headers=CHALLENGE)
        if check_csrf(request):
            raise Problem(403, "The CSRF token is missing or wrong: send the cookie csrftoken as X-CSRFToken.")
        self._count(request, f"user {user.pk}")
        return Caller(f"user {user.pk}", _allowed(user, Scope.values), user)


class ReadingOr:
    """Lets everybody read, and asks ``acting`` about every other method."""

    def __init__(self, acting: Bearer) -> None:
        self._reading, self._acting = Anyone(), acting

    def __call__(self, request: HttpRequest) -> Caller:
        return self._reading(request) if request.method == "GET" else self._acting(request)


class Readers:
    """Admits everybody where the site is open to readers, else who may read all; lets no page of another site act."""

    def __init__(self) -> None:
        self._open, self._closed = Anyone(), Bearer(Scope.READ_ALL, "reads")

    def __call__(self, request: HttpRequest) -> Caller:
        if request.method != "GET" and is_sent_by_another_site(request):
            raise Problem(403, "A page of another site sent this, which may not ask in the name of its visitors.")
        return self._open(request) if settings.PUBLIC_SITE else self._closed(request)
