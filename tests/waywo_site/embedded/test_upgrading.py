"""Data of another major version of PostgreSQL: refused in words, moved to ours, and never lost on the way."""

import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.servers.processes import command
from waywo_site import embedded
from waywo_site.embedded import upgrading
from waywo_site.embedded.postgresql import DATA, MAJOR, UPGRADED, PostgreSQL, major

pytestmark = pytest.mark.process

OLDER = [folder for version in range(14, MAJOR) if (folder := Path(f"/usr/lib/postgresql/{version}/bin")).is_dir()]
needs_older = pytest.mark.skipif(not OLDER, reason="no older PostgreSQL is installed: apt-get install postgresql")


@pytest.fixture
def server(tmp_path):
    server = PostgreSQL(tmp_path)
    yield server
    server.stop()


def doctor(server: PostgreSQL, version: int) -> None:
    """Let the data say that another version wrote them."""
    server.ensure_running()
    server.stop()
    (server.folder / DATA / "PG_VERSION").write_text(f"{version}\n")


@pytest.mark.parametrize(
    ("version", "way_out"), [(15, "run manage.py upgrade_database"), (19, "install the Waywo that")]
)
def test_data_of_another_version_are_named_with_the_way_out(server, version, way_out):
    doctor(server, version)
    with pytest.raises(embedded.EmbeddedError, match=f"are PostgreSQL {version}'s, and Waywo runs.*{MAJOR}: {way_out}"):
        server.ensure_running()
    if version > MAJOR:
        with pytest.raises(embedded.EmbeddedError, match="newer than ours"):
            upgrading.plan(server)


def test_without_the_old_programs_it_says_which_are_needed_and_changes_nothing(server, tmp_path):
    doctor(server, 9)
    with pytest.raises(embedded.EmbeddedError, match=r"programs of PostgreSQL 9 .* none are installed: install post"):
        upgrading.plan(server)
    with pytest.raises(embedded.EmbeddedError, match=f"{tmp_path} has none"):
        upgrading.plan(server, tmp_path)
    assert major(embedded.binaries() / "postgres") == MAJOR


def test_data_of_our_version_need_nothing(server):
    assert upgrading.plan(server) is None
    done = command("upgrade_database", EMBEDDED_POSTGRESQL=server)
    assert (done.returncode, "nothing to do" in done.stdout) == (0, True)
    assert "DATABASE_URL is set" in command("upgrade_database", EMBEDDED_POSTGRESQL=None).stderr


def make_old(server: PostgreSQL, tmp_path: Path) -> None:
    """Make data of the older PostgreSQL that is installed, with two rows."""
    old = PostgreSQL(tmp_path, programs=OLDER[-1])
    made_by_ours = PostgreSQL(tmp_path)
    made_by_ours.ensure_running()  # for its folder, account, port and password
    made_by_ours.release_and_stop_if_last()
    data = old.folder / DATA
    owner = data.stat()
    shutil.rmtree(data)
    password = old.folder / "password"
    password.write_text(old.password)
    shutil.chown(password, owner.st_uid, owner.st_gid)
    account = embedded.accounts.choose(
        old.folder, old.folder / "alive", OLDER[-1] / "initdb", tmp_path, root_will_do=False
    )
    options = ["--username=waywo", f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
    initdb = account.command([str(OLDER[-1] / "initdb"), f"--pgdata={data}", *options])
    subprocess.run(initdb, check=True, capture_output=True, cwd=old.folder, **account.options())
    password.unlink()
    old.ensure_running()
    with psycopg.connect(old.url) as connection:
        connection.execute("CREATE TABLE kept (text text PRIMARY KEY)")
        connection.execute("INSERT INTO kept VALUES ('one'), ('zwölf')")
    old.release_and_stop_if_last()


def rows(server: PostgreSQL) -> list[str]:
    server.ensure_running()
    with psycopg.connect(server.url) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM kept ORDER BY text")]


@needs_older
def test_an_older_database_is_moved_and_its_folder_kept(server, tmp_path):
    make_old(server, tmp_path)
    version = major(OLDER[-1] / "postgres")
    dry = command("upgrade_database", "--dry-run", EMBEDDED_POSTGRESQL=server)
    assert (dry.returncode, "Nothing was done." in dry.stdout) == (0, True), dry.stderr
    assert server.data_version() == version
    done = command("upgrade_database", EMBEDDED_POSTGRESQL=server)
    assert done.returncode == 0, done.stderr
    assert "Done: 2 rows." in done.stdout
    assert rows(server) == ["one", "zwölf"]
    assert server.data_version() == MAJOR
    assert (server.folder / f"data-{version}" / "PG_VERSION").read_text().strip() == str(version)
    assert {path.name for path in server.folder.iterdir()} == {"alive", "server.json", "data", f"data-{version}"}


@needs_older
def test_an_upgrade_that_fails_half_way_changes_nothing_and_one_killed_at_its_last_step_is_completed(server, tmp_path):
    make_old(server, tmp_path)
    todo = upgrading.plan(server)

    def fail_at_the_restore(line: str) -> None:
        if "into PostgreSQL" in line:
            raise embedded.EmbeddedError("The power was cut.")

    with pytest.raises(embedded.EmbeddedError, match="The power was cut"):
        upgrading.upgrade(server, todo, fail_at_the_restore)
    assert server.data_version() == todo.version
    assert not (server.folder / upgrading.DUMP).exists()
    upgrading.upgrade(server, todo, lambda line: None)
    (server.folder / DATA).rename(server.folder / UPGRADED)
    assert rows(server) == ["one", "zwölf"]
    with pytest.raises(embedded.EmbeddedError, match="Other processes use these data"):
        upgrading.upgrade(PostgreSQL(tmp_path), todo, lambda line: None)
