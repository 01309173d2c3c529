"""Every admin list and page, with hostile rows in them, and no query per row."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_results.models import TaskResult

from projects.models import Extraction, Page, Project, Submission, Tag
from tests.factories import make_comment, make_post, make_project
from tests.projects.site.asking import answered, asked, sentence
from waywo_site.api.tokens import make_token

ATTACK = '<script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">x</a> {{ 7*7 }}'

LISTS = (
    *(
        "comments_post",
        "comments_comment",
        "projects_project",
        "projects_extraction",
        "projects_question",
        "projects_page",
        "projects_tag",
        "projects_reviewaction",
    ),
    *(
        "django_celery_beat_periodictask",
        "django_celery_results_taskresult",
        "auth_user",
        "auth_group",
        "waywo_site_apitoken",
    ),
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client):
    user = get_user_model().objects.create_superuser("operator", password="a long password for tests")
    client.force_login(user)
    return client


def fill(rows: int) -> None:
    """Add ``rows`` of everything, each hostile where strangers write."""
    post = make_post(title=ATTACK[:300])
    for number in range(rows):
        comment = make_comment(ATTACK, post=post, author=f"author{number}")
        project = make_project(
            title=ATTACK,
            short_description=ATTACK,
            primary_url="javascript:alert(1)",
            url_summaries={"https://x.example": ATTACK},
            flag_reason=ATTACK[:300],
        )
        project.tags.add(Tag.objects.get_or_create(name=f"tag{number}")[0], Tag.objects.get_or_create(name="all")[0])
        page = Page.objects.create(url=f"https://x.example/{post.pk}/{number}", title=ATTACK, fetched_at=timezone.now())
        project.pages.add(page)
        Submission.objects.create(project=project, comment=comment, text=ATTACK)
        Extraction.objects.create(
            comment=comment,
            analyst="rules",
            prompt_version=1,
            started_at=timezone.now(),
            finished_at=timezone.now(),
            steps=[{"step": "segment_and_judge", "seconds": 0.1, "outcome": ATTACK}],
            segments=[{"text": ATTACK, "rejection": "spam", "reason": ATTACK}],
        )
        answered(asked(ATTACK), sentence(ATTACK, 2), sentence(ATTACK, why=ATTACK), projects=[project])
        crontab = CrontabSchedule.objects.create(minute=str(number))
        PeriodicTask.objects.create(name=f"{post.pk} {number}", task="process_waywo_posts", crontab=crontab)
        make_token(f"{ATTACK[:80]} {post.pk} {number}", ["run"], get_user_model().objects.first())
        TaskResult.objects.create(task_id=f"{post.pk} {number}", task_name="x", status="FAILURE", result=ATTACK)


def has_attack(page: str) -> bool:
    """Tell whether something of the attack would run."""
    return bool(re.search(r"<script>alert|<img src=x|href=.javascript:alert", page))


@pytest.mark.parametrize("view", LISTS)
def test_a_list_shows_strangers_text_harmless_with_as_many_queries_for_many_rows_as_for_few(operator, view):
    url = reverse(f"admin:{view}_changelist")
    empty = operator.get(url)
    assert empty.status_code == 200
    fill(2)
    with CaptureQueriesContext(connection_of_test()) as few:
        operator.get(url)
    fill(8)
    with CaptureQueriesContext(connection_of_test()) as many:
        page = operator.get(url)
    assert page.status_code == 200
    assert not has_attack(page.text)
    assert len(many) <= len(few)
    assert len(many) <= 15


@pytest.mark.parametrize(
    ("view", "model"),
    [
        ("comments_post", "comments.Post"),
        ("comments_comment", "comments.Comment"),
        ("projects_project", "projects.Project"),
        ("projects_extraction", "projects.Extraction"),
        ("projects_question", "projects.Question"),
        ("projects_page", "projects.Page"),
        ("projects_tag", "projects.Tag"),
        ("django_celery_beat_periodictask", "django_celery_beat.PeriodicTask"),
        ("django_celery_results_taskresult", "django_celery_results.TaskResult"),
    ],
)
def test_a_page_shows_strangers_text_harmless(operator, view, model):
    from django.apps import apps

    fill(2)
    row = apps.get_model(model).objects.first()
    page = operator.get(reverse(f"admin:{view}_change", args=[row.pk]))
    assert page.status_code == 200
    assert not has_attack(page.text)


@pytest.mark.parametrize(
    ("view", "query"),
    [
        ("comments_comment", "q=alert&status__exact=pending"),
        ("comments_post", "q=working"),
        ("projects_project", "q=tag1&review_status__exact=pending"),
        ("projects_extraction", "q=author1"),
        ("projects_page", "q=example"),
        ("django_celery_results_taskresult", "q=x&status=FAILURE"),
    ],
)
def test_lists_can_be_searched_and_filtered(operator, view, query):
    fill(2)
    assert operator.get(reverse(f"admin:{view}_changelist") + "?" + query).status_code == 200


def test_a_comment_leads_to_its_projects_and_readings_and_a_project_to_its_comments(operator):
    fill(2)
    submission = Submission.objects.first()
    comment = operator.get(reverse("admin:comments_comment_change", args=[submission.comment_id])).text
    for target in re.findall(r'href="(/admin/projects/(?:project|extraction)/\?[^"]+)"', comment):
        page = operator.get(target)
        assert page.status_code == 200
        assert "1 found" in page.text or page.text.count('class="action-select"') == 1
    assert reverse("admin:projects_project_change", args=[submission.project_id]) in comment
    assert f"/admin/projects/extraction/?comment={submission.comment_id}" in comment
    project = operator.get(reverse("admin:projects_project_change", args=[submission.project_id])).text
    assert reverse("admin:comments_comment_change", args=[submission.comment_id]) in project


def save_page(operator, project: Project, **changes):
    """Send the form of a project's page, with ``changes``."""
    form = {
        "title": project.title,
        "short_description": project.short_description,
        "description": project.description,
        "tags": [],
        "primary_url": project.primary_url,
        "urls": "",
        "review_status": project.review_status,
        "review_note": "",
        "submissions-TOTAL_FORMS": 0,
        "submissions-INITIAL_FORMS": 0,
    }
    return operator.post(reverse("admin:projects_project_change", args=[project.pk]), form | changes)


