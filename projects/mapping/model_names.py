"""Names of areas by the language model: one small question for each area, whose answer is kept and checked.

The terms and titles are strangers' texts: they are fenced as in a reading, and what comes back is a name or nothing.
"""

import asyncio
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from pydantic import BaseModel, Field

from core import event_loop
from core.http import OutsideError
from core.progress import Progress
from projects.extraction.prompts import DATA_RULE, fenced, new_mark
from projects.language.model import LanguageModel, get_language_model

logger = logging.getLogger(__name__)

VERSION = 1  # of the prompt
# A drawing asks for no more names, the largest areas first, and no longer.
MOST_ASKED = 120
SECONDS = 600.0
MOST_TITLES = 12
MOST_TOKENS = 60
LONGEST = 40
# Letters of any language with what stands in a name between them; no address, no markup.
ACCEPTABLE = re.compile(r"[\w][\w &+#/,.'’-]*[\w+#]")

SYSTEM = f"""You name areas on a map of projects. You are given the most telling words of one area and some of its
projects. Answer with a JSON object: "name", what most of these projects have in common, in 1 to 4 English words, as a
heading on a map. No name of a single project, no sentence, no address.

{DATA_RULE}"""


class AreaName(BaseModel):
    """The model's answer."""

    name: str = Field(min_length=2, max_length=LONGEST)


@dataclass(frozen=True)
class Question:
    """An area as the model is shown it."""

    area: int
    terms: Sequence[str]
    titles: Sequence[str]


def is_configured() -> bool:
    """Return whether there is a model to ask."""
    return bool(settings.LLM_BASE_URL and settings.LLM_MODEL)


def model_names(questions: Sequence[Question], progress: Progress) -> dict[int, str]:
    """Return the names that the model gives, by area; those that it has no usable name for are left out.

    ``questions`` stand in their order of importance. A model that cannot be reached costs names, not the map.
    """
    model, asked = get_language_model(), questions[:MOST_ASKED]
    found: dict[int, str] = {}
    done = 0

    async def ask_one(question: Question) -> None:
        nonlocal done
        name = await _name(model, question)
        done += 1
        if name:
            found[question.area] = name
        progress("names", done, len(asked))

    async def ask_all() -> None:
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*map(ask_one, asked))

    try:
        event_loop.run(ask_all())
    except TimeoutError:
        logger.warning(
            "%s of %s areas keep the names of their words: it took too long", len(asked) - len(found), len(asked)
        )
    return found


async def _name(model: LanguageModel, question: Question) -> str:
    mark = new_mark()
    shown = "\n".join([", ".join(question.terms), *question.titles[:MOST_TITLES]])
    try:
        answer = await model.ask(
            SYSTEM,
            f"{fenced(shown, mark)}\n\nWhat is this area called?",
            AreaName,
            max_tokens=MOST_TOKENS,
            check=lambda said: _check(said.name),
            version=VERSION,
            mark=mark,
        )
    except OutsideError as error:
        # The circuit sees to it that a server which is away is not asked a hundred times.
        logger.warning("an area keeps the name of its words: %s", error)
        return ""
    return answer.name.strip()


def _check(name: str) -> None:
    """Raise ValueError for what is no heading."""
    name = name.strip()
    if not ACCEPTABLE.fullmatch(name) or len(name.split()) > 6 or re.search(r"www\.|\.\w{2,}/", name):
        raise ValueError('"name" has to be 1 to 4 plain words')
