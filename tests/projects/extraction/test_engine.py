"""The workflow runs the same on both engines: the plain one, and llama-index's own where somebody listens."""

import asyncio

import pytest
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.span import SimpleSpan
from llama_index_instrumentation.span_handlers import SimpleSpanHandler
from workflows.errors import WorkflowTimeoutError
from workflows.plugins.basic import basic_runtime

from projects.extraction.engine import engine
from projects.extraction.events import CommentRead, CommentReceived
from projects.extraction.rules import RulesAnalyst
from projects.extraction.schemas import CommentInput
from projects.extraction.workflow import ExtractionWorkflow
from projects.language.embeddings import WordLlamaEmbedder
from projects.pages.page_text import PageText

COMMENT = CommentInput(
    comment_id=1,
    author="ada",
    text="I am building Fernlight (https://fernlight.example), a web app for gardeners in Rust.",
    links=("https://fernlight.example",),
)


async def no_pages(urls: list[str]) -> list[PageText]:
    return []


async def too_many_pages(urls: list[str]) -> list[PageText]:
    raise TimeoutError("of a step's own")


async def slow_pages(urls: list[str]) -> list[PageText]:
    await asyncio.sleep(60)
    return []


@pytest.fixture
def listener():
    """Somebody who listens to the spans of llama-index."""
    handlers, listener = get_dispatcher().span_handlers, SimpleSpanHandler()
    handlers.append(listener)
    yield listener
    handlers.remove(listener)


def read(fetch=no_pages, timeout=30.0) -> tuple[ExtractionWorkflow, CommentRead]:
    embedder = WordLlamaEmbedder()
    workflow = ExtractionWorkflow(RulesAnalyst(embedder.embed_now), embedder, fetch, timeout=timeout)

    async def run() -> CommentRead:
        return await workflow.run(start_event=CommentReceived(comment=COMMENT, known=[]))

    return workflow, asyncio.run(run())


def test_what_comes_out_is_the_same_whether_somebody_listens_or_not(listener):
    heard_workflow, heard = read()
    steps = [each["step"] for each in heard_workflow.steps]
    spans: list[SimpleSpan] = listener.completed_spans
    assert engine() is basic_runtime
    assert [name for name in steps if any(name in span.id_ for span in spans)] == steps
    get_dispatcher().span_handlers.remove(listener)
    try:
        assert engine() is not basic_runtime
        count = len(spans)
        workflow, unheard = read()
    finally:
        get_dispatcher().span_handlers.append(listener)
    assert len(spans) == count
    assert (unheard.segments, unheard.projects, unheard.lost) == (heard.segments, heard.projects, heard.lost)
    assert [project.description.title for project in unheard.projects] == ["Fernlight"]
    outcomes = [(each["step"], each["outcome"]) for each in heard_workflow.steps]
    assert [(each["step"], each["outcome"]) for each in workflow.steps] == outcomes


def test_a_run_that_takes_too_long_ends_and_says_so():
    with pytest.raises(WorkflowTimeoutError, match=r"timed out after 0\.05 seconds"):
        read(slow_pages, timeout=0.05)


def test_a_time_out_of_a_steps_own_is_an_error_of_that_step():
    with pytest.raises(TimeoutError, match="of a step's own"):
        read(too_many_pages)
