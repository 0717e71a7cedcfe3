"""Every request leaves one event, is counted once, and has one span, whatever becomes of it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from starlette.staticfiles import StaticFiles

from trackspeak.service.access.principal import Principal
from trackspeak.service.http.errors import add_error_handlers
from trackspeak.service.http.observe import Observing
from trackspeak.service.telemetry.context import current
from trackspeak.service.telemetry.metrics import Metrics
from trackspeak.service.telemetry.tracing import NoTracing, Tracing

PAGE = Path(__file__).resolve().parents[2] / "docs/operations.md"
FIELDS = ("method", "route", "status", "duration_ms", "bytes", "complete", "client")


def make_app(tracing: Tracing) -> FastAPI:
    app = FastAPI()
    add_error_handlers(app)

    @app.get("/words/{word}")
    async def get_word(word: str) -> str:
        return word

    @app.get("/healthz")
    async def get_health() -> str:
        return "ok"

    @app.get("/stream")
    async def get_stream(broken: bool = False) -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"one,"
            if broken:
                raise ValueError("a secret in the middle")
            yield b"two"

        return StreamingResponse(pieces())

    @app.get("/broken")
    async def get_broken() -> None:
        raise ValueError("a secret")

    @app.get("/trace")
    async def get_trace() -> str | None:
        return current().trace_id

    @app.get("/mine")
    async def get_mine(request: Request) -> None:
        request.state.principal = Principal("k1", "north", frozenset())

    app.state.metrics = Metrics(dict)
    app.add_middleware(Observing, metrics=app.state.metrics, tracing=tracing)
    app.mount("/files", StaticFiles(directory=Path(__file__).parent))
    return app


@pytest.fixture
def client(caplog: pytest.LogCaptureFixture) -> Iterator[TestClient]:
    caplog.set_level(logging.DEBUG, "trackspeak")
    with TestClient(make_app(NoTracing()), raise_server_exceptions=False) as client:
        yield client


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Give the fields of the events about requests."""
    records = [one for one in caplog.records if one.name == "trackspeak.access"]
    return [{name: getattr(one, name) for name in FIELDS} for one in records]


def counted(client: TestClient, route: str, status: int) -> float | None:
    labels = {"route": route, "method": "GET", "status": str(status)}
    registry = client.app.state.metrics.registry  # type: ignore[attr-defined]
    assert registry.get_sample_value("trackspeak_http_requests_in_progress") == 0
    value: float | None = registry.get_sample_value("trackspeak_http_requests_total", labels)
    return value


def test_an_event_has_the_template_and_nothing_that_the_caller_wrote(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/words/hunter2?key=hunter3", headers={"Authorization": "Bearer hunter4"})
    (event,) = told(caplog)
    assert event.pop("duration_ms") >= 0
    assert event == {
        "method": "GET",
        "route": "/words/{word}",
        "status": 200,
        "bytes": len(answer.content),
        "complete": True,
        "client": "testclient",
    }
    assert "hunter" not in caplog.text
    assert counted(client, "/words/{word}", 200) == 1


def test_a_stream_is_counted_to_its_end(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    assert client.get("/stream").text == "one,two"
    (event,) = told(caplog)
    assert (event["status"], event["bytes"], event["complete"]) == (200, 7, True)


def test_a_stream_that_breaks_is_told_as_cut_off(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    client.get("/stream?broken=true")
    (event,) = told(caplog)
    assert (event["status"], event["bytes"], event["complete"]) == (200, 4, False)
    assert counted(client, "/stream", 200) == 1


def test_an_unforeseen_error_is_an_answer_like_any_other(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = client.get("/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
    (event,) = told(caplog)
    assert (event["status"], event["bytes"]) == (500, len(answer.content))
    assert counted(client, "/broken", 500) == 1
    (error,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert error.exc_info is not None
    assert str(error.exc_info[1]) == "a secret"


def test_probes_that_go_well_are_for_debugging(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    client.get("/healthz")
    client.post("/healthz")
    levels = [(one.levelname, one.getMessage()[:16]) for one in caplog.records if one.name == "trackspeak.access"]
    assert levels == [("DEBUG", "GET /healthz 200"), ("INFO", "POST /healthz 40")]


def test_requests_are_spans_that_continue_their_callers_traces() -> None:
    pytest.importorskip("opentelemetry.sdk", reason="needs the extra otel")
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from trackspeak.service.telemetry.otel import OtelTracing

    exporter = InMemorySpanExporter()
    tracing = OtelTracing(exporter, "api")
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    with TestClient(make_app(tracing), raise_server_exceptions=False) as client:
        headers = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
        assert client.get("/trace?key=hunter2", headers=headers).json() == trace_id
        client.get("/broken")
        client.get("/healthz")  # which has none
    tracing.close()
    good, bad = exporter.get_finished_spans()
    assert (good.name, f"{good.context.trace_id:032x}") == ("GET /trace", trace_id)
    assert good.attributes == {
        "http.request.method": "GET", "http.route": "/trace", "http.response.status_code": 200
    }  # fmt: skip
    assert (bad.name, bad.status.status_code.name, bad.status.description) == ("GET /broken", "ERROR", "status 500")
    assert bad.context.trace_id != good.context.trace_id


def test_who_called_is_told_by_the_public_id_of_his_key(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    client.get("/mine")
    client.get("/words/a")
    records = [one for one in caplog.records if one.name == "trackspeak.access"]
    assert [getattr(one, "key_id", None) for one in records] == ["k1", None]


def test_the_operators_page_shows_such_an_event() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Logs\n")[2].partition("\n## ")[0]
    (example,) = re.findall(r"^```json\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    event = json.loads(example)
    assert [*event] == ["time", "level", "logger", "message", "request_id", *FIELDS, "key_id"]
    documented = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)))
    assert set(documented) == {*event, "job_id", "trace_id", "exception"}


def test_files_of_a_folder_have_one_route(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    client.get(f"/files/{Path(__file__).name}")
    client.get("/files/nothing")
    assert [(one["route"], one["status"]) for one in told(caplog)] == [("/files", 200), ("/files", 404)]
