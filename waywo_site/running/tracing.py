"""OpenTelemetry traces of a worker process: the workflow and its model calls, as Phoenix reads them.

Imported only where ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set.
"""

import logging

from openinference.instrumentation.llama_index import LlamaIndexInstrumentor
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

SERVICE_NAME = "waywo-worker"
EXPORT_SECONDS = 10
FLUSH_MILLISECONDS = 5_000
# Spans go out this often, so that one of a child that is killed is lost only when it is young.
SCHEDULE_MILLISECONDS = 2_000

logger = logging.getLogger(__name__)
_provider: TracerProvider | None = None


def start(endpoint: str) -> None:
    """Trace llama-index in this process and send the spans to ``endpoint`` (``/v1/traces`` is added where missing)."""
    global _provider
    url = endpoint if endpoint.endswith("/v1/traces") else f"{endpoint}/v1/traces"
    exporter = OTLPSpanExporter(endpoint=url, timeout=EXPORT_SECONDS)
    _provider = TracerProvider(resource=Resource.create({"service.name": SERVICE_NAME}))
    _provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=SCHEDULE_MILLISECONDS))
    trace.set_tracer_provider(_provider)
    LlamaIndexInstrumentor().instrument(tracer_provider=_provider)


def stop() -> None:
    """Send what is held; five seconds at most, since a receiver that is gone must not hold up a worker."""
    if _provider is None:
        return
    if not _provider.force_flush(FLUSH_MILLISECONDS):
        logger.warning("Not all traces could be sent within %s s.", FLUSH_MILLISECONDS / 1000)
    _provider.shutdown()
