"""The operator's schedules: made, edited, switched and run in a real browser, and sent by a real beat."""

import re

import pytest
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_results.models import TaskResult
from playwright.sync_api import expect

from core.models import BatchTask
from tests.factories import make_comment
from tests.servers.beat import Beat
from tests.servers.processes import Worker
from tests.waiting import wait_until
from waywo_site.running.queues import depth
from waywo_site.schedules.timing import parse_timing, saved

LIST = "/admin/django_celery_beat/periodictask/"
# An edit must be in force after so many seconds (the issue's own figure).
IN_FORCE = 10

pytestmark = pytest.mark.usefixtures("empty_queues")


def make_schedule(text: str = "0 2 1 1 *", name: str = "Mine", **fields) -> PeriodicTask:
    """Save a schedule that comes once a year unless ``text`` says otherwise."""
    row = saved(parse_timing(text))
    times = {"crontab": row} if isinstance(row, CrontabSchedule) else {"interval": row}
    return PeriodicTask.objects.create(name=name, **({"task": "process_waywo_comments"} | times | fields))


def change_page(schedule: PeriodicTask) -> str:
    return f"{LIST}{schedule.pk}/change/"


def test_a_schedule_is_made_with_form_fields_and_its_next_runs_show_while_typing(page, sign_in):
    sign_in()
    page.goto(f"{LIST}add/")
    page.get_by_label("Name").fill("Nightly reading")
    page.locator("select[name=task]").select_option("process_waywo_comments")
    expect(page.get_by_text("Arguments of process_waywo_comments")).to_be_visible()
    expect(page.get_by_text("Arguments of process_waywo_posts")).to_be_hidden()
    page.locator("input[name=when]").press_sequentially("30 2 * * mon-fri")
    expect(page.locator(".waywo-when-words")).to_have_text("At 02:30, Monday through Friday")
    expect(page.locator(".waywo-when-runs li")).to_have_count(5)
    page.locator("input[name='argument-process_waywo_comments-limit']").fill("7")
    page.locator("input[name='argument-process_waywo_comments-comment_ids']").fill("1, 2 3")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(re.compile(f"{LIST}$"))
    stored = PeriodicTask.objects.get(name="Nightly reading")
    assert stored.kwargs == '{"limit": 7, "comment_ids": [1, 2, 3]}'
    assert (stored.crontab.minute, stored.crontab.day_of_week) == ("30", "mon-fri")
    assert 0 < stored.expire_seconds < 24 * 3600


def test_nonsense_is_refused_at_its_field_and_nothing_is_saved(page, sign_in):
    schedule = make_schedule()
    sign_in()
    page.goto(change_page(schedule))
    page.locator("input[name=when]").fill("0 0 31 2 *")
    expect(page.locator(".waywo-when-error")).to_contain_text("never comes")
    page.locator("input[name='argument-process_waywo_comments-limit']").fill("0")
    page.locator("input[name='argument-process_waywo_comments-comment_ids']").fill("one")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Please correct the errors below").first).to_be_visible()
    for words in ("never comes", "greater than or equal to 1", "one is invalid"):
        expect(page.get_by_text(words).first).to_be_visible()
    schedule.refresh_from_db()
    assert (schedule.kwargs, schedule.crontab.month_of_year) == ("{}", "1")


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_without_scripts_a_button_shows_when_it_would_run_and_saves_nothing(page, sign_in):
    schedule = make_schedule()
    sign_in()
    page.goto(change_page(schedule))
    page.locator("input[name=when]").fill("0 6 1 * *")
    page.get_by_role("button", name="Show when it would run").click()
    expect(page.locator(".waywo-when-words")).to_have_text("At 06:00, on day 1 of the month")
    expect(page.get_by_text("Nothing is saved yet").first).to_be_visible()
    schedule.refresh_from_db()
    assert schedule.crontab.hour == "2"


def test_an_edit_in_the_admin_is_in_force_with_a_real_beat_within_ten_seconds(page, sign_in, tmp_path):
    schedule = make_schedule(queue="priority")
    sign_in()
    with Beat(tmp_path) as beat:
        page.goto(change_page(schedule))
        page.locator("input[name=when]").fill("every second")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page).to_have_url(re.compile(f"{LIST}$"))
        wait_until(lambda: depth("priority"), f"beat fires by the edited time\n{beat.log}", IN_FORCE)


def test_a_schedule_that_is_switched_off_in_the_list_never_fires(page, sign_in, tmp_path):
    make_schedule("every second", name="Off", queue="priority")
    make_schedule("every second", name="Clock", queue="generation")
    sign_in()
    with Beat(tmp_path):
        wait_until(lambda: depth("priority"), "beat fires")
        page.goto(LIST)
        page.get_by_role("switch", name="Switch Off off").click()
        expect(page.get_by_role("switch", name="Switch Off on")).to_be_visible()

        def is_quiet() -> bool:
            """Tell whether the other one fired twice and this one never in between."""
            before, clock = depth("priority"), depth("generation")
            wait_until(lambda: depth("generation") >= clock + 2, "the other schedule fires")
            return depth("priority") == before

        wait_until(is_quiet, "it is switched off", IN_FORCE)
        before, clock = depth("priority"), depth("generation")
        wait_until(lambda: depth("generation") >= clock + 5, "the other schedule goes on")
        assert depth("priority") == before


def test_run_now_asks_first_and_its_result_is_linked_from_the_list(page, sign_in, tmp_path):
    make_schedule()
    make_comment("I am building Foo (https://foo.example), a small thing that sorts mail.")
    sign_in()
    with Worker(tmp_path, processes=1) as worker:
        page.goto(LIST)
        page.get_by_role("button", name="Run now").click()
        dialog = page.get_by_role("dialog", name="Please confirm")
        expect(dialog).to_contain_text("It reads every comment")
        dialog.get_by_role("button", name="Go on").click()
        expect(page.get_by_text("Queued Mine")).to_be_visible()
        ended = TaskResult.objects.filter(periodic_task_name="Mine", status="SUCCESS")
        wait_until(ended.exists, f"the task ends\n{worker.log}", 60)
        wait_until(lambda: not BatchTask.objects.open().exists(), f"its batch ends\n{worker.log}", 60)
        page.goto(LIST)
        page.get_by_role("link", name="succeeded").click()
        expect(page.get_by_text("comments_queued")).to_be_visible()


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_without_scripts_run_now_asks_on_a_page_of_its_own(page, sign_in):
    make_schedule()
    sign_in()
    page.goto(LIST)
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("heading", name="Run Mine now?")).to_be_visible()
    assert depth("extraction") == 0
    page.get_by_role("button", name="Run it now").click()
    expect(page.get_by_text("Queued Mine")).to_be_visible()
    wait_until(lambda: depth("extraction") == 1, "it is queued")


def test_a_schedule_whose_task_is_gone_shows_as_broken(page, sign_in):
    make_schedule(task="removed_long_ago")
    sign_in()
    page.goto(LIST)
    expect(page.get_by_text("Broken: No task is called removed_long_ago.")).to_be_visible()
    expect(page.get_by_role("button", name="Run now")).to_have_count(0)
