"""Who may call what: every endpoint against every kind of caller, over HTTP."""

from collections.abc import Callable

import httpx
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.utils import timezone

from core.jobs import cancelling, sending
from tests.factories import make_comment, make_project
from tests.projects.site.asking import answered, asked
from tests.servers.threads import POST_ID
from tests.servers.web import BOOTSTRAP
from waywo_site.api.tokens import make_token
from waywo_site.models import ApiToken

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]


def token(*scopes: str) -> str:
    return make_token("for the table", list(scopes))[1]


def revoked_token() -> str:
    secret = token("read-all", "run", "review")
    ApiToken.objects.update(revoked_at=timezone.now())
    return secret


RUN, REVIEW = ("add_periodictask",), ("change_project",)
CALLERS: dict[str, Callable[..., httpx.Client]] = {
    "nobody": lambda web: web.client(),
    "user, no staff": lambda web: web.signed_in("user", staff=False, rights=RUN + REVIEW),
    "viewer": lambda web: web.signed_in("viewer"),
    "reviewer": lambda web: web.signed_in("reviewer", rights=REVIEW),
    "operator": lambda web: web.signed_in("operator", rights=RUN + REVIEW),
    "operator, no CSRF": lambda web: web.signed_in("operator2", rights=RUN + REVIEW, csrf=False),
    "token read-all": lambda web: web.client(token("read-all")),
    "token run": lambda web: web.client(token("run")),
    "token review": lambda web: web.client(token("review")),
    "token revoked": lambda web: web.client(revoked_token()),
    "token unknown": lambda web: web.client("waywo_nobody-made-this"),
    "API_TOKENS": lambda web: web.client(BOOTSTRAP),
}
INVALID = {"token revoked": 401, "token unknown": 401}
STRANGERS = INVALID | {"nobody": 401, "user, no staff": 401}

# What each kind of endpoint answers to whom, where that is not "yes".
OPEN = INVALID
FOR_RUN = STRANGERS | {
    **{"viewer": 403, "reviewer": 403, "operator, no CSRF": 403},
    **{"token read-all": 403, "token review": 403},
}
FOR_REVIEW = STRANGERS | {**{"viewer": 403, "operator, no CSRF": 403}, **{"token read-all": 403, "token run": 403}}
FOR_READ_ALL = STRANGERS | {"token run": 403, "token review": 403}

COMMENT = 61_000_001
ENDPOINTS = [
    ("GET", "/api/posts", OPEN, 200),
    ("GET", "/api/posts/{post}", OPEN, 200),
    ("GET", "/api/posts/{post}/comments", OPEN, 200),
    ("GET", "/api/projects", OPEN, 200),
    ("GET", "/api/projects/export", OPEN, 200),
    ("GET", "/api/projects/{project}", OPEN, 200),
    ("GET", "/api/projects/{project}/similar", OPEN, 200),
    ("GET", "/api/search", OPEN, 200),
    ("POST", "/api/ask", OPEN, 202),
    ("GET", "/api/ask/{question}", OPEN, 200),
    ("GET", "/api/ask/{question}/events", OPEN, 200),
    ("POST", "/api/ask/{question}/stop", OPEN, 200),
    ("POST", "/api/ask/conversations/{conversation}/share", OPEN, 200),
    ("DELETE", "/api/ask/conversations/{conversation}/share", OPEN, 204),
    # Whoever comes first has deleted it.
    ("DELETE", "/api/ask/conversations/{none}", OPEN, 404),
    ("GET", "/api/tags", OPEN, 200),
    ("GET", "/api/months", OPEN, 200),
    ("GET", "/api/tasks/{ended}", OPEN, 200),
    ("GET", "/api/tasks/{ended}/events", OPEN, 200),
    ("GET", "/api/batches/{batch}", OPEN, 200),
    ("GET", "/api/batches/{empty}/events", OPEN, 200),
    ("POST", "/api/process-waywo-posts", FOR_RUN, 202),
    ("POST", "/api/discover-waywo-posts", FOR_RUN, 202),
    ("POST", "/api/try-source", FOR_RUN, 202),
    ("POST", "/api/process-waywo-comments", FOR_RUN, 202),
    ("POST", "/api/generate-embeddings", FOR_RUN, 202),
    ("POST", "/api/waywo-posts/{post}/process", FOR_RUN, 202),
    ("POST", "/api/waywo-posts/add", FOR_RUN, 202),
    ("POST", "/api/waywo-comments/{comment}/process", FOR_RUN, 202),
    ("POST", "/api/try-reading", FOR_RUN, 202),
    # The web server of these tests has no language model.
    ("POST", "/api/generate-ideas", FOR_RUN, 409),
    ("POST", "/api/waywo-posts/{post}/extract", FOR_RUN, 202),
    ("POST", "/api/tasks/{ended}/cancel", FOR_RUN, 200),
    ("POST", "/api/batches/{batch}/cancel", FOR_RUN, 200),
    # Neither has anything that failed.
    ("POST", "/api/tasks/{waiting}/retry", FOR_RUN, 409),
    ("POST", "/api/batches/{batch}/retry", FOR_RUN, 409),
    ("PATCH", "/api/projects/{project}", FOR_REVIEW, 200),
    ("GET", "/api/queues", FOR_READ_ALL, 200),
    ("GET", "/api/workers", FOR_READ_ALL, 200),
    ("GET", "/api/health", FOR_READ_ALL, 200),
    ("GET", "/api/sources", FOR_READ_ALL, 200),
    ("GET", "/api/reading-costs", FOR_READ_ALL, 200),
]
QUERIES = {"/api/search": {"q": "foo"}}
BODIES = {
    "/api/ask": {"question": "Who builds ledgers?"},
    "/api/waywo-posts/add": {"post": POST_ID},
    "/api/projects/{project}": {"is_bookmarked": True},
    "/api/try-source": {"source": "hn"},
    "/api/try-reading": {"comment_id": COMMENT, "analyst": "rules"},
}


