"""Asking for ideas over HTTP. Who may call it is decided where the router is mounted (waywo_site/api/__init__.py)."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Router

from core.api.bodies import NO_TEXT, NOTHING, StrictBody
from core.api.listing import NO_NUL
from core.api.problems import Problem, invalid, problem_responses
from core.api.sending import Sent, sent
from ideas import generation
from ideas.asking import MOST_SEED_TAGS, NoLanguageModel, check_wish, require_language_model
from ideas.models import LEAST_CREATIVITY, MOST_CREATIVITY, MOST_IDEAS

acting = Router(tags=["acting"])

SeedTag = Annotated[str, Field(min_length=1, max_length=50, pattern=NO_NUL)]


class GenerateIdeas(StrictBody):
    """Arguments of `generate_ideas`."""

    num_ideas: Annotated[int, Field(ge=1, le=MOST_IDEAS), NO_TEXT] = Field(default=5, description="How many.")
    seed_tags: list[SeedTag] | None = Field(
        default=None, max_length=MOST_SEED_TAGS, description="Every idea combines all of them; empty for tags by use."
    )
    creativity: Annotated[float, Field(ge=LEAST_CREATIVITY, le=MOST_CREATIVITY)] = Field(
        default=0.85, description="The temperature of the writing."
    )


@acting.post(
    "/generate-ideas",
    response={202: Sent},
    openapi_extra={"responses": problem_responses({409: "No language model is configured"})},
    summary="Make new project ideas",
)
def generate_ideas(request: HttpRequest, arguments: GenerateIdeas | None = NOTHING) -> Any:
    """Make ideas with the language model and save them as pending projects; 409 where there is none."""
    given = arguments or GenerateIdeas()
    try:
        require_language_model()
    except NoLanguageModel as error:
        raise Problem(409, str(error)) from None
    try:
        wish = check_wish(given.num_ideas, given.seed_tags, given.creativity)
    except ValueError as error:
        raise invalid("body.seed_tags", str(error).rstrip("."), "tags that projects have") from None
    return sent(request, generation.TASK, generation.as_arguments(wish), f"Making {wish.num_ideas} ideas.")
