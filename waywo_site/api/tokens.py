"""Makes, finds and revokes the API's tokens."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from waywo_site.models import ApiToken

MARK = "waywo_"  # secret scanners and people know it by this
SHOWN = 12  # characters of the secret that the admin shows
LONGEST_SECRET = 500
USE_NOTED_EVERY = timedelta(minutes=1)


def make_token(
    name: str, scopes: list[str], created_by: Any = None, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token, for ever without ``expires_at``, and return it with its secret, which is kept nowhere."""
    secret = MARK + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        name=name,
        scopes=scopes,
        prefix=secret[:SHOWN],
        digest=digest(secret),
        created_by=created_by,
        expires_at=expires_at,
    )
    return token, secret


def digest(secret: str) -> str:
    """Return what a secret is checked against.

    A plain SHA-256: a secret of 256 random bits cannot be guessed from it, and a slow hash, made for passwords, would
    cost 100 ms a request.
    """
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def find_token(secret: str) -> ApiToken | None:
    """Return the valid token of ``secret`` and note its use (at most once a minute); None when there is none."""
    if len(secret) > LONGEST_SECRET:
        return None
    token = ApiToken.objects.valid().select_related("created_by").filter(digest=digest(secret)).first()
    if token is not None:
        now = timezone.now()
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        if token.last_used_at is None or token.last_used_at < now - USE_NOTED_EVERY:
            ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    return token


def bootstrap_token(secret: str) -> int | None:
    """Return the place in ``API_TOKENS`` of ``secret``, None when it is not there."""
    found = None
    # All are compared, each in constant time, so that the answer's time tells nothing.
    for place, known in enumerate(settings.API_TOKENS):
        if hmac.compare_digest(digest(known), digest(secret[:LONGEST_SECRET])):
            found = place
    return found


def revoke(tokens: Any) -> int:
    """Revoke the tokens of a queryset and return how many were valid before."""
    return tokens.filter(revoked_at=None).update(revoked_at=timezone.now())
