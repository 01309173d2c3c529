"""Tokens of the API, made and revoked in the admin."""

import re

import pytest
from django.contrib.auth import get_user_model

from waywo_site.api.tokens import digest, find_token
from waywo_site.models import ApiToken

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client):
    client.force_login(get_user_model().objects.create_superuser("operator"))
    return client


def make(operator) -> str:
    page = operator.post("/admin/waywo_site/apitoken/add/", {"name": "ci", "scopes": ["run"]}, follow=True)
    return re.search(r"waywo_[\w-]{43}", page.content.decode())[0]


def test_the_secret_is_shown_once_and_kept_nowhere(operator):
    secret = make(operator)
    token = ApiToken.objects.get()
    assert (token.name, token.scopes, token.created_by.username) == ("ci", ["run"], "operator")
    assert token.digest == digest(secret)
    assert secret not in str(ApiToken.objects.values())
    for page in ("/admin/waywo_site/apitoken/", f"/admin/waywo_site/apitoken/{token.pk}/change/"):
        shown = operator.get(page).content.decode()
        assert token.prefix in shown
        assert secret not in shown
    assert find_token(secret) == token


def test_a_token_ends_when_it_is_revoked_or_its_maker_may_not_sign_in(operator):
    secret = make(operator)
    user = get_user_model().objects.get()
    for lost in ("is_active", "is_staff"):
        setattr(user, lost, False)
        user.save()
        assert find_token(secret) is None
        setattr(user, lost, True)
        user.save()
    operator.force_login(user)
    action = {"action": "revoke_tokens", "_selected_action": [ApiToken.objects.get().pk]}
    assert "1 token revoked" in operator.post("/admin/waywo_site/apitoken/", action, follow=True).content.decode()
    assert find_token(secret) is None
    assert ApiToken.objects.get().revoked_at is not None


def test_a_scope_that_there_is_not_is_refused(operator):
    page = operator.post("/admin/waywo_site/apitoken/add/", {"name": "ci", "scopes": ["everything"]})
    assert "everything is not one of the available choices" in page.content.decode()
    assert not ApiToken.objects.exists()


def test_who_may_only_look_makes_and_revokes_no_token(client):
    client.force_login(get_user_model().objects.create_user("viewer", is_staff=True))
    assert client.get("/admin/waywo_site/apitoken/add/").status_code == 403
