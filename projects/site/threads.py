"""The page of a thread."""

from collections import Counter

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from comments.models import Comment, Post
from comments.text import safe_html
from core.caching import cached_by_version
from projects.catalogue import listed_in
from projects.models import Project
from projects.site.charts import month_name, month_text
from projects.site.errors import NoPage, reader_page
from projects.site.listing import list_context


@cached_by_version
@reader_page
def thread(request: HttpRequest, pk: int) -> HttpResponse:
    """A thread: what it asks, how far its comments are read, its projects."""
    post = Post.objects.visible().filter(pk=pk).first()
    if post is None:
        raise NoPage(f"There is no thread {pk} here.")
    by_status: Counter[str] = Counter()
    set_aside = 0
    counted = Comment.objects.visible().filter(post=post).order_by().values_list("status", "is_set_aside")
    for status, is_set_aside, number in counted.annotate(n=Count("pk")):
        by_status[status] += number
        set_aside += number if is_set_aside and status == Comment.Status.PENDING else 0
    projects = Project.objects.published().posted().filter(listed_in(comment__post=post))
    context = {
        "title": post.title,
        "description": f"The projects of {post.title}",
        "post": post,
        "text": safe_html(post.text),
        "month": month_text((post.year, post.month)),
        "month_name": month_name((post.year, post.month)),
        "comments": sum(by_status.values()),
        "read": by_status[Comment.Status.PROCESSED],
        "failed": by_status[Comment.Status.FAILED],
        "without_text": by_status[Comment.Status.SKIPPED],
        "waiting": by_status[Comment.Status.PENDING] + by_status[Comment.Status.PROCESSING] - set_aside,
        "set_aside": set_aside,
        "empty": "No project was found in it yet.",
    }
    listed = list_context(request, projects, kept_as=("projects of a thread", pk))
    return render(request, "projects/site/thread.html", context | listed)
