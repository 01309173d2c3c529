"""Backup, restore, clean-up and analytics of a large index, in a scratch VAR_DIR: prints the figures.

Run it as ``VAR_DIR=/tmp/figures python -m tests.benchmarks.operations [rows]``; it fills the database of that VAR_DIR.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
RESULTS = 4 * ROWS
ROOT = Path(__file__).resolve().parents[2]


def fill() -> None:
    """Save ROWS comments and ROWS projects with embeddings, in 40 threads, and RESULTS old task results."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE comments_post, projects_project, projects_tag, django_celery_results_taskresult CASCADE"
        )
        cursor.execute(
            "INSERT INTO comments_post (id, source, source_id, title, text, author, posted_at, year, month, kids, "
            "dead, deleted) SELECT n, 'hn', n::text, 'Thread ' || n, '', 'david927', "
            "'2023-01-13'::timestamptz + n * interval '1 month', 2023 + n / 12, n % 12 + 1, '{}', false, false "
            "FROM generate_series(0, 39) n"
        )
        cursor.execute(
            "INSERT INTO comments_comment (id, source, source_id, post_id, author, text, posted_at, dead, deleted, "
            "status, attempts, last_error, claimed_by) SELECT 1000 + n, 'hn', (1000 + n)::text, n %% 40, "
            "'author' || n %% 9000, repeat('I am building ' || md5(n::text) || ' ', 10), now(), false, false, "
            "'processed', 0, '', '' FROM generate_series(1, %s) n",
            [ROWS],
        )
        cursor.execute("INSERT INTO projects_tag (name) SELECT 'tag ' || n FROM generate_series(1, 300) n")
        cursor.execute(
            "INSERT INTO projects_project (source, title, short_description, description, primary_url, canonical_url, "
            "urls, url_summaries, idea_score, idea_reason, complexity_score, complexity_reason, review_status, "
            "review_note, is_bookmarked, flag_reason, edited_fields, embedding, embedding_model, created_by, "
            "first_seen_at, last_seen_at, created_at, updated_at) "
            "SELECT 'hn', 'Project ' || n, 'Does ' || md5(n::text), repeat(md5((n + 1)::text) || ' ', 8), "
            "'https://' || n %% 5000 || '.example/', n || '.example', '{}', '{}', n %% 10 + 1, '', n %% 10 + 1, '', "
            "'pending', '', false, '', '{}', (SELECT array_agg(random())::vector FROM generate_series(1, 256 + n * 0)),"
            " 'wordllama', 'rules', now(), now(), now(), now() FROM generate_series(1, %s) n RETURNING id",
            [ROWS],
        )
        cursor.execute(
            "INSERT INTO projects_submission (project_id, comment_id, text, position, created_at) SELECT id, "
            "1000 + row_number() OVER (ORDER BY id), title, 0, now() FROM projects_project"
        )
        cursor.execute(
            "INSERT INTO projects_project_tags (project_id, tag_id) SELECT DISTINCT p.id, t.id FROM projects_project p "
            "JOIN projects_tag t ON t.id %% 300 IN (p.id %% 300, (p.id * 7) %% 300, (p.id * 13) %% 300)".replace(
                "%%", "%"
            )
        )
        cursor.execute(
            "INSERT INTO django_celery_results_taskresult (task_id, status, content_type, content_encoding, result, "
            "date_created, date_done) SELECT 'old' || n, 'SUCCESS', 'application/json', 'utf-8', "
            "repeat('x', 100), now() - interval '60 days', now() - interval '60 days' FROM generate_series(1, %s) n",
            [RESULTS],
        )


def contents() -> dict[str, tuple]:
    """Return the number of rows and a checksum of each table."""
    from django.db import connection

    connection.close()
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*), sum(hashtextextended(t::text, 0)) FROM "{table}" t')
            found[table] = cursor.fetchone()
    return found


def killed_restore(file: str) -> str:
    """Kill a restore after half of the time that one takes; return what the database has then."""
    command = [sys.executable, "manage.py", "restore_database", file, "--no-input"]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)
    time.sleep(8)
    state = process.poll()
    if state is not None:
        return f"it had ended already, with {state}"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return "killed after 8 s"


def main() -> None:
    """Fill, measure, print."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waywo_site.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from waywo_site.operations import analytics, backups, cleanup, restore

    call_command("migrate", verbosity=0)
    fill()
    print("analytics:", analytics.generate_analytics())
    before = contents()
    print(f"{before['comments_comment'][0]} comments, {before['projects_project'][0]} projects")
    made = backups.backup_database()
    print(f"backup:  {made['seconds']} s, {made['size'] / 1e6:.1f} MB")
    print("restore, kill -9:", killed_restore(made["file"]), "; equal:", contents() == before)
    plan_began = time.monotonic()
    plan = restore.plan(made["file"])
    print(f"restore: {restore.restore(plan)['seconds']} s, after {time.monotonic() - plan_began:.1f} s with its checks")
    print("all tables have the same rows and checksums:", contents() == before)
    print("clean-up:", cleanup.cleanup_old_data())


if __name__ == "__main__":
    main()
