"""Backups by the real pg_dump, restored by the real pg_restore."""

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.apps import apps
from django.db import connection

from comments.models import Comment, Post
from projects.models import Project
from tests.factories import make_comment, make_post, make_project
from tests.servers.processes import ROOT, Worker, command, environment, manage
from tests.waiting import wait_until
from waywo_site.operations import backups, postgresql_programs, restore
from waywo_site.operations.backups import Backup, BackupError, backup_database, checksum_file, to_keep
from waywo_site.operations.restore import RestoreError
from waywo_site.schedules import defaults

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def backup_dir(settings, tmp_path):
    """Give each test a folder for backups, and remove the databases that restores leave."""
    settings.BACKUP_DIR = tmp_path / "backups"
    yield settings.BACKUP_DIR
    connection.close()
    own = connection.settings_dict["NAME"]
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{own}\\_%"])
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def contents() -> dict[str, tuple[int, str]]:
    """Return the number of rows and a checksum over all of them, by table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = {}
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM \"{table}\" t")
            found[table] = cursor.fetchone()
    return found


def restored(file: str | Path) -> dict:
    """Restore a backup in this process."""
    result = restore.restore(restore.plan(str(file), workers_are_stopped=True))
    connection.close()
    return result


def partials(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix == ".partial"] if folder.exists() else []


def test_a_restored_backup_has_the_same_rows_in_every_table():
    defaults.add_new(apps, plan=[])  # as a restore does to a database that was never offered them
    post = make_post()
    for number in range(50):
        make_project(title=f"Проект {number} 'quoted' \\ \t", embedding=[0.5] * 256, embedding_model="wordllama")
        make_comment(f"Text {number}\n<p>&#x27;", post=post)
    before = contents()
    made = backup_database()
    Project.objects.all().delete()
    Comment.objects.update(text="changed")
    Post.objects.update(title="changed")
    assert contents() != before
    result = restored(made["file"])
    assert contents() == before
    assert Project.objects.filter(search_vector="проект").count() == 50
    # The old database is still there, as it was.
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [result["old_database"]])
        assert cursor.fetchone() == (1,)


def test_a_backup_has_a_checksum_that_sha256sum_reads_and_is_for_its_owner_alone(backup_dir):
    made = backup_database()
    done = subprocess.run(["sha256sum", "--check", checksum_file(Path(made["file"])).name], cwd=backup_dir)
    assert done.returncode == 0
    assert Path(made["file"]).stat().st_mode & 0o077 == 0
    assert partials(backup_dir) == []


def test_a_file_that_was_cut_damaged_or_is_foreign_is_refused_and_nothing_changes(backup_dir, tmp_path):
    make_project()
    whole = Path(backup_database()["file"])
    before = contents()
    cut = tmp_path / "cut.dump"
    cut.write_bytes(whole.read_bytes()[:-2000])
    text = tmp_path / "text.dump"
    text.write_text("CREATE TABLE x();")
    foreign = tmp_path / "foreign.dump"
    tools = postgresql_programs.find()
    dbname, variables = postgresql_programs.target("postgres")
    postgresql_programs.run([tools.pg_dump, "--format=custom", f"--file={foreign}", f"--dbname={dbname}"], variables)
    damaged = backup_dir / "damaged.dump"
    damaged.write_bytes(whole.read_bytes())
    checksum_file(damaged).write_text("0" * 64 + "  damaged.dump\n")
    for file, said in (
        (cut, "cannot be restored"),
        (text, "is not a backup"),
        (foreign, "is not a backup of Waywo"),
        (damaged, "is damaged"),
        (tmp_path / "none.dump", "There is no backup"),
        (tmp_path, "There is no backup"),
    ):
        with pytest.raises(RestoreError, match=said) as error:
            restored(file)
        assert "\n" not in str(error.value)
    assert contents() == before


def test_a_backup_of_a_newer_waywo_is_refused():
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '9999_future', now())")
        try:
            made = backup_database()
        finally:
            cursor.execute("DELETE FROM django_migrations WHERE name = '9999_future'")
    with pytest.raises(RestoreError, match=r"newer Waywo: it has 1 migrations .* projects\.9999_future"):
        restore.plan(made["file"], workers_are_stopped=True)


@pytest.mark.usefixtures("empty_queues")
@pytest.mark.process
def test_a_restore_is_refused_while_a_worker_runs(tmp_path):
    made = backup_database()
    with Worker(tmp_path):
        done = manage("restore_database", made["file"], "--no-input")
    assert done.returncode == 1
    assert "Workers run" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("empty_queues")
@pytest.mark.process
def test_a_worker_that_starts_during_a_restore_keeps_what_it_writes(tmp_path):
    make_project(title="Kept")
    plan = restore.plan(backup_database()["file"])
    Project.objects.update(title="Newer")
    before = contents()
    with ExitStack() as stack:

        def start_worker(step: str, done: int, _total: int) -> None:
            if (step, done) == ("swapping", 2):
                stack.enter_context(Worker(tmp_path))
                # It says that it is ready a moment before it hears what is asked of all workers.
                wait_until(lambda: current_app.control.ping(timeout=1), "it answers")

        with pytest.raises(RestoreError, match="Workers run"):
            restore.restore(plan, start_worker)
    assert contents() == before
    assert _databases_like(connection.settings_dict["NAME"]) == []


def test_the_names_that_a_restore_derives_fit_and_are_never_that_of_the_database():
    for own in ("waywo", "x" * 41, "x" * 42, "x" * 53, "x" * 63, "x" * 53 + "_restoring", "ж" * 31, "x" + "ж" * 31):
        names = {own, *(restore.derived_name(own, ending) for ending in ("_restoring", "_before_20261121120000"))}
        assert len({name.encode()[:63] for name in names}) == 3
        assert all(len(name.encode()) <= 63 for name in names)
    assert restore.derived_name("waywo", "_restoring") == "waywo_restoring"
    # Two that begin alike are not in each other's way.
    assert restore.derived_name("x" * 62 + "1", "_restoring") != restore.derived_name("x" * 62 + "2", "_restoring")


def test_a_database_whose_name_is_as_long_as_can_be_is_restored_and_the_old_one_stays():
    make_project(title="Kept")
    own = connection.settings_dict["NAME"]
    longest = f"{own}_".ljust(63, "x")
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{longest}" TEMPLATE "{own}"')
    try:
        connection.settings_dict["NAME"] = longest
        made = backup_database()
        Project.objects.update(title="Newer")
        result = restored(made["file"])
        assert Project.objects.get().title == "Kept"
        connection.close()
        connection.settings_dict["NAME"] = result["old_database"]
        assert Project.objects.get().title == "Newer"
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own


def _databases_like(own: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{own}\\_%"])
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.process
def test_a_restore_asks_and_a_restore_that_cannot_ask_does_nothing():
    made = backup_database()
    command = [sys.executable, "manage.py", "restore_database", made["file"], "--workers-are-stopped"]
    quiet = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    done = subprocess.run(command, cwd=ROOT, env=environment(), **quiet)
    assert done.returncode == 2
    assert "Nobody can be asked here: add --no-input." in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.process
def test_a_restore_that_is_killed_changes_nothing_and_the_next_one_succeeds():
    make_project(title="Kept")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE slow AS SELECT n, md5(n::text) AS text FROM generate_series(1, 400000) n")
    try:
        made = backup_database()
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE slow")
        Project.objects.update(title="Newer")
        before = contents()
        command = [sys.executable, "manage.py", "restore_database", made["file"], "--no-input", "--workers-are-stopped"]
        connection.close()
        process = subprocess.Popen(command, cwd=ROOT, env=environment(), start_new_session=True)
        wait_until(lambda: _size_of_restoring() > 12_000_000, "the restore is under way")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert contents() == before
        restored(made["file"])
        assert Project.objects.get().title == "Kept"
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS slow")


def _size_of_restoring() -> int:
    with connection.cursor() as cursor:
        name = f"{connection.settings_dict['NAME']}_restoring"
        cursor.execute("SELECT pg_database_size(datname) FROM pg_database WHERE datname = %s", [name])
        return (cursor.fetchone() or (0,))[0]


def test_what_a_killed_backup_left_is_removed_by_the_next_and_never_listed(backup_dir):
    backup_dir.mkdir()
    leftover = backup_dir / "waywo-20260101T000000Z.dump.partial"
    leftover.write_bytes(b"PGDMP")
    assert backups.backups() == []
    backup_database()
    assert not leftover.exists()
    assert len(backups.backups()) == 1


def test_two_backups_at_once_are_refused(backup_dir):
    with backups._alone(), pytest.raises(BackupError, match="is being made"):
        backup_database()


def test_a_full_disk_is_one_line_and_leaves_no_file(settings, backup_dir):
    """A file system of 1 MB that is really full."""
    backup_dir.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", backup_dir], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(BackupError, match=r"free and about .* are needed"):
            backup_database()
        complete = Backup(backup_dir / "waywo-20260101T000000Z.dump", datetime(2026, 1, 1, tzinfo=UTC), 1, "0" * 64)
        complete.path.write_bytes(b"x")
        checksum_file(complete.path).write_text("0" * 64)
        with pytest.raises(BackupError, match=r"pg_dump ended with 1: .*No space left on device"):
            backup_database()
        assert partials(backup_dir) == []
        assert [row.path for row in backups.backups()] == [complete.path]
    finally:
        subprocess.run(["umount", backup_dir], check=True)


def test_a_folder_that_cannot_be_made_is_one_line(settings, tmp_path):
    (tmp_path / "file").write_text("")
    settings.BACKUP_DIR = tmp_path / "file" / "backups"
    with pytest.raises(BackupError, match=r"BACKUP_DIR=.* cannot be used: Not a directory"):
        backup_database()


def test_a_pg_dump_older_than_the_server_is_refused_by_name(monkeypatch, tmp_path):
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 12.1'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(postgresql_programs, "_folders", lambda: iter([tmp_path]))
    with pytest.raises(BackupError, match=r"pg_dump of PostgreSQL 18 or newer is needed \(.* has version 12\)"):
        backup_database()


def _backup(made_at: datetime, sha256: str = "0" * 64) -> Backup:
    return Backup(Path(f"waywo-{made_at:%Y%m%dT%H%M%S}Z.dump"), made_at, 1, sha256)


def test_the_newest_and_the_last_of_each_month_for_a_year_are_kept():
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    daily = [_backup(now - timedelta(days=age)) for age in range(800)]
    kept = sorted((path.name for path in to_keep(daily, 3, now)), reverse=True)
    assert kept[:5] == [daily[age].path.name for age in (0, 1, 2, 21, 52)]
    assert len(kept) == 3 + 12
    assert kept[-1] == "waywo-20251130T120000Z.dump"


def test_what_has_no_checksum_does_not_push_out_a_good_backup():
    now = datetime(2026, 11, 21, tzinfo=UTC)
    good, unproved = _backup(now - timedelta(days=500)), _backup(now, "")
    assert to_keep([unproved, good], 1, now) == {good.path}


def test_old_backups_go_and_the_one_just_made_stays_although_the_clock_went_back(settings, backup_dir):
    settings.BACKUP_KEEP = 1
    backup_dir.mkdir()
    for stamp in ("20990101T000000", "20200101T000000"):
        path = backup_dir / f"waywo-{stamp}Z.dump"
        path.write_bytes(b"PGDMP")
        checksum_file(path).write_text("0" * 64)
    made = backup_database()
    assert made["removed"] == ["waywo-20200101T000000Z.dump"]
    assert Path(made["file"]).exists()
    assert backups.last_backup().state == "degraded"


def test_the_commands_make_list_and_verify(backup_dir):
    where = {"BACKUP_DIR": backup_dir}
    assert "There is no backup" in command("list_backups", **where).stdout
    made = command("backup_database", "--json", **where)
    assert made.returncode == 0, made.stderr
    file = Path(json.loads(made.stdout.splitlines()[-1])["file"])
    listed = json.loads(command("list_backups", "--verify", "--json", **where).stdout)
    assert [row["state"] for row in listed["backups"]] == ["whole"]
    with file.open("r+b") as handle:
        handle.seek(5000)
        handle.write(b"xxxx")
    damaged = command("list_backups", "--verify", **where)
    assert (damaged.returncode, "damaged" in damaged.stdout) == (1, True)
