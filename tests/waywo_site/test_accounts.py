"""Who gets in and who does not: signing in, a new user in one form, tokens that end, and the page that says what is
missing."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from waywo_site.api.tokens import find_token, make_token
from waywo_site.models import ApiToken

pytestmark = pytest.mark.django_db

PASSWORD = "a long password for tests"


def member(client, group: str):
    user = get_user_model().objects.create_user("rita", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    return client


def new_user(client, **fields):
    given = {"username": "vera", "email": "", "password1": PASSWORD, "password2": PASSWORD} | fields
    return client.post(reverse("admin:auth_user_add"), given)


def test_who_signs_in_at_the_page_itself_comes_to_the_overview(client):
    get_user_model().objects.create_superuser("boss", password=PASSWORD)
    answer = client.post("/admin/login/", {"username": "boss", "password": PASSWORD})
    assert (answer.status_code, answer.url) == (302, "/admin/")


def test_a_browser_that_asks_for_an_icon_gets_one(client):
    assert client.get("/favicon.ico").url == "/static/waywo_site/favicon.svg"


@pytest.mark.parametrize("role", ["Viewer", "Reviewer", "Operator"])
def test_a_new_user_takes_one_form_and_can_sign_in_and_work(admin_client, client, role):
    form = admin_client.get(reverse("admin:auth_user_add")).text
    assert form.count('name="role"') == 4
    assert "permission" not in form
    assert new_user(admin_client, role=role).url == reverse("admin:auth_user_changelist")
    vera = get_user_model().objects.get(username="vera")
    assert (vera.is_staff, vera.is_superuser, [group.name for group in vera.groups.all()]) == (True, False, [role])
    client.post("/admin/login/", {"username": "vera", "password": PASSWORD})
    assert client.get(reverse("admin:projects_project_changelist")).status_code == 200


def test_a_superuser_is_made_by_a_superuser_alone(admin_client, client):
    new_user(admin_client, role="Superuser")
    assert get_user_model().objects.get(username="vera").is_superuser
    operator = member(client, "Operator")
    assert 'name="role"' not in operator.get(reverse("admin:auth_user_add")).text
    new_user(operator, username="mine", role="Superuser")
    mine = get_user_model().objects.get(username="mine")
    assert (mine.is_superuser, mine.groups.count()) == (False, 0)


def test_a_token_ends_when_it_was_told_to_and_can_be_copied(admin_client):
    add = reverse("admin:waywo_site_apitoken_add")
    answer = admin_client.post(add, {"name": "Script", "scopes": ["run"], "days": "30"}, follow=True)
    token = ApiToken.objects.get()
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)
    secret = answer.text.split('data-copy="')[1].split('"')[0]
    assert find_token(secret) == token
    ApiToken.objects.update(expires_at=timezone.now())
    assert find_token(secret) is None
    assert "expired" in admin_client.get(reverse("admin:waywo_site_apitoken_changelist")).text
    admin_client.post(add, {"name": "For ever", "scopes": ["run"], "days": ""})
    assert ApiToken.objects.get(name="For ever").expires_at is None


def test_a_token_without_an_end_lasts():
    _, secret = make_token("Old", ["run"])
    assert find_token(secret) is not None


@pytest.mark.parametrize(
    ("view", "right", "role"),
    [
        ("comments_post_add", "Can add", "Operator"),
        ("django_celery_beat_periodictask_add", "Can add", "Operator"),
        ("waywo_site_apitoken_changelist", "Can view API token", "Operator"),
        ("projects_extraction_try", "Can change comment", "Operator"),
    ],
)
def test_a_page_without_the_right_says_which_and_who_can_give_it(client, view, right, role):
    get_user_model().objects.create_superuser("boss")
    answer = member(client, "Viewer").get(reverse(f"admin:{view}"))
    assert answer.status_code == 403
    assert f"the right “{right}" in answer.text
    assert f"<strong>{role}</strong> has" in answer.text
    assert "Your role: Viewer. boss can give you another." in answer.text
    assert "Back to the overview" in answer.text


@pytest.mark.parametrize(
    ("page", "right"),
    [
        ("projects/tag/remove-unused/", "Can delete tag"),
        ("projects/project/review/act/", "Can change project"),
        ("comments/batch/none/cancel/", "Can add periodic task"),
        ("django_celery_results/taskresult/of/none/again", "Can add periodic task"),
    ],
)
def test_a_button_without_the_right_says_which_it_takes(client, page, right):
    answer = member(client, "Viewer").post(f"/admin/{page}")
    assert answer.status_code == 403
    assert f"the right “{right}”" in answer.text
