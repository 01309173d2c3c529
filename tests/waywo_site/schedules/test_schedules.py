"""When schedules run, and what they may be."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.utils import timezone
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks
from django_celery_results.models import TaskResult

from waywo_site.schedules import arguments, stored
from waywo_site.schedules.stored import NotStarted
from waywo_site.schedules.timing import BadTiming, in_words, next_runs, parse_timing, saved, shortest_gap


def simulated(text: str, zone: str, start: datetime, days: int, step: timedelta) -> list[datetime]:
    """Return when beat's own ``is_due`` says that it is time, asked again and again from ``start`` on."""
    schedule = parse_timing(text, zone).schedule
    last, moment, fired = start, start, []
    while moment < start + timedelta(days=days):
        schedule.nowfun = lambda now=moment: now.astimezone(ZoneInfo(zone))
        if schedule.is_due(last).is_due:
            fired.append(moment)
            last = moment
        moment += step
    return fired


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 6 1 * *", "At 06:00, on day 1 of the month"),
        ("*/5 * * * *", "Every 5 minutes"),
        ("*/60 * * * *", "Every 60 minutes"),
        ("30 9 * * mon-fri", "At 09:30, Monday through Friday"),
        ("@daily", "At 00:00"),
        ("every 10 minutes", "Every 10 minutes"),
        ("every hour", "Every hour"),
        ("0 0 29 2 *", "At 00:00, on day 29 of the month, only in February"),
    ],
)
def test_a_time_is_said_in_words(text, words):
    assert in_words(parse_timing(text)) == words


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("0 0 31 2 *", "never comes"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 4,6 *", "never comes"),
        ("61 * * * *", "61"),
        ("* 24 * * *", "24"),
        ("* * 0 * *", "day of month"),
        ("* * * 13 *", "13"),
        ("* * * * 8", "8"),
        ("*/0 * * * *", "*/0"),
        ("*/61 * * * *", "“*/61” is invalid: its step 61 is larger than the 60 values"),
        ("*/61 * * * *", "Write “every 61 minutes”, or one minute."),
        ("0 0 1-31/40 * *", "Write “every 40 days”, or one day of month."),
        ("0 */25 * * *", "every 25 hours"),
        ("0,10-20/15 * * * *", "“10-20/15” is invalid: its step 15 is larger than the 11 values"),
        ("0 0 1 */13 *", "Write one month of year."),
        ("0 0 * * mon-fri/6", "larger than the 5 values"),
        ("a b c d e", "minute"),
        ("0,,1 * * * *", "0,,1"),
        ("* * * *", "4 fields"),
        ("* * * * * *", "6 fields"),
        ("", "0 fields"),
        ("every 0 minutes", "0"),
        ("every 9999999 days", "9999999"),
        ("every fortnight", "2 fields"),
        ("; rm -rf", "fields"),
    ],
)
def test_a_time_that_means_nothing_or_never_comes_is_refused_with_its_name(text, named):
    with pytest.raises(BadTiming) as refused:
        parse_timing(text)
    assert named in str(refused.value)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
@pytest.mark.parametrize("text", ["30 2 * * *", "0 * * * *", "15 */6 * * *", "45 1 * * sun"])
@pytest.mark.parametrize(
    "start",
    [
        datetime(2026, 3, 7, 12, tzinfo=UTC),  # New York's spring
        datetime(2026, 3, 28, 12, tzinfo=UTC),  # Berlin's
        datetime(2026, 4, 4, 2, tzinfo=UTC),  # Lord Howe's autumn, by half an hour
        datetime(2026, 10, 24, 12, tzinfo=UTC),
        datetime(2026, 10, 31, 12, tzinfo=UTC),
    ],
)
def test_the_shown_runs_are_those_at_which_beat_fires_over_daylight_saving(text, zone, start):
    shown = next_runs(parse_timing(text, zone), 60, start)
    fired = simulated(text, zone, start, 2, timedelta(minutes=15))
    assert [run for run in shown if run < start + timedelta(days=2)] == fired


