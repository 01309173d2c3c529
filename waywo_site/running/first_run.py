"""What ``up`` does before anybody signs in: a first superuser, and the main job on an empty index."""

import secrets
from typing import Any

from celery import current_app
from django.contrib.auth import get_user_model

from comments.collecting import collect_sample
from comments.due_threads import DueThread
from comments.models import Comment, Post, Source
from comments.newest_threads import newest_threads
from core.http import OutsideError
from core.jobs import sending
from projects.extraction.choosing import comments_to_read, queue_comments
from projects.language.embeddings import get_embedder
from projects.models import Analytics, Drawing, Project
from waywo_site.running.queues import depth

USERNAME = "admin"
FIRST_THREADS = 2
# A map is drawn at a start when there are so many times the projects that it shows.
GROWN = 1.5


def ensure_superuser() -> str | None:
    """Make the superuser ``admin`` where there is no superuser yet, and return its random password; else None."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    user, _ = users.get_or_create(username=USERNAME)
    user.is_staff = user.is_superuser = user.is_active = True
    user.set_password(password)
    user.save()
    return password


def start_main_job() -> str:
    """Send the work that is due and return a line about it.

    On an empty index that is: collect the newest two threads and read them, the newest first. Where Hacker News cannot
    be reached or has none, the sample thread is collected here. On a later start: what an earlier one left undone.
    Raises ThreadsFileError.
    """
    if not Comment.objects.exclude(post__source=Source.SAMPLE).exists():
        return _collect_newest()
    return _go_on()


def compute_first_figures() -> None:
    """Send the computing of the months' figures where there are none: the trends would be empty until the night."""
    if not Analytics.objects.exists():
        sending.send("generate_analytics", {})


def draw_first_map() -> None:
    """Send the drawing of the map where there is none, or one of far fewer projects: by schedule it is drawn weekly."""
    drawable = Project.objects.published().filter(embedding_model=get_embedder().name).count()
    drawn = Drawing.objects.first()
    if drawable > (drawn.projects * GROWN if drawn else 0):
        sending.send("draw_map", {})


def _collect_newest() -> str:
    try:
        threads, notes = newest_threads(FIRST_THREADS)
    except OutsideError as error:
        return _read_sample(f"Hacker News cannot be reached ({str(error).rstrip('.')})")
    if not threads:
        return _read_sample(f"Hacker News answers, but no thread was found. {' '.join(notes)}".rstrip("."))
    _collect_and_read(*threads)
    newest, *others = [f"{one.year}-{one.month:02} (item {one.post_id})" for one in threads]
    then = f", then {others[0]}" if others else ""
    return " ".join([f"Collecting and reading the newest thread, {newest}{then}.", *notes])


def _read_sample(reason: str) -> str:
    what = "the sample thread stays."
    if not Comment.objects.filter(post__source=Source.SAMPLE).exists():
        what = f"reading the sample thread instead: {collect_sample().title}"
    if comments_to_read(limit=1, by_itself=True):
        queue_comments(by_itself=True)
    return f"{reason}; {what} The next start tries Hacker News again, and so do the schedules."


def _collect_and_read(thread: DueThread, later: DueThread | None = None) -> None:
    """Send the collection of a thread and then the reading of what it brought, also when some of it is missing.

    The ``later`` thread comes after that: of two that are collected at once the older would be read first.
    """
    read = current_app.tasks["process_waywo_comments"].si()
    if later is not None:
        read_later = current_app.tasks["process_waywo_comments"].si()
        collect_later = current_app.tasks["process_waywo_post"].si(**vars(later))
        _follow(collect_later, read_later)
        _follow(read, collect_later)
    sending.send("process_waywo_post", vars(thread), then=read)


def _follow(signature: Any, then: Any) -> None:
    """Let ``then`` run after ``signature``, however that ends."""
    signature.link(then)
    signature.link_error(then)


def _go_on() -> str:
    due = len(comments_to_read(by_itself=True))
    uncollected = list(Post.objects.filter(collected_at=None, source=Source.HACKER_NEWS))
    # What waits in a queue needs no second message.
    if uncollected and not depth("collection"):
        for post in uncollected:
            _collect_and_read(DueThread(post.pk, post.year, post.month))
    if due and not depth("extraction"):
        queue_comments(by_itself=True)
    if due or uncollected:
        return f"Going on: {len(uncollected)} threads to collect, {due} comments to read."
    return "Everything collected is read."