@pytest.mark.parametrize(
    ("method", "path", "refused", "granted"), ENDPOINTS, ids=[f"{method} {path}" for method, path, *_ in ENDPOINTS]
)
def test_each_endpoint_answers_whom_it_should(web, method, path, refused, granted):
    comment, question = make_comment(id=COMMENT), answered(asked(), projects=[])
    waiting = sending.send("process_waywo_comment", {"comment_id": COMMENT})
    cancelling.cancel(waiting)
    known = {
        "comment": comment.pk,
        "post": comment.post_id,
        "project": make_project().pk,
        "question": question.pk,
        "conversation": question.conversation_id,
        "none": question.pk,
        "ended": waiting,
        "waiting": sending.send("process_waywo_comment", {"comment_id": COMMENT}),
        "empty": sending.start_batch("process_waywo_comment", []).group_id,
        "batch": sending.start_batch("process_waywo_comment", [{"comment_id": COMMENT}]).group_id,
    }
    expected, got = {}, {}
    for name, make in CALLERS.items():
        ApiToken.objects.all().delete()
        # Reading is not acting: a session needs no CSRF token for it.
        expected[name] = granted if method == "GET" and "CSRF" in name else refused.get(name, granted)
        with make(web) as client:
            body = BODIES.get(path) if method != "GET" else None
            answer = client.request(method, path.format(**known), params=QUERIES.get(path), json=body)
        got[name] = answer.status_code
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", answer.text
        if answer.status_code == 401:
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    print(f"{method} {path}: {got}")
    assert got == expected


def test_a_token_may_no_more_than_who_made_it(web):
    maker = get_user_model().objects.create_user("maker", is_staff=True)
    maker.user_permissions.add(Permission.objects.get(codename="change_project"))
    secret = make_token("of maker", ["read-all", "run", "review"], maker)[1]
    project = make_project()

    def answers() -> list[int]:
        with web.client(secret) as client:
            return [
                client.get("/api/queues").status_code,
                client.patch(f"/api/projects/{project.pk}", json={"is_bookmarked": True}).status_code,
                client.post("/api/process-waywo-comments").status_code,
            ]

    assert answers() == [200, 200, 403]
    maker.user_permissions.clear()
    assert answers() == [200, 403, 403]
    maker.is_staff = False
    maker.save()
    assert answers() == [401, 401, 401]


def test_the_table_names_every_endpoint(web):
    with web.client() as client:
        document = client.get("/api/openapi.json").json()
    there = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    ids = {"post": "post_id", "project": "project_id", "comment": "comment_id"}
    ids |= {"question": "question_id", "conversation": "conversation_id", "none": "conversation_id"}
    ids |= {"ended": "task_id", "waiting": "task_id", "batch": "batch_id", "empty": "batch_id"}
    named = {
        (method, path.format(**{key: f"{{{value}}}" for key, value in ids.items()})) for method, path, *_ in ENDPOINTS
    }
    assert named == there
