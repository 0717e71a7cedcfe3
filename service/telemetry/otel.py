"""Spans by OpenTelemetry's SDK; imported only where an endpoint is set, since it is an extra."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .context import bound, current
from .measured import Measured
from .tracing import Attributes

_HEADER: Final = "traceparent"
_SEND_EVERY_MS: Final = 1000


def otlp_exporter(url: str) -> SpanExporter:
    """Give what sends spans to a collector by OTLP over HTTP."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=url)


class OtelTracing:
    """Makes spans, which a thread sends; nothing of it is global, so that several applications can be in a process.

    Args:
        exporter: where they go.
        role: of this process: "api" or "worker".
    """

    def __init__(self, exporter: SpanExporter, role: str) -> None:
        """Begin."""
        resource = Resource.create(
            {"service.name": "trackspeak", "service.version": version("trackspeak"), "trackspeak.role": role}
        )
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_SEND_EVERY_MS))
        self._tracer = self._provider.get_tracer("trackspeak", version("trackspeak"))

    @contextmanager
    def request(self, name: str, traceparent: str | None) -> Iterator[OtelSpan]:
        """Cover the answer to a request."""
        with self._span(name, _context(traceparent), SpanKind.SERVER) as span:
            yield span

    @contextmanager
    def task(self, name: str) -> Iterator[OtelSpan]:
        """Cover a piece of work below the span that is open."""
        with self._span(name, _context(current().traceparent), SpanKind.INTERNAL) as span:
            yield span

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()

    @contextmanager
    def _span(self, name: str, parent: Context, kind: SpanKind) -> Iterator[OtelSpan]:
        span = self._tracer.start_span(name, parent, kind)
        try:
            with bound(traceparent=_traceparent(span)) as ids:
                if ids.request_id is not None:
                    span.set_attribute("trackspeak.request_id", ids.request_id)
                if ids.job_id is not None:
                    span.set_attribute("trackspeak.job_id", ids.job_id)
                yield OtelSpan(span, self._tracer)
        except Exception as error:
            # Without the message and the traceback, which may name files and sentences: they are in the log
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            span.end()


class OtelSpan:
    """A span that has begun.

    Args:
        span: of the SDK.
        tracer: makes its children.
    """

    def __init__(self, span: Span, tracer: trace.Tracer) -> None:
        """Take it."""
        self._span, self._tracer = span, tracer

    def rename(self, name: str) -> None:
        """Give it another name."""
        self._span.update_name(name)

    def add(self, attributes: Attributes) -> None:
        """Add attributes."""
        self._span.set_attributes(attributes)

    def fail(self, reason: str) -> None:
        """Say that what it covers went wrong."""
        self._span.set_status(Status(StatusCode.ERROR, reason))

    def stages(self, work: Measured) -> None:
        """Add a child for each stage, from its first beginning to its last end."""
        parent = trace.set_span_in_context(self._span, Context())
        for stage in work.stages:
            child = self._tracer.start_span(stage.name, parent, start_time=stage.first_ns)
            child.set_attribute("trackspeak.busy_s", stage.seconds)
            if stage.plugin:
                child.set_attribute("trackspeak.plugin", stage.plugin)
            if stage.frames:
                child.set_attribute("trackspeak.frames", stage.frames)
            child.end(stage.last_ns)


def _context(traceparent: str | None) -> Context:
    """Give the parent that a header names; what is no such header names none."""
    carrier = {} if traceparent is None else {_HEADER: traceparent}
    return TraceContextTextMapPropagator().extract(carrier, Context())


def _traceparent(span: Span) -> str:
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier, trace.set_span_in_context(span, Context()))
    return carrier[_HEADER]
