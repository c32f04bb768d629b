"""Traces for OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT says where to; else nothing of it.

All stages of one message are children of one trace, whose id is made from the message's: what
another process, or the same one after a crash, does for it belongs there too.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bot.errors import ConfigError
from bot.following import Tracer, trace_with


@contextmanager
def tracing(endpoint: str | None) -> Iterator[None]:
    """While the program runs. Raises ConfigError `telemetry.extra_missing`."""
    if not endpoint:
        yield
        return
    provider = _provider(endpoint)
    trace_with(OtelTracer(provider.get_tracer("secretary")))
    try:
        yield
    finally:
        provider.shutdown()  # what is left is sent


def _provider(endpoint: str) -> Any:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise ConfigError("telemetry.extra_missing") from error
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: "secretary"}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


class OtelTracer(Tracer):
    def __init__(self, tracer: Any) -> None:
        self._tracer = tracer

    @contextmanager
    def span(self, request_id: str, name: str) -> Iterator[None]:
        from opentelemetry.trace import Status, StatusCode

        span = self._tracer.start_span(
            name, context=_trace_of(request_id), attributes={"request.id": request_id}
        )
        try:
            yield
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            span.end()


def _trace_of(request_id: str) -> Any:
    from opentelemetry import trace

    digest = hashlib.sha256(request_id.encode()).digest()
    parent = trace.SpanContext(
        trace_id=int.from_bytes(digest[:16]),
        span_id=int.from_bytes(digest[16:24]),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(parent))
