"""The workflow that answers one question. It knows no database: its collaborators are handed in."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import date
from typing import Any, Protocol, TypeVar

from workflows import Workflow, step

from core.http import InvalidAnswer
from projects.asking import prompts
from projects.asking.events import QuestionAnswered, QuestionAsked, QuestionPlanned, ToolsRan
from projects.asking.grounding import Sentence, judged
from projects.asking.plans import MOST_TEXT, Call, Plan, PlanAnswer, checked, mend_plan
from projects.asking.retrieval import is_hopeless
from projects.asking.sentences import Sentences
from projects.asking.stopping import Stopped
from projects.asking.tools import Found, ToolFailed
from projects.extraction.prompts import new_mark
from projects.language.model import LanguageModel

T = TypeVar("T")

PLAN_TOKENS, ANSWER_TOKENS = 400, 500
MOST_SENTENCES = 8
MOST_RESULTS = 16
# A model that says again what it said ends there.
MOST_REPEATED = 2

RunTool = Callable[[Call], Awaitable[list[Found]]]


class Listener(Protocol):
    """Is told what happens, as it happens."""

    async def step(self, name: str, told: str) -> None:
        """A step began."""

    async def results(self, results: list[dict[str, Any]], plan: Plan) -> None:
        """The tools ran."""

    async def sentence(self, sentence: Sentence) -> None:
        """One more sentence of the answer is there."""


class AskWorkflow(Workflow):
    """Plan, run the tools, answer sentence by sentence. One instance serves one run."""

    def __init__(
        self, model: LanguageModel, run_tool: RunTool, listener: Listener, stopped: asyncio.Event, *, timeout: float
    ):
        super().__init__(timeout=timeout)
        self.model, self.run_tool, self.listener, self.stopped = model, run_tool, listener, stopped
        self.asked: QuestionAsked
        self.plan = Plan()
        self.said: list[Sentence] = []

    @step
    async def make_plan(self, ev: QuestionAsked) -> QuestionPlanned:
        """Ask the model which tools to use; without a plan of use the question itself is searched for."""
        self.asked = ev
        await self.listener.step("plan", "Choosing how to look it up")
        # Without a version: no plan is kept, for a question may be forgotten.
        asking = self.model.ask(
            prompts.PLAN_SYSTEM,
            prompts.plan_prompt(ev.text, ev.turns, ev.months, ev.tags, date.today(), new_mark()),
            PlanAnswer,
            max_tokens=PLAN_TOKENS,
            mend=mend_plan,
        )
        try:
            self.plan = checked(await self._until_stopped(asking), ev.text)
        except InvalidAnswer as error:
            self.plan = Plan([Call("search", ev.text[:MOST_TEXT])], [f"The model made no plan: {error}"[:300]])
        return QuestionPlanned(plan=self.plan)

    @step
    async def run_tools(self, ev: QuestionPlanned) -> ToolsRan:
        """Ask the tools one after another; one that fails is told, and the others go on."""
        found: list[Found] = []
        for call in ev.plan.calls:
            await self.listener.step("tool", call.told)
            try:
                found += await self._until_stopped(self.run_tool(call))
            except ToolFailed as error:
                ev.plan.dropped.append(f"{call.tool}: {error}")
        found = _once_each(found)[:MOST_RESULTS]
        results = _numbered(found)
        await self.listener.results(results, ev.plan)
        hopeless = is_hopeless(self.asked.text, ev.plan.search_text, results, stands_alone=not self.asked.turns)
        return ToolsRan(found=found, is_hopeless=hopeless)

    @step
    async def answer(self, ev: ToolsRan) -> QuestionAnswered:
        """Have the model answer from the results, and judge each sentence as it comes."""
        if ev.is_hopeless:
            return QuestionAnswered(outcome="nothing")
        await self.listener.step("answer", "Writing the answer")
        results = _numbered(ev.found)
        sentences = Sentences()
        repeated = 0

        async def take(words: str) -> bool:
            nonlocal repeated
            for said in sentences.add(words):
                repeated += not await self._tell(said, results)
                if self._is_enough(said) or repeated > MOST_REPEATED:
                    return False
            return True

        telling = self.model.tell(
            prompts.ANSWER_SYSTEM,
            prompts.answer_prompt(self.asked.text, self.asked.turns, results, new_mark()),
            take,
            max_tokens=ANSWER_TOKENS,
        )
        await self._until_stopped(telling)
        for said in sentences.end():
            if not self._is_enough(said):
                await self._tell(said, results)
        return QuestionAnswered(outcome="answered" if any(each.grounded for each in self.said) else "nothing")

    def _is_enough(self, said: str) -> bool:
        return len(self.said) >= MOST_SENTENCES or prompts.NOTHING in said

    async def _tell(self, said: str, results: list[dict[str, Any]]) -> bool:
        """Tell one sentence, unless it says that there is nothing; return whether it is new."""
        if prompts.NOTHING in said:
            return True
        sentence = judged(said, results, self.asked.text)
        if not sentence.text or sentence.text in [each.text for each in self.said]:
            return False
        self.said.append(sentence)
        await self.listener.sentence(sentence)
        return True

    async def _until_stopped(self, work: Coroutine[Any, Any, T] | Awaitable[T]) -> T:
        """Return what ``work`` does. Raises Stopped, and ends it, as soon as somebody wants no more."""
        doing: asyncio.Future[T] = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self.stopped.wait())
        try:
            await asyncio.wait((doing, stopping), return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return doing.result()
            raise Stopped
        finally:
            stopping.cancel()
            if not doing.done():
                doing.cancel()
                await asyncio.wait((doing,), timeout=2)


def _once_each(found: list[Found]) -> list[Found]:
    """Return what was found, a project only once of each kind."""
    seen: set[tuple[str, int]] = set()
    kept = []
    for each in found:
        key = (each.kind, each.project or 0)
        if each.project is None or key not in seen:
            kept.append(each)
        seen.add(key)
    return kept


def _numbered(found: list[Found]) -> list[dict[str, Any]]:
    return [each.as_dict(number) for number, each in enumerate(found, 1)]
