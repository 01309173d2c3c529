"""What ``up`` does before anybody signs in: a first superuser, and the main job on an empty index."""

import secrets
from typing import Any

from celery import current_app
from django.conf import settings
from django.contrib.auth import get_user_model

from comments.collecting import collect_sample
from comments.models import Comment, Post, Source
from comments.sources.hackernews_api import HackerNews
from comments.sources.known_threads import known_threads
from core import event_loop
from core.http import OutsideError
from core.jobs import sending
from waywo_site.running.queues import depth

USERNAME = "admin"


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

    On an empty index that is: collect the newest known thread and read it. Where Hacker News cannot be reached, the
    sample thread is collected here. On a later start: what an earlier one left undone.
    """
    if not Post.objects.exclude(source=Source.SAMPLE).exists():
        return _collect_newest()
    return _go_on()


def _collect_newest() -> str:
    thread = known_threads()[0]
    if reason := _unreachable(thread.id):
        collected = collect_sample()
        sending.send("process_waywo_comments", {})
        return (
            f"Hacker News cannot be reached ({reason}); reading the sample thread instead: {collected.title} "
            f"The next start tries Hacker News again."
        )
    _collect_and_read({"post_id": thread.id, "year": thread.year, "month": thread.month})
    return f"Collecting and reading the newest thread, {thread.year}-{thread.month:02} (item {thread.id})."


def _collect_and_read(post: dict[str, Any]) -> None:
    """Send the collection of a thread, and the reading of what it brings, also when some of it is missing."""
    sending.send("process_waywo_post", post, then=current_app.tasks["process_waywo_comments"].si())


def _unreachable(item_id: int) -> str:
    """Return why Hacker News does not answer, in one line; empty when it does."""

    async def ask() -> None:
        async with HackerNews(settings.HN_API_BASE_URL) as client:
            await client.item(item_id)

    try:
        event_loop.run(ask())
    except OutsideError as error:
        return str(error).rstrip(".")
    return ""


def _go_on() -> str:
    due = Comment.objects.due_for_reading().count()
    uncollected = list(Post.objects.filter(collected_at=None, source=Source.HACKER_NEWS))
    # What waits in a queue needs no second message.
    if uncollected and not depth("collection"):
        for post in uncollected:
            _collect_and_read({"post_id": post.pk, "year": post.year, "month": post.month})
    if due and not depth("extraction"):
        sending.send("process_waywo_comments", {})
    if due or uncollected:
        return f"Going on: {len(uncollected)} threads to collect, {due} comments to read."
    return "Everything collected is read."
