"""A reviewer works through the queue with the keyboard."""

import json
import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone
from playwright.sync_api import Page, expect

from projects.models import Project, ReviewAction, Snooze, Submission, Tag
from projects.reviewing.fields import review
from tests.factories import POSTED_AT, make_comment, make_post, make_project
from tests.servers.processes import Worker

TEXT = (
    "<p>Hello! I have been busy.<p>I am building Ledger {n}: a plain-text accounting tool "
    '(<a href="https:&#x2F;&#x2F;ledger{n}.example&#x2F;a&#x2F;long&#x2F;path">'
    "https:&#x2F;&#x2F;ledger{n}.example&#x2F;a...</a>).<p>And I read a lot."
)
FOUND = "I am building Ledger {n}: a plain-text accounting tool (https://ledger{n}.example/a/long/path)."


def fill(count: int, similar: bool = False) -> list[Project]:
    """Save ``count`` pending projects, the newest first in the queue."""
    post = make_post()
    projects = []
    for number in range(count):
        seen = POSTED_AT - timedelta(hours=number)
        comment = make_comment(TEXT.format(n=number), post=post, author=f"author{number}", posted_at=seen)
        project = make_project(
            title=f"Ledger {number}",
            primary_url=f"https://ledger{number}.example/a/long/path",
            first_seen_at=seen,
            last_seen_at=seen,
            **({"embedding": [1.0, number / 100, 0.0], "embedding_model": "test"} if similar else {}),
        )
        project.tags.add(Tag.objects.get_or_create(name="accounting")[0])
        Submission.objects.create(project=project, comment=comment, text=FOUND.format(n=number))
        projects.append(project)
    return projects


def open_queue(page: Page) -> None:
    """Open the review page and wait until its script runs."""
    page.goto("/admin/projects/project/review/")
    expect(page.locator("#review-item article")).to_be_visible()


def shown(page: Page, title: str) -> None:
    """Wait until the project of this title is the one to review."""
    expect(page.locator("#review-item h2")).to_have_text(title)


def test_ten_projects_are_reviewed_by_keyboard_with_two_key_presses_at_most(page, sign_in):
    projects = fill(11)
    user = sign_in("rita", groups=["Reviewer"])
    open_queue(page)
    presses = 0
    for number in range(10):
        shown(page, f"Ledger {number}")
        for key in ("a",) if number % 2 else ("r", "2"):
            page.keyboard.press(key)
            presses += 1
    shown(page, "Ledger 10")
    expect(page.locator("#review-waiting")).to_have_text("1")
    expect(page.locator("#review-mine")).to_have_text("10")
    assert presses == 15
    for number, project in enumerate(projects[:10]):
        project.refresh_from_db()
        status, note = ("approved", "") if number % 2 else ("rejected", "Spam or advertising")
        assert (project.review_status, project.review_note, project.reviewer) == (status, note, user)
    assert LogEntry.objects.filter(user=user, object_id=str(projects[0].pk)).count() == 1
    page.keyboard.press("a")
    expect(page.locator("[data-empty]")).to_be_visible()


def test_the_extracted_part_is_marked_and_its_links_tell_the_other_side_nothing(page, sign_in):
    fill(1)
    sign_in()
    open_queue(page)
    marked = " ".join(page.locator(".desk-comment mark").all_inner_texts())
    assert "Ledger 0" in marked
    assert "https://ledger0.example/a..." in marked
    assert "busy" not in marked
    assert "read a lot" not in marked
    for link in page.locator("#review-item a[target=_blank]").all():
        assert "noopener" in link.get_attribute("rel")


def test_the_next_project_is_loaded_before_it_is_asked_for(page, sign_in):
    fill(3)
    sign_in()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response(re.compile("review/item/")):
        open_queue(page)
    with page.expect_response(re.compile("review/act/")):
        page.keyboard.press("a")
    shown(page, "Ledger 1")
    first_act = next(place for place, url in enumerate(asked) if "review/act/" in url)
    assert any("review/item/" in url for url in asked[:first_act])


