"""The page of a thread."""

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from comments.models import Comment, Post
from comments.text import safe_html
from core.caching import cached_by_version
from projects.catalogue import shown_in
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
    counted = Comment.objects.visible().filter(post=post).order_by().values_list("status").annotate(n=Count("pk"))
    by_status = dict(counted)
    done = by_status.get(Comment.Status.PROCESSED, 0)
    failed = by_status.get(Comment.Status.FAILED, 0)
    projects = Project.objects.published().posted().filter(shown_in(comment__post=post))
    context = {
        "title": post.title,
        "description": f"The projects of {post.title}",
        "post": post,
        "text": safe_html(post.text),
        "month": month_text((post.year, post.month)),
        "month_name": month_name((post.year, post.month)),
        "comments": sum(by_status.values()),
        "read": done,
        "failed": failed,
        "without_text": by_status.get(Comment.Status.SKIPPED, 0),
        "waiting": by_status.get(Comment.Status.PENDING, 0) + by_status.get(Comment.Status.PROCESSING, 0),
        "empty": "No project was found in it yet.",
    }
    listed = list_context(request, projects, kept_as=("projects of a thread", pk))
    return render(request, "projects/site/thread.html", context | listed)