ZONES = [
    *("Pacific/Auckland", "Asia/Tokyo", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "America/Los_Angeles"),
    *("Pacific/Kiritimati", "Australia/Lord_Howe"),
]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("text", ["*/10 * * * *", "5,35 * * * *", "*/20 */3 * * *"])
@pytest.mark.parametrize("day", [datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)])
def test_the_next_runs_are_beats_at_every_hour_wherever_the_local_date_is_another(text, zone, day):
    """The first two days fall into daylight saving's change in Berlin."""
    fired = simulated(text, zone, day, 3, timedelta(minutes=5))
    row = parse_timing(text, zone)
    for hour in range(48):
        after = day + timedelta(hours=hour, minutes=24)
        assert next_runs(row, 5, after) == [run for run in fired if run > after][:5], after


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_the_shortest_gap_of_ten_minutes_is_ten_minutes_whenever_it_is_asked_for(zone, hour):
    after = datetime(2026, 11, 25, hour, 1, tzinfo=UTC)
    assert shortest_gap(parse_timing("*/10 * * * *", zone), after) == 600


def test_what_falls_into_the_lost_hour_runs_once_that_day():
    runs = next_runs(parse_timing("30 2 * * *", "Europe/Berlin"), 3, datetime(2026, 3, 28, 12, tzinfo=UTC))
    berlin = [run.astimezone(ZoneInfo("Europe/Berlin")) for run in runs]
    assert [f"{run:%d %H:%M}" for run in berlin] == ["29 03:30", "30 02:30", "31 02:30"]


def test_every_task_has_a_summary_and_a_form_field_with_help_for_each_argument():
    tasks = arguments.registered()
    assert set(tasks) >= set(settings.TASK_QUEUES).difference(arguments.SENT_BY_OTHERS)
    assert not set(tasks).intersection(arguments.SENT_BY_OTHERS)
    for name, task in tasks.items():
        for argument in arguments.arguments(task):
            assert argument.help, f"the signature of {name} says nothing about {argument.name}"
        assert arguments.summary(task) or name.startswith("celery."), name


def make_schedule(text: str = "0 2 * * *", **fields) -> PeriodicTask:
    row = saved(parse_timing(text))
    times = {"crontab": row} if isinstance(row, CrontabSchedule) else {"interval": row}
    return PeriodicTask.objects.create(**({"name": "Mine", "task": "process_waywo_posts"} | times | fields))