def test_a_merge_into_a_similar_project_takes_two_keys_and_is_undone_with_one(page, sign_in):
    projects = fill(3, similar=True)
    sign_in()
    open_queue(page)
    shown(page, "Ledger 0")
    expect(page.locator(".review-similar li").first).to_contain_text("Ledger 1")
    page.keyboard.press("m")
    expect(page.locator("#review-targets button").first).to_contain_text("Ledger 1")
    page.keyboard.press("1")
    shown(page, "Ledger 1")
    assert not Project.objects.filter(pk=projects[0].pk).exists()
    assert projects[1].submissions.count() == 2
    page.keyboard.press("u")
    shown(page, "Ledger 0")
    assert Project.objects.get(pk=projects[0].pk).submissions.count() == 1
    assert projects[1].submissions.count() == 1


def test_another_project_to_merge_into_is_found_by_typing(page, sign_in):
    projects = fill(2)
    make_project(title="Bookkeeper", review_status="approved")
    sign_in()
    open_queue(page)
    page.keyboard.press("m")
    page.keyboard.press("/")
    page.keyboard.type("bookk")
    expect(page.locator("#review-targets button")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#review-message")).to_contain_text("into “Bookkeeper”")
    assert not Project.objects.filter(pk=projects[0].pk).exists()


def test_a_submission_is_split_off_and_the_undo_joins_it_again(page, sign_in):
    first, second = fill(2)
    second.submissions.update(project=first)
    second.delete()
    sign_in()
    open_queue(page)
    page.keyboard.press("x")
    expect(page.locator("#review-parts button")).to_have_count(2)
    page.keyboard.press("2")
    expect(page.locator("#review-message")).to_contain_text("Split off as project")
    assert Project.objects.count() == 2
    page.keyboard.press("u")
    expect(page.locator("#review-message")).to_contain_text("Undone")
    assert Project.objects.get().submissions.count() == 2


def test_texts_are_edited_in_place_and_wrong_ones_refused_at_their_field(page, sign_in):
    [project] = fill(1)
    sign_in()
    open_queue(page)
    page.keyboard.press("e")
    page.get_by_label("Title").fill("Ledger, the first")
    page.get_by_label("Primary URL").fill("javascript:alert(1)")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-error=primary_url]")).to_contain_text("http://")
    page.get_by_label("Primary URL").fill("https://other.example")
    page.get_by_label("Tags").fill("accounting, rust")
    page.keyboard.press("Control+Enter")
    shown(page, "Ledger, the first")
    project.refresh_from_db()
    assert project.edited_fields == ["primary_url", "tags", "title"]
    assert sorted(project.tags.values_list("name", flat=True)) == ["accounting", "rust"]
    page.keyboard.press("u")
    shown(page, "Ledger 0")
    project.refresh_from_db()
    assert project.edited_fields == []


def test_a_bookmark_is_set_and_taken_by_one_key_and_the_project_stays(page, sign_in):
    [project] = fill(1)
    sign_in()
    open_queue(page)
    page.keyboard.press("b")
    expect(page.locator(".review-bookmarked")).to_be_visible()
    page.keyboard.press("b")
    expect(page.locator(".review-bookmarked")).to_have_count(0)
    project.refresh_from_db()
    assert not project.is_bookmarked


def test_of_two_reviewers_the_second_is_told_and_overwrites_nothing(page, sign_in, django_user_model):
    [first, _] = fill(2)
    sign_in()
    open_queue(page)
    bob = django_user_model.objects.create_user("bob")
    review(first.pk, {"review_status": "rejected", "review_note": "Spam."}, bob)
    page.keyboard.press("a")
    expect(page.locator("#review-message")).to_contain_text("bob rejected “Ledger 0”")
    expect(page.locator(".review-badge")).to_have_text("Rejected")
    first.refresh_from_db()
    assert (first.review_status, first.reviewer) == ("rejected", bob)
    assert ReviewAction.objects.count() == 0


