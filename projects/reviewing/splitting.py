"""Parts one submission from its project: a project of its own, which later readings keep apart."""

from django.db import connection, transaction
from django.db.models import Max, Min

from comments.text import links
from projects.links import canonical_url
from projects.models import Project, Submission

COPIED = (
    *("source", "title", "short_description", "description", "idea_score", "idea_reason", "complexity_score"),
    *("complexity_reason", "created_by"),
)


class SplitError(Exception):
    """The submission cannot be parted; the message is one line."""


def split_off(submission_id: int) -> Project:
    """Make a submission a project of its own and return that: pending, with what its text links to.

    Texts, tags and embedding are copied; reading the comment again describes it by its own words, and does not join
    the two again. Raises SplitError for the only submission of a project, or one that is not there.
    """
    with transaction.atomic():
        submission = Submission.objects.filter(pk=submission_id).select_related("comment").first()
        if submission is None:
            raise SplitError(f"There is no submission {submission_id}.")
        old = Project.objects.select_for_update().defer("embedding", "search_vector").get(pk=submission.project_id)
        if old.submissions.count() < 2:
            raise SplitError("It is the project's only submission: there is nothing to part it from.")
        comment = submission.comment
        new = Project(
            **{name: getattr(old, name) for name in COPIED},
            first_seen_at=comment.posted_at,
            last_seen_at=comment.posted_at,
        )
        own = [url for url in links(comment.text) if url in submission.text]
        new.urls = own or old.urls
        new.url_summaries = {url: text for url, text in old.url_summaries.items() if url in new.urls}
        if old.primary_url in new.urls:
            new.primary_url = old.primary_url
        else:
            new.primary_url = new.urls[0] if new.urls else ""
        new.canonical_url = canonical_url(new.primary_url)
        new.save()
        _copy_embedding(old, new)
        new.tags.set(old.tags.all())
        new.pages.set(old.pages.filter(url__in=new.urls))
        Submission.objects.filter(pk=submission_id).update(project=new, split_off_from=old)
        set_seen(old)
    return new


def rejoin(project: Project) -> Project:
    """Undo ``split_off`` for the project that it made; return the one that it came from. Raises SplitError."""
    with transaction.atomic():
        submission = project.submissions.exclude(split_off_from=None).select_related("split_off_from").first()
        old = submission.split_off_from if submission else None
        if submission is None or old is None or project.submissions.count() != 1:
            raise SplitError("It is not a project that was split off, or it has other submissions by now.")
        Submission.objects.filter(pk=submission.pk).update(project=old, split_off_from=None)
        project.delete()
        set_seen(old)
    return old


def set_seen(project: Project) -> None:
    """Set from its submissions when a project was first and last seen."""
    seen = project.submissions.aggregate(first=Min("comment__posted_at"), last=Max("comment__posted_at"))
    project.first_seen_at, project.last_seen_at = seen["first"], seen["last"]
    project.save(update_fields=["first_seen_at", "last_seen_at", "updated_at"])


def is_split_off(project: Project) -> bool:
    """Return whether a person parted it from another project."""
    return project.submissions.exclude(split_off_from=None).exists()


def _copy_embedding(old: Project, new: Project) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE projects_project SET embedding = o.embedding, embedding_model = o.embedding_model "
            "FROM (SELECT embedding, embedding_model FROM projects_project WHERE id = %s) o WHERE id = %s",
            [old.pk, new.pk],
        )
