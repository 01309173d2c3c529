"""What is safe by default: the content security policy, sessions, attempts to sign in."""

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

pytestmark = pytest.mark.django_db
PASSWORD = "a long password for tests"


def policy(response) -> dict[str, set[str]]:
    parts = (part.split() for part in response["Content-Security-Policy"].split(";"))
    return {name: set(allowed) for name, *allowed in parts}


def test_our_own_pages_run_no_script_and_no_style_that_stands_in_the_page(client):
    allowed = policy(client.get("/api/docs"))
    assert allowed["script-src"] == allowed["style-src"] == {"'self'"}
    assert allowed["frame-ancestors"] == allowed["object-src"] == {"'none'"}


def test_the_admin_too_runs_no_script_that_stands_in_the_page_and_asks_no_other_host(client):
    allowed = policy(client.get(reverse("admin:login")))
    assert allowed["script-src"] == {"'self'", "'unsafe-eval'"}
    hosts = {source for sources in allowed.values() for source in sources if not source.startswith("'")}
    assert hosts == {"data:"}


def test_every_answer_carries_the_policy_errors_too(client):
    assert "script-src" in policy(client.get("/nowhere"))


def test_cookies_are_kept_from_scripts_and_other_sites(client):
    get_user_model().objects.create_superuser("operator", password=PASSWORD)
    client.post(reverse("admin:login"), {"username": "operator", "password": PASSWORD})
    session = client.cookies["sessionid"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"


def test_the_sixth_attempt_to_sign_in_is_refused_even_with_the_right_password(client):
    get_user_model().objects.create_superuser("operator", password=PASSWORD)
    url = reverse("admin:login")
    for _ in range(5):
        refused = client.post(url, {"username": "operator", "password": "wrong"})
    assert refused.status_code == 429
    locked = client.post(url, {"username": "operator", "password": PASSWORD})
    assert locked.status_code == 429
    assert "Wait 15 minutes" in locked.text
    assert "_auth_user_id" not in client.session


def test_wrong_passwords_of_one_address_do_not_lock_the_owner_out_at_another(client):
    get_user_model().objects.create_superuser("operator", password=PASSWORD)
    url = reverse("admin:login")
    for _ in range(6):
        client.post(url, {"username": "operator", "password": "wrong"}, REMOTE_ADDR="203.0.113.9")
    answer = client.post(url, {"username": "operator", "password": PASSWORD}, REMOTE_ADDR="203.0.113.10")
    assert answer.status_code == 302


@pytest.mark.parametrize(
    "address",
    [
        "projects/project/?analyst=%00",
        "projects/project/review/?analyst=%00",
        "projects/project/export/?what=projects&format=csv&analyst=%00",
        "projects/project/review/?project=" + "9" * 5000,
        "projects/project/?thread=" + "9" * 5000,
        "projects/project/?month=" + "9" * 5000 + "-1",
        "comments/comment/?failure=%00",
        "django_celery_results/taskresult/?periodic_task_name=%00",
        "django_celery_results/taskresult/?date_created__year=99999999999",
        "comments/batch/%00/change/",
    ],
)
def test_an_address_with_what_is_no_value_is_refused(client, address):
    client.force_login(get_user_model().objects.create_superuser("operator"))
    assert client.get("/admin/" + address).status_code == 400


@pytest.mark.parametrize("number", ["9" * 19, "9" * 400])
def test_a_number_that_no_id_has_finds_nothing(client, number):
    client.force_login(get_user_model().objects.create_superuser("operator"))
    for address in ("?thread={}", f"?month={number}-{number}", "review/?project={}", "?q={}", "?tags__id__exact={}"):
        answer = client.get("/admin/projects/project/" + address.format(number), follow=True)
        assert answer.status_code == 200, address