@pytest.mark.django_db
class TestStored:
    @pytest.mark.parametrize(
        ("fields", "problem"),
        [
            ({"task": "gone"}, "No task is called gone."),
            ({"queue": "misspelt"}, "No queue is called misspelt"),
            ({"kwargs": "nope"}, "not JSON"),
            ({"headers": "nope"}, "headers are not a JSON object"),
            ({"kwargs": "[1]"}, "not keywords"),
            ({"args": '{"limit_posts": 1}'}, "not keywords"),
            ({"kwargs": '{"limit_posts": "many"}'}, "limit_posts='many' is invalid: it expects a whole number"),
            ({"kwargs": '{"limit_posts": 0}'}, "1 to 1000000"),
            ({"kwargs": '{"limit": 1}'}, "limit is not an argument of process_waywo_posts"),
            ({"task": "process_waywo_comment"}, "comment_id is missing"),
        ],
    )
    def test_a_schedule_that_cannot_work_says_why(self, fields, problem):
        assert problem in stored.problem_of(make_schedule(**fields))

    def test_31_february_in_the_table_is_named_as_broken(self):
        row = CrontabSchedule.objects.create(minute="0", hour="0", day_of_month="31", month_of_year="2")
        schedule = PeriodicTask.objects.create(name="Mine", task="process_waywo_posts", crontab=row)
        assert stored.problem_of(schedule) == "Its time never comes."

    def test_a_schedule_that_can_work_has_no_problem(self):
        assert stored.problem_of(make_schedule(kwargs='{"limit_posts": 3}', queue="priority")) == ""

    def test_a_time_is_stored_once_and_shared(self):
        saved(parse_timing("1 2 3 4 *"))
        saved(parse_timing("1 2 3 4 *"))
        assert CrontabSchedule.objects.filter(minute="1", hour="2", day_of_month="3").count() == 1
        assert saved(parse_timing("every 7 minutes")) == IntervalSchedule.objects.get(every=7, period="minutes")

    def test_a_run_that_is_missing_for_more_than_five_minutes_is_overdue(self):
        schedule = make_schedule("0 * * * *")
        now = timezone.now().replace(minute=20)
        schedule.last_run_at = now - timedelta(hours=2)
        due = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
        assert stored.due_since(schedule, None, now) == due
        schedule.last_run_at = now.replace(minute=0, second=1)
        assert stored.due_since(schedule, None, now) is None

    def test_a_schedule_that_is_off_or_broken_is_never_overdue(self):
        long_ago = timezone.now() - timedelta(days=2)
        off = make_schedule("* * * * *", enabled=False)
        off.last_run_at = long_ago
        broken = make_schedule("* * * * *", name="Other", task="gone")
        broken.last_run_at = long_ago
        assert stored.due_since(off, None) is stored.due_since(broken, None) is None

    def test_switching_off_many_tells_beat(self):
        make_schedule()
        make_schedule(name="Other")
        PeriodicTasks.objects.update(last_update=timezone.now() - timedelta(hours=1))
        before = PeriodicTasks.last_change()
        assert stored.set_enabled(PeriodicTask.objects.filter(name__in=["Mine", "Other"]), False) == 2
        assert PeriodicTasks.last_change() > before
        assert not PeriodicTask.objects.filter(name__in=["Mine", "Other"], enabled=True).exists()

    def test_a_schedule_that_is_switched_on_makes_up_for_nothing(self):
        schedule = make_schedule("0 * * * *", enabled=False)
        PeriodicTask.objects.update(date_changed=timezone.now() - timedelta(days=3))
        stored.set_enabled(PeriodicTask.objects.filter(pk=schedule.pk), True)
        schedule.refresh_from_db()
        assert stored.due_since(schedule, None) is None

    def test_a_schedule_whose_run_waits_is_not_started_twice(self):
        schedule = make_schedule()
        TaskResult.objects.create(task_id="one", periodic_task_name="Mine", status="PENDING")
        with pytest.raises(NotStarted, match="waits already: one"):
            stored.run_now(schedule)

    def test_a_broken_schedule_is_not_started(self):
        with pytest.raises(NotStarted, match="No task is called gone"):
            stored.run_now(make_schedule(task="gone"))

    def test_the_newest_result_of_each_schedule_is_found(self):
        make_schedule()
        for task_id in ("old", "new"):
            TaskResult.objects.create(task_id=task_id, periodic_task_name="Mine", status="SUCCESS")
        row = stored.with_last_results(PeriodicTask.objects.filter(name="Mine")).get()
        assert row.last_result_id == TaskResult.objects.get(task_id="new").pk


