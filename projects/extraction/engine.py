"""What the workflow runs on where nobody listens: its steps one after another, in the loop that is there.

The engine that llama-index brings (``basic_runtime``) is made for runs that are resumed, that fan out and wait, and for
listeners: each step is a task of its own, told as a span with a summary of what goes in and out. That costs 4 ms of
processor time a comment, as much as reading it by rules. ``engine`` gives that one where somebody traces.
"""

import asyncio
from collections.abc import AsyncGenerator
from functools import cache
from typing import Any

from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.event_handlers import NullEventHandler
from llama_index_instrumentation.span_handlers import NullSpanHandler
from workflows import Workflow
from workflows.errors import WorkflowRuntimeError, WorkflowTimeoutError
from workflows.events import Event, StartEvent, StopEvent
from workflows.plugins.basic import basic_runtime
from workflows.runtime.types.plugin import ExternalRunAdapter, InternalRunAdapter, RegisteredWorkflow, Runtime
from workflows.runtime.types.ticks import WorkflowTick
from workflows.utils import get_steps_from_class


def engine() -> Runtime:
    """Return what a workflow is to run on: llama-index's own where somebody listens to its spans or events."""
    root = get_dispatcher()
    nobody = (NullSpanHandler, NullEventHandler)
    is_heard = not all(isinstance(each, nobody) for each in (*root.span_handlers, *root.event_handlers))
    return basic_runtime if is_heard else _plain


@cache
def steps_by_event(workflow: type[Workflow]) -> dict[type[Event], str]:
    """Return the names of a workflow's steps by the event that each takes."""
    steps = get_steps_from_class(workflow)
    return {event: name for name, step in steps.items() for event in step._step_config.accepted_events}


class _Run(ExternalRunAdapter):
    """One run of a workflow, done when its result is asked for; the handler does that at once."""

    def __init__(self, run_id: str, workflow: Workflow, start: StartEvent) -> None:
        self._run_id, self._workflow, self._start = run_id, workflow, start

    @property
    def run_id(self) -> str:
        return self._run_id

    async def get_result(self) -> StopEvent:
        """Run the steps and return the last one's event. Raises what they raise, and WorkflowTimeoutError."""
        steps, event = steps_by_event(type(self._workflow)), self._start
        try:
            async with asyncio.timeout(self._workflow._timeout) as limit:
                while not isinstance(event, StopEvent):
                    event = await getattr(self._workflow, steps[type(event)])(event)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise WorkflowTimeoutError(f"Operation timed out after {self._workflow._timeout} seconds") from error
        return event

    async def send_event(self, tick: WorkflowTick) -> None:
        raise WorkflowRuntimeError("A run on the plain engine takes no events from outside.")

    async def stream_published_events(self) -> AsyncGenerator[Event, None]:
        raise WorkflowRuntimeError("A run on the plain engine publishes no events.")
        yield


class _PlainRuntime(Runtime):
    """Runs workflows whose steps each take one event and give one, in the loop that is there, without a trace."""

    is_launched = True

    def track_workflow(self, workflow: Workflow) -> None:
        """Nothing has to be launched."""

    def register(self, workflow: Workflow) -> RegisteredWorkflow:
        raise WorkflowRuntimeError("The plain engine registers nothing.")

    def run_workflow(
        self,
        run_id: str,
        workflow: Workflow,
        init_state: Any,
        start_event: StartEvent | None = None,
        serialized_state: dict[str, Any] | None = None,
        serializer: Any = None,
    ) -> ExternalRunAdapter:
        """Return the run. Raises WorkflowRuntimeError where it should be resumed."""
        if start_event is None:
            raise WorkflowRuntimeError("The plain engine resumes no runs.")
        return _Run(run_id, workflow, start_event)

    def get_internal_adapter(self, workflow: Workflow) -> InternalRunAdapter:
        raise WorkflowRuntimeError("The plain engine's steps get no context.")

    def get_external_adapter(self, run_id: str) -> ExternalRunAdapter:
        raise WorkflowRuntimeError("The plain engine keeps no runs.")


_plain = _PlainRuntime()