def test_a_project_is_snoozed_by_two_keys_with_a_note_woken_and_each_undone(page, sign_in):
    first, second = fill(2)
    sign_in("rita", groups=["Reviewer"])
    open_queue(page)
    page.keyboard.press("z")
    expect(page.locator("#review-snooze")).to_be_visible()
    expect(page.get_by_role("button", name="Wake it now")).to_be_hidden()
    page.keyboard.press("/")
    page.keyboard.type("ask 2 people")
    page.keyboard.press("Enter")
    page.keyboard.press("2")
    shown(page, "Ledger 1")
    expect(page.locator("#review-message")).to_contain_text("Snoozed “Ledger 0” until")
    expect(page.locator("#review-waiting")).to_have_text("1")
    expect(page.locator("#review-snoozed")).to_have_text("1")
    assert Snooze.objects.get().note == "ask 2 people"
    page.keyboard.press("u")
    shown(page, "Ledger 0")
    expect(page.locator("#review-waiting")).to_have_text("2")
    expect(page.locator("#review-snoozed")).to_be_hidden()
    page.keyboard.press("z")
    page.keyboard.press("3")
    shown(page, "Ledger 1")
    page.keyboard.press("a")
    expect(page.locator("[data-empty]")).to_be_visible()
    page.get_by_role("link", name="Look at the 1 that is snoozed").click()
    shown(page, "Ledger 0")
    expect(page.locator("#review-item")).to_contain_text("Snoozed until")
    page.keyboard.press("z")
    page.keyboard.press("4")
    expect(page.locator("#review-message")).to_contain_text("Woke “Ledger 0”: it waits for a review again.")
    assert not Snooze.objects.exists()
    assert {first.pk, second.pk} == set(ReviewAction.objects.values_list("project_id", flat=True))


def test_an_empty_queue_offers_what_else_there_is_to_do_and_no_button_that_does_nothing(page, sign_in):
    sign_in("rita", groups=["Reviewer"])
    page.goto("/admin/projects/project/review/")
    expect(page.locator("[data-empty]")).to_contain_text("There are no projects yet.")
    expect(page.locator(".review-buttons button:visible")).to_have_count(2)
    make_project(review_status="approved", flag_reason="It is gone.")
    make_comment()
    page.keyboard.press("s")
    expect(page.locator("[data-empty]")).to_contain_text("Nothing waits for a review.")
    page.keyboard.press("z")
    page.keyboard.press("r")
    expect(page.locator("#review-snooze, #review-reject").locator("visible=true")).to_have_count(0)
    expect(page.get_by_role("link", name="1 comment waits to be read")).to_be_visible()
    page.get_by_role("link", name="Look again at 1 project that is flagged").click()
    expect(page.locator("#result_list tbody tr, .result-card").first).to_be_visible()
    page.goto("/admin/projects/project/review/?has_link=yes")
    make_project(title="Without a link")
    page.keyboard.press("s")
    page.get_by_role("link", name="Review all that waits").click()
    shown(page, "Without a link")


def test_what_was_done_in_the_list_is_undone_by_its_message_or_from_review_where_it_stands(page, sign_in):
    projects = fill(3)
    sign_in("olga", groups=["Operator"])
    open_queue(page)
    page.keyboard.press("b")
    expect(page.locator(".review-bookmarked")).to_be_visible()
    for _ in range(2):
        page.goto("/admin/projects/project/")
        page.locator("#action-toggle").check()
        page.locator("select[name=action]").select_option("approve_selected")
        page.locator("button[name=index]").click()
        expect(page.get_by_text("3 projects approved.")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("Undone: Approved 3 projects.")).to_be_visible()
        assert Project.objects.pending().count() == 3
    page.goto("/admin/projects/project/")
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option("approve_selected")
    page.locator("button[name=index]").click()
    expect(page.get_by_text("3 projects approved.")).to_be_visible()
    page.goto(f"/admin/projects/project/review/?project={projects[0].pk}")
    shown(page, "Ledger 0")
    expect(page.locator("#review-mine")).to_have_text("4")
    page.keyboard.press("u")
    expect(page.locator("#review-message")).to_contain_text("done elsewhere, in the list of projects: Approved 3")
    assert Project.objects.get(pk=projects[0].pk).is_bookmarked
    page.get_by_role("link", name="Undo it there").click()
    page.locator("form").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone: Approved 3 projects.")).to_be_visible()
    assert Project.objects.pending().count() == 3
    page.goto("/admin/projects/reviewaction/")
    page.get_by_role("button", name="Undo: Bookmarked").click()
    expect(page.get_by_text("Undone: Bookmarked “Ledger 0”.")).to_be_visible()
    assert not Project.objects.filter(is_bookmarked=True).exists()


def test_the_search_of_the_menu_leads_to_an_authors_project(page, sign_in):
    [project] = fill(1)
    sign_in("vera", groups=["Viewer"])
    page.goto("/admin/projects/tag/")
    page.keyboard.press("Control+k")
    page.locator("#search-input-command").press_sequentially("author0")
    page.locator("#command-results").get_by_role("link", name="Ledger 0").click()
    expect(page).to_have_url(re.compile(f"/admin/projects/project/{project.pk}/change/"))


