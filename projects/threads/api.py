"""A thread from its address to reviewed material, over HTTP."""

from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from ninja import Field, Router

from comments.models import Post, Source
from core.api.bodies import ALL, NO_TEXT, NOTHING, Limit, StrictBody, given_in
from core.api.listing import Id
from core.api.problems import Problem, invalid, problem_responses
from core.api.sending import Sent, sent
from projects.threads.phases import TASK, AlreadyRunning, refuse_running
from projects.threads.wishes import wish_for

acting = Router(tags=["acting"])

EXTRACTED = {"responses": problem_responses({409: "The thread is being extracted: `detail` names the task to follow"})}


class Extract(StrictBody):
    """Arguments of `process_waywo_thread`."""

    year: Annotated[int, Field(ge=2006, le=2200), NO_TEXT] | None = None
    month: Annotated[int, Field(ge=1, le=12), NO_TEXT] | None = None
    limit_comments: Limit = Field(None, description=ALL)
    analyst: Literal["rules", "llm"] | None = Field(None, description="Who reads; empty for the model if there is one.")


@acting.post(
    "/waywo-posts/{int:post_id}/extract",
    response={202: Sent},
    openapi_extra=EXTRACTED,
    summary="Collect a thread and read all of it",
)
def extract_thread(request: HttpRequest, post_id: Id, arguments: Extract | None = NOTHING) -> Any:
    """Collect a thread, read what that brings and bring the figures up to date: one task, which ends when all has."""
    post = Post.objects.exclude(source=Source.SAMPLE).filter(pk=post_id).first()
    if post is None:
        raise Http404(f"There is no post {post_id} that can be collected: add it with /api/waywo-posts/add.")
    given = given_in(arguments)
    try:
        refuse_running(wish_for(post_id, **given).thread)
    except AlreadyRunning as running:
        raise Problem(409, f"{running} Follow it: /api/tasks/{running.run.task_id}") from running
    except ValueError as error:
        # All else was checked with the body.
        raise invalid("body.analyst", "is llm", "a configured language model (LLM_BASE_URL), or rules") from error
    return sent(request, TASK, {"post": post_id} | given, f"Extracting {post.title}.")