def test_links_with_commas_stay_as_they_are_until_a_person_changes_them(operator):
    links = ["https://foo.example/@1.5,2.5,3z", "https://bar.example/a,b", "gemini://old.example"]
    project = make_project(urls=links)
    page = operator.get(reverse("admin:projects_project_change", args=[project.pk])).text
    assert "\n".join(links) in page
    assert save_page(operator, project, title="New", urls="\r\n".join(links)).status_code == 302
    project.refresh_from_db()
    assert (project.title, project.urls, project.edited_fields) == ("New", links, ["title"])
    save_page(operator, project, urls=f"\r\n{links[1]}\r\n\r\n  https://baz.example/c,d \r\n")
    project.refresh_from_db()
    assert (project.urls, project.edited_fields) == ([links[1], "https://baz.example/c,d"], ["title", "urls"])


@pytest.mark.parametrize("line", ["javascript:alert(1)", "https://a.example/\0", "https://a.example/" + "x" * 2000])
def test_a_link_that_cannot_be_kept_is_refused_at_its_field(operator, line):
    project = make_project(urls=["https://foo.example"])
    page = save_page(operator, project, urls=f"https://foo.example\r\n{line}")
    assert page.status_code == 200
    assert "urls" in page.context["adminform"].form.errors
    project.refresh_from_db()
    assert project.urls == ["https://foo.example"]


def test_a_review_in_the_admin_notes_who_made_it_and_an_edit_which_field_is_a_persons(operator):
    project = make_project(flag_reason="Look again.")
    changes = {"title": "A better title", "tags": [Tag.objects.create(name="python").pk], "review_status": "approved"}
    assert save_page(operator, project, **changes).status_code == 302
    project.refresh_from_db()
    assert (project.title, project.review_status, project.reviewer.username) == (
        "A better title",
        "approved",
        "operator",
    )
    assert project.reviewed_at is not None
    assert project.edited_fields == ["tags", "title"]
    assert project.flag_reason == ""
    assert list(project.tags.values_list("name", flat=True)) == ["python"]
    assert Project.objects.count() == 1


def test_the_admin_wants_a_sign_in(client):
    page = client.get("/admin/", follow=True)
    assert page.redirect_chain[-1][0].startswith("/admin/login/")


def connection_of_test():
    """Return the connection that the test client uses."""
    from django.db import connection

    return connection