def test_a_comment_full_of_attacks_runs_nothing(page, sign_in):
    attack = (
        "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'><svg onload='window.hacked = 1'>"
        "<a href='javascript:window.hacked = 1'>click</a><p>{{ 7*7 }} <b x-data x-init='window.hacked = 1'>bold</b>"
        "<iframe srcdoc='<script>parent.hacked = 1</script>'></iframe><p>I am building a thing that does it all."
    )
    comment = make_comment(attack, author="<b>mallory</b>")
    project = make_project(
        title=attack[:200], description=attack, primary_url="javascript:window.hacked = 1", flag_reason=attack[:300]
    )
    Submission.objects.create(project=project, comment=comment, text="I am building a thing that does it all.")
    sign_in()
    for path in (
        "/admin/projects/project/review/",
        f"/admin/projects/project/{project.pk}/change/",
        f"/admin/comments/comment/{comment.pk}/change/",
        "/admin/projects/project/",
        "/admin/comments/comment/",
    ):
        page.goto(path)
        expect(page.locator("#page, #main").first).to_be_visible()
        assert page.evaluate("window.hacked") is None
    page.goto("/admin/projects/project/review/")
    expect(page.locator(".desk-comment mark")).to_contain_text("does it all")
    assert page.locator(".desk-comment script, .desk-comment img, .desk-comment [onload]").count() == 0
    assert page.locator("#review-item a[href^=javascript]").count() == 0


@pytest.mark.parametrize("group", ["Viewer", "Reviewer", "Operator"])
def test_each_role_sees_the_queue_and_only_those_who_may_can_act(page, sign_in, group):
    [project] = fill(1)
    sign_in("someone", groups=[group])
    open_queue(page)
    may = group != "Viewer"
    expect(page.locator("[data-act=approve]")).to_have_count(1 if may else 0)
    expect(page.locator("[data-act=skip]")).to_have_count(1)
    page.keyboard.press("a")
    if may:
        expect(page.locator("[data-empty]")).to_be_visible()
    project.refresh_from_db()
    assert project.review_status == ("approved" if may else "pending")


@pytest.mark.parametrize(("group", "buttons"), [("Viewer", 0), ("Reviewer", 0), ("Operator", 5)])
def test_each_role_sees_threads_and_only_operators_start_work(page, sign_in, group, buttons):
    fill(1)
    post = Submission.objects.get().comment.post
    sign_in("someone", groups=[group])
    page.goto(f"/admin/comments/post/{post.pk}/change/")
    expect(page.get_by_role("progressbar", name="Comments read")).to_be_visible()
    expect(page.locator(".desk-card .desk-tools button")).to_have_count(buttons)
    page.goto("/admin/comments/comment/failures/")
    expect(page.locator(".desk-empty")).to_be_visible()
    page.goto("/admin/projects/tag/")
    expect(page.get_by_text("accounting").first).to_be_visible()


def test_a_filtered_list_is_downloaded_as_json_lines(page, sign_in):
    fill(3)
    Project.objects.filter(title="Ledger 1").update(review_status="approved", reviewed_at=timezone.now())
    sign_in("vera", groups=["Viewer"])
    page.goto("/admin/projects/project/?review_status__exact=approved")
    page.get_by_role("link", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON Lines").first.click()
    lines = download.value.path().read_text().splitlines()
    assert [json.loads(line)["title"] for line in lines] == ["Ledger 1"]


def test_a_project_that_is_read_again_shows_by_itself_what_a_worker_found(page, sign_in, empty_queues, tmp_path):
    (project,) = fill(1)
    Project.objects.filter(pk=project.pk).update(description="What an earlier reading said.")
    sign_in("rita", groups=["Reviewer"])
    open_queue(page)
    expect(page.locator("#review-item")).to_contain_text("What an earlier reading said.")
    page.keyboard.press("g")
    expect(page.locator("#review-message")).to_contain_text("A worker reads its comment again")
    with Worker(tmp_path, processes=1):
        expect(page.locator("#review-message")).to_contain_text("It was read again", timeout=60_000)
        expect(page.locator("#review-item")).not_to_contain_text("What an earlier reading said.")
