"""Traces: spans of requests and tasks with their stages; none, and nothing imported, where no endpoint is set."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trackspeak.models.errors import OptionError
from trackspeak.service.settings import Settings
from trackspeak.service.telemetry.context import bound, current
from trackspeak.service.telemetry.measured import Measured, Stage
from trackspeak.service.telemetry.tracing import NoTracing, open_tracing, traces_url

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from trackspeak.service.telemetry.otel import OtelTracing

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


def traced() -> tuple[OtelTracing, InMemorySpanExporter]:
    pytest.importorskip("opentelemetry.sdk", reason="needs the extra otel")
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from trackspeak.service.telemetry.otel import OtelTracing

    exporter = InMemorySpanExporter()
    return OtelTracing(exporter, "worker"), exporter


def test_a_request_continues_the_callers_trace_and_is_in_the_logs() -> None:
    tracing, exporter = traced()
    with bound(request_id="r1"), tracing.request("GET", f"00-{TRACE}-{PARENT}-01") as span:
        span.rename("GET /healthz")
        span.add({"http.response.status_code": 200})
        assert current().trace_id == TRACE
    assert current().traceparent is None
    tracing.close()
    (found,) = exporter.get_finished_spans()
    assert found.name == "GET /healthz"
    assert found.kind.name == "SERVER"
    assert found.parent is not None
    assert (f"{found.context.trace_id:032x}", f"{found.parent.span_id:016x}") == (TRACE, PARENT)
    assert found.attributes == {"trackspeak.request_id": "r1", "http.response.status_code": 200}
    assert {"service.name": "trackspeak", "trackspeak.role": "worker"}.items() <= found.resource.attributes.items()


@pytest.mark.parametrize("header", [None, "", "nonsense", f"00-{'0' * 32}-{PARENT}-01", "ä" * 55])
def test_what_is_no_traceparent_begins_a_trace(header: str | None) -> None:
    tracing, exporter = traced()
    with tracing.request("GET", header):
        pass
    tracing.close()
    (found,) = exporter.get_finished_spans()
    assert found.parent is None
    assert found.context.is_valid


def test_a_task_is_below_the_request_and_stages_below_the_task() -> None:
    tracing, exporter = traced()
    stages = Stage("detect", "motion", 1.5, 40, 1_000, 5_000), Stage("select", "", 0.5, 0, 5_000, 6_000)
    with tracing.request("POST", None), bound(job_id="j1"), tracing.task("track") as span:
        span.stages(Measured(stages))
    tracing.close()
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {"POST", "track", "detect", "select"}
    parents = {name: one.parent and one.parent.span_id for name, one in spans.items()}
    task = spans["track"].context.span_id
    assert parents == {"POST": None, "track": spans["POST"].context.span_id, "detect": task, "select": task}
    assert spans["track"].attributes == {"trackspeak.job_id": "j1"}
    assert (spans["detect"].start_time, spans["detect"].end_time) == (1_000, 5_000)
    assert spans["detect"].attributes == {
        "trackspeak.busy_s": 1.5, "trackspeak.plugin": "motion", "trackspeak.frames": 40
    }  # fmt: skip
    assert spans["select"].attributes == {"trackspeak.busy_s": 0.5}


def test_an_error_is_told_by_its_class_alone() -> None:
    tracing, exporter = traced()
    with pytest.raises(ValueError, match="secret"), tracing.task("track"):
        raise ValueError("a secret")
    with tracing.task("ask") as span:
        span.fail("OptionError")
    tracing.close()
    failed = [
        (one.status.status_code.name, one.status.description, one.events) for one in exporter.get_finished_spans()
    ]
    assert failed == [("ERROR", "ValueError", ()), ("ERROR", "OptionError", ())]


def test_without_an_endpoint_nothing_is_imported(tmp_path: Path) -> None:
    code = f"""
import sys
from trackspeak.service.http.app import create_app
from trackspeak.service.settings import Settings
create_app(Settings(data={str(tmp_path)!r}))
heavy = ("opentelemetry.sdk", "opentelemetry.exporter")  # FastAPI itself brings the API
print([name for name in sys.modules if name.startswith(heavy)])
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
    assert isinstance(open_tracing(Settings(data=tmp_path), "api"), NoTracing)


def test_no_tracing_takes_the_same_calls() -> None:
    tracing = NoTracing()
    with tracing.request("GET", None) as span, tracing.task("track") as other:
        span.rename("a")
        span.add({"b": 1})
        span.fail("c")
        other.stages(Measured())
        assert current().traceparent is None
    tracing.close()


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trackspeak.service.telemetry.otel", None)
    with pytest.raises(OptionError, match=r"TRACKSPEAK_OTLP_ENDPOINT needs .*pip install 'trackspeak\[otel\]'"):
        open_tracing(Settings(data=tmp_path, otlp_endpoint="http://localhost:4318"), "api")


def test_spans_reach_a_collector(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="needs the extra otel")
    got: list[tuple[str, str | None, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, self.headers["Content-Type"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings = Settings(data=tmp_path, otlp_endpoint=f"http://127.0.0.1:{server.server_port}/")
        tracing = open_tracing(settings, "api")
        with tracing.request("GET /healthz", None):
            pass
        tracing.close()
        server.shutdown()
    ((path, kind, body),) = got
    assert (path, kind) == ("/v1/traces", "application/x-protobuf")
    assert b"GET /healthz" in body or gzip.decompress(body).count(b"GET /healthz") == 1


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://localhost:4318", "http://localhost:4318/v1/traces"),
        ("https://collector.example/otlp/", "https://collector.example/otlp/v1/traces"),
    ],
)
def test_spans_go_below_the_endpoint(endpoint: str, url: str) -> None:
    assert traces_url(endpoint) == url


@pytest.mark.parametrize(
    "endpoint",
    ["localhost:4318", "grpc://x:4317", "http://", "http://x:port", "http://me:hunter2@x", "http://x/?key=hunter2"],
)
def test_what_is_no_endpoint_is_refused_without_telling_it(endpoint: str) -> None:
    with pytest.raises(OptionError, match="TRACKSPEAK_OTLP_ENDPOINT must be http") as caught:
        traces_url(endpoint)
    assert "hunter2" not in str(caught.value)
