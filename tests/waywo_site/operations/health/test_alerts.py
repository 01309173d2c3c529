"""Alerts through a real SMTP server and a real webhook."""

import platform
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_results.models import TaskResult

from core.locks import try_lock_session
from tests.servers.processes import manage
from tests.servers.receivers import MailServer, Webhook
from tests.servers.web import free_port
from waywo_site.models import Alert, HealthResult
from waywo_site.operations.backups import checksum_file
from waywo_site.operations.health import alerts
from waywo_site.operations.health.alerts import Subject, tell
from waywo_site.operations.health.watch import check_health, machine_name

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BROKEN = Subject("health: broker", "failed", "Connection refused.", "Start the broker.")
WORSE = Subject("health: broker", "degraded", "It is slow.", "Look.")
WELL = Subject("health: broker", "ok", "It answers.")


@pytest.fixture
def mail(settings):
    """Serve SMTP, and send all alerts there."""
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.url.removeprefix("smtp://").split(":")
        settings.EMAIL_PORT = int(settings.EMAIL_PORT)
        settings.ALERT_EMAIL = ["ops@waywo.example", "night@waywo.example"]
        yield server


@pytest.fixture
def webhook(settings):
    """Serve a webhook, and send all alerts there."""
    with Webhook() as server:
        settings.ALERT_WEBHOOK_URL = server.url
        yield server


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def after(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def kinds(told: list[dict]) -> list[str]:
    return [alert["kind"] for alert in told]


def test_a_change_is_told_once_by_mail_and_webhook_and_so_is_the_recovery(mail, webhook):
    for minute in range(10):
        tell([BROKEN], after(minute / 60))
    assert (len(mail.messages), len(webhook.bodies)) == (1, 1)
    message = mail.messages[0]
    assert message["Subject"] == "Waywo: broker is failed"
    assert message["To"] == "ops@waywo.example, night@waywo.example"
    assert "What to do: Start the broker." in message.get_content()
    alert = webhook.bodies[0]["alerts"][0]
    assert (alert["kind"], alert["state"], alert["reason"]) == ("problem", "failed", "Connection refused.")
    assert "broker" in webhook.bodies[0]["text"]
    for minute in range(10):
        tell([WELL], after(1 + minute / 60))
    assert [message["Subject"] for message in mail.messages[1:]] == ["Waywo: broker is well again"]
    assert len(webhook.bodies) == 2


def test_what_was_well_from_the_beginning_is_not_told(webhook):
    assert tell([WELL], NOW) == []
    assert webhook.bodies == []


def test_a_lasting_problem_is_repeated_every_six_hours(webhook):
    told = [kinds(tell([BROKEN], after(hour))) for hour in range(14)]
    assert [hour for hour, said in enumerate(told) if said] == [0, 6, 12]
    assert told[6] == ["repeat"]


def test_better_and_worse_are_changes_and_all_at_one_time_are_one_message(mail):
    disk = Subject("health: disk", "failed", "Full.\nvery")
    assert kinds(tell([BROKEN, disk], NOW)) == ["problem", "problem"]
    assert kinds(tell([WORSE, disk], after(1))) == ["problem"]
    assert len(mail.messages) == 2
    assert mail.messages[0]["Subject"] == "Waywo: broker is failed, and 1 more"


def test_a_clock_that_went_back_neither_repeats_nor_silences_for_long(webhook):
    tell([BROKEN], after(100))
    told = [hour for hour in range(13) if tell([BROKEN], after(hour))]
    assert told == [6, 12]


def test_a_look_that_began_before_the_change_that_another_told_of_tells_nothing(webhook):
    tell([WELL], NOW)
    assert kinds(tell([BROKEN], NOW + timedelta(seconds=3))) == ["problem"]
    # It began before, when all was well, and another part held it up.
    assert tell([WELL], NOW + timedelta(seconds=1)) == []
    assert tell([BROKEN], NOW + timedelta(seconds=9)) == []
    assert kinds(tell([WELL], NOW + timedelta(seconds=12))) == ["recovery"]


def test_a_recovery_is_told_although_the_clock_went_back(webhook):
    tell([BROKEN], after(100))
    assert kinds(tell([WELL], NOW)) == ["recovery"]


def test_what_could_not_be_sent_is_sent_the_next_time(webhook):
    webhook.status = 500
    assert tell([BROKEN], NOW) == []
    assert Alert.objects.get().due_by == "webhook"
    assert Alert.objects.get().error == "webhook: it answered 500"
    webhook.status = 200
    assert kinds(tell([BROKEN], after(0.1))) == ["problem"]
    assert tell([BROKEN], after(0.2)) == []
    assert Alert.objects.get().due_by == ""


def test_one_way_that_fails_does_not_keep_the_other_from_telling(mail, settings, caplog):
    settings.ALERT_WEBHOOK_URL = f"http://127.0.0.1:{free_port()}/x?token=secret"
    tell([BROKEN], NOW)
    tell([BROKEN], after(1))
    assert len(mail.messages) == 1
    assert "could not be sent by webhook" in caplog.text
    assert "token=secret" not in caplog.text


def test_a_webhook_that_failed_is_tried_again_where_the_mail_went_out(mail, webhook):
    webhook.status = 503
    assert kinds(tell([BROKEN], NOW)) == ["problem"]
    assert (Alert.objects.get().due_by, Alert.objects.get().error) == ("webhook", "webhook: it answered 503")
    tell([BROKEN], after(0.1))
    webhook.status = 200
    tell([BROKEN], after(0.2))
    tell([BROKEN], after(0.3))
    assert (len(mail.messages), len(webhook.bodies)) == (1, 3)
    assert kinds(webhook.bodies[-1]["alerts"]) == ["problem"]
    assert (Alert.objects.get().due_by, Alert.objects.get().error) == ("", "")


def test_what_recovered_before_any_way_took_it_is_not_told_of(webhook):
    webhook.status = 503
    tell([BROKEN], NOW)
    webhook.status = 200
    assert tell([WELL], after(0.1)) == []
    assert Alert.objects.get().due_by == ""


def test_without_a_database_a_file_remembers_and_the_database_takes_over_from_it(webhook):
    tell([BROKEN], NOW)
    lost = Subject("health: database", "failed", "Connection refused.")
    for minute in range(5):
        tell([BROKEN, lost], after(1 + minute / 60), has_database=False)
    assert [[alert["subject"] for alert in body["alerts"]] for body in webhook.bodies] == [
        ["health: broker"],
        ["health: database"],
    ]
    back = Subject("health: database", "ok", "It answers.")
    assert kinds(tell([BROKEN, back], after(2))) == ["recovery"]
    assert tell([BROKEN, back], after(3)) == []


def test_a_damaged_file_is_made_again(settings, webhook):
    (settings.VAR_DIR / "alerts.json").write_text("{")
    assert kinds(tell([BROKEN], NOW, has_database=False)) == ["problem"]
    assert tell([BROKEN], after(1), has_database=False) == []


def test_two_checks_at_once_tell_once(webhook):
    from django.db import connections

    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            assert try_lock_session(cursor, alerts.LOCK)
        assert tell([BROKEN], NOW) == []
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")
    finally:
        other.close()
    assert kinds(tell([BROKEN], NOW)) == ["problem"]


@pytest.mark.process
def test_the_command_keeps_the_results_and_alerts_once(mail, tmp_path):
    variables = {"EMAIL_URL": mail.url, "ALERT_EMAIL": "ops@waywo.example", "VAR_DIR": str(tmp_path)}
    for _ in range(2):
        done = manage("health", "--alert", "--only", "database,migrations,flower", **variables)
        assert done.returncode == 1, done.stderr
    assert len(mail.messages) == 1
    assert f"flower on {platform.node()} is degraded" in mail.messages[0]["Subject"]
    assert HealthResult.objects.filter(name="flower", state="degraded").count() == 1, "nothing changed since"
    # And with the database away: told once more, about the database.
    for _ in range(2):
        manage(
            *("health", "--alert", "--only", "database,migrations,flower"),
            **variables,
            DATABASE_URL="postgres://u:p@127.0.0.1:9/x",
        )
    assert len(mail.messages) == 2
    assert "database is failed" in mail.messages[1]["Subject"]


def test_a_schedule_whose_last_run_failed_is_told_by_its_name_until_a_run_succeeds(webhook):
    every_hour = CrontabSchedule.objects.create(minute="0")
    PeriodicTask.objects.create(name="Figures", task="generate_analytics", crontab=every_hour)
    PeriodicTask.objects.create(name="Backup", task="backup_database", crontab=every_hour)

    def told(task_id: str, status: str, hour: int) -> list[str]:
        result = '{"exc_type": "BackupError", "exc_module": "waywo_site.operations", "exc_message": ["No room."]}'
        fields = {"task_id": task_id, "status": status, "result": result if status == "FAILURE" else "null"}
        TaskResult.objects.create(periodic_task_name="Backup", **fields)
        found = check_health(now=after(hour))["alerts"]
        return [
            f"{alert['subject']} {alert['kind']}: {alert['reason']}" for alert in found if "sched" in alert["subject"]
        ]

    assert told("one", "FAILURE", 0) == ["schedule: Backup problem: Its last run failed. No room."]
    assert told("two", "PENDING", 1) == []
    assert told("three", "SUCCESS", 2) == ["schedule: Backup recovery: Its last run did not fail."]


def test_of_what_stays_as_it_is_one_result_in_five_minutes_is_kept_and_every_change(settings, tmp_path):
    settings.BACKUP_DIR = tmp_path
    backup = tmp_path / f"waywo-{timezone.now():%Y%m%dT%H%M%SZ}.dump"
    for minute in range(12):
        if minute == 7:
            backup.write_bytes(b"PGDMP")
            checksum_file(backup).write_text("0" * 64)
        check_health(["backup"], NOW + timedelta(minutes=minute))
    kept = HealthResult.objects.order_by("checked_at").values_list("checked_at__minute", "state")
    assert [(minute, state == "ok") for minute, state in kept] == [(0, False), (5, False), (7, True)]


def test_what_differs_between_two_machines_is_told_once_for_each(webhook, settings, tmp_path):
    def look(machine: str, minute: int) -> None:
        settings.VAR_DIR = settings.BACKUP_DIR = tmp_path / machine
        settings.BACKUP_DIR.mkdir(exist_ok=True)
        (settings.VAR_DIR / "machine").write_text(f"{machine}\n")
        check_health(["backup", "migrations"], NOW + timedelta(minutes=minute))

    (tmp_path / "one").mkdir()
    backup = tmp_path / "one" / f"waywo-{timezone.now():%Y%m%dT%H%M%SZ}.dump"
    backup.write_bytes(b"PGDMP")
    checksum_file(backup).write_text("0" * 64)
    for minute in range(0, 10, 2):
        look("one", minute)
        look("two", minute + 1)
    backup.unlink()
    look("one", 11)
    look("two", 12)
    told = [(alert["kind"], alert["subject"]) for body in webhook.bodies for alert in body["alerts"]]
    assert told == [("problem", "health: backup on two"), ("problem", "health: backup on one")]


def test_a_machine_is_called_as_its_host_until_somebody_names_it(settings):
    assert machine_name() == platform.node()
    (settings.VAR_DIR / "machine").write_text("left rack\n")
    assert machine_name() == "left rack"


@pytest.mark.process
def test_mail_settings_come_from_one_url():
    done = manage(
        *("shell", "--no-imports", "-c"),
        "from django.conf import settings as s; print(s.EMAIL_HOST, s.EMAIL_PORT, s.EMAIL_HOST_USER, s.EMAIL_USE_TLS)",
        EMAIL_URL="smtp+tls://me:pass@mail.example:587",
    )
    assert done.stdout.strip() == "mail.example 587 me True"