@pytest.mark.django_db
class TestForm:
    VALID = {"name": "Mine", "task": "process_waywo_posts", "when": "0 2 * * *", "zone": "UTC", "enabled": "on"}

    def form(self, instance: PeriodicTask | None = None, **data):
        from waywo_site.schedules.form import form_class

        return form_class()(self.VALID | data, instance=instance)

    def save(self, instance: PeriodicTask | None = None, **data) -> PeriodicTask:
        form = self.form(instance, **data)
        assert form.errors == {}
        return form.save()

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({"when": "0 0 31 2 *"}, "when"),
            ({"when": ""}, "when"),
            ({"task": "gone"}, "task"),
            ({"queue": "misspelt"}, "queue"),
            ({"zone": "Mars/Olympus"}, "zone"),
            ({"priority": "10"}, "priority"),
            ({"expire_seconds": "90000"}, "expire_seconds"),
            ({"argument-process_waywo_posts-limit_posts": "0"}, "argument-process_waywo_posts-limit_posts"),
            ({"argument-process_waywo_posts-limit_posts": "x"}, "argument-process_waywo_posts-limit_posts"),
            ({"task": "process_waywo_comment"}, "argument-process_waywo_comment-comment_id"),
            (
                {
                    "task": "process_waywo_post",
                    "argument-process_waywo_post-post_id": "1",
                    "argument-process_waywo_post-month": "13",
                },
                "argument-process_waywo_post-month",
            ),
            (
                {"task": "process_waywo_comments", "argument-process_waywo_comments-analyst": "oracle"},
                "argument-process_waywo_comments-analyst",
            ),
        ],
    )
    def test_nonsense_is_refused_at_its_field(self, data, field):
        assert set(self.form(**data).errors) == {field}

    def test_a_name_is_used_once(self):
        make_schedule()
        assert self.form().errors == {"name": ["Another schedule has this name."]}

    def test_without_a_given_end_a_run_expires_shortly_before_the_next(self):
        saved = self.save()
        assert 0.8 * 86400 < saved.expire_seconds < 86400

    def test_an_end_that_nobody_chose_for_the_new_time_follows_it(self):
        saved = self.save()
        edited = self.save(saved, when="* * * * *", expire_seconds=str(saved.expire_seconds))
        assert edited.expire_seconds < 60

    def test_an_end_shortly_before_the_next_run_follows_a_time_made_rarer_and_one_chosen_short_stays(self):
        saved = self.save(when="*/10 * * * *")
        edited = self.save(saved, when="0 2 * * *", expire_seconds=str(saved.expire_seconds))
        assert 0.8 * 86400 < edited.expire_seconds < 86400
        short = self.save(edited, expire_seconds="300")
        weekly = self.save(PeriodicTask.objects.get(pk=short.pk), when="0 2 * * 1", expire_seconds="300")
        assert weekly.expire_seconds == 300

    def test_an_edit_of_the_time_leaves_other_schedules_that_share_it_alone(self):
        other = make_schedule(name="Other")
        mine = make_schedule()
        assert mine.crontab_id == other.crontab_id
        self.save(mine, when="5 5 * * *")
        other.refresh_from_db()
        assert other.crontab.hour == "2"

    def test_a_single_moment_is_kept_until_a_time_is_given_and_then_runs_again_and_again(self):
        moment = ClockedSchedule.objects.create(clocked_time=timezone.now() + timedelta(days=1))
        mine = PeriodicTask.objects.create(name="Mine", task="process_waywo_posts", clocked=moment, one_off=True)
        assert stored.problem_of(mine) == ""
        kept = self.save(mine, when="", priority="3")
        assert (kept.clocked, kept.one_off, kept.priority) == (moment, True, 3)
        replaced = self.save(PeriodicTask.objects.get(pk=mine.pk), when="5 5 * * *")
        assert (replaced.clocked, replaced.one_off, replaced.crontab.hour) == (None, False, "5")

    def test_a_schedule_that_ends_at_a_moment_keeps_it(self):
        ends = timezone.now() + timedelta(days=9)
        mine = make_schedule(expires=ends)
        saved = self.save(mine, when="5 5 * * *")
        assert (saved.expires, saved.expire_seconds) == (ends, None)

    def test_a_time_of_another_kind_is_replaced(self):
        mine = make_schedule("every 10 minutes")
        self.save(mine, when="5 5 * * *")
        mine = PeriodicTask.objects.get(pk=mine.pk)
        assert mine.interval is None
        assert mine.crontab.hour == "5"

    def test_arguments_are_stored_with_their_types_and_those_left_empty_keep_their_defaults(self):
        saved = self.save(**{"argument-process_waywo_posts-limit_posts": "3"})
        assert saved.kwargs == '{"limit_posts": 3}'
        assert stored.problem_of(saved) == ""
