"""Logs: one JSON object for each event, or lines for a terminal; whatever is logged, by whomever."""

import io
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from trackspeak.service.telemetry.context import bound
from trackspeak.service.telemetry.logs import LogFormat, LogLevel, logging_to_stderr

Logged = Callable[[], list[str]]
log = logging.getLogger("trackspeak.service.anything")


class Terminal(io.StringIO):
    """Where a person looks."""

    def isatty(self) -> bool:
        return True


@contextmanager
def logging_as(
    monkeypatch: pytest.MonkeyPatch, format_: LogFormat, level: LogLevel = "info", stream: io.StringIO | None = None
) -> Iterator[Logged]:
    stderr = stream or io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    with logging_to_stderr(format_, level):
        yield lambda: stderr.getvalue().splitlines()


def events(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_an_event_is_one_object_with_whose_work_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    with logging_as(monkeypatch, "json") as logged, bound(request_id="r1", job_id="j1"):
        log.info("%d frames\nof %r", 3, "ä")
        with bound(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
            log.info("b")
    first, second = events(logged())
    when = datetime.fromisoformat(first.pop("time"))
    assert abs((datetime.now(UTC) - when).total_seconds()) < 60
    assert when.utcoffset() == UTC.utcoffset(None)
    assert first == {
        "level": "INFO",
        "logger": "trackspeak.service.anything",
        "message": "3 frames\nof 'ä'",
        "request_id": "r1",
        "job_id": "j1",
    }
    assert second["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


def test_an_exception_is_a_field(monkeypatch: pytest.MonkeyPatch) -> None:
    with logging_as(monkeypatch, "json") as logged:
        try:
            raise ValueError("why")
        except ValueError:
            log.exception("it failed")
    (event,) = events(logged())
    assert (event["level"], event["message"]) == ("ERROR", "it failed")
    assert event["exception"].startswith("Traceback")
    assert event["exception"].endswith("ValueError: why")


def test_further_fields_are_fields_and_the_servers_second_wording_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with logging_as(monkeypatch, "json") as logged:
        logging.getLogger("uvicorn.error").info("up", extra={"color_message": "\x1b[1mup", "route": "/healthz"})
    (event,) = events(logged())
    assert {"message": "up", "route": "/healthz"}.items() <= event.items()
    assert "color_message" not in event


def test_text_is_a_line_that_nobody_outside_can_break(monkeypatch: pytest.MonkeyPatch) -> None:
    with logging_as(monkeypatch, "text") as logged, bound(request_id="r1"):
        log.warning("a name: %s", "x\n12:00:00 info all is well\x1b[2J")
    (line,) = logged()
    assert line.partition(" ")[2] == r"warning a name: x\n12:00:00 info all is well\x1b[2J request_id=r1"


def test_text_has_tracebacks_below(monkeypatch: pytest.MonkeyPatch) -> None:
    with logging_as(monkeypatch, "text") as logged:
        try:
            raise ValueError("why")
        except ValueError:
            log.exception("it failed")
    lines = logged()
    assert lines[0].endswith("error   it failed")
    assert lines[-1] == "ValueError: why"


@pytest.mark.parametrize(("stream", "first"), [(Terminal(), ""), (io.StringIO(), "{")])
def test_auto_is_text_in_a_terminal_alone(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, first: str) -> None:
    with logging_as(monkeypatch, "auto", stream=stream) as logged:
        log.info("a")
    assert logged()[0].startswith(first or tuple("0123456789"))


@pytest.mark.parametrize(
    ("level", "ours", "others"),
    [
        ("debug", ["debug", "info", "warning", "error"], ["warning", "error"]),
        ("info", ["info", "warning", "error"], ["warning", "error"]),
        ("error", ["error"], ["error"]),
    ],
)
def test_the_level_is_for_us_and_libraries_are_heard_from_warnings_on(
    monkeypatch: pytest.MonkeyPatch, level: LogLevel, ours: list[str], others: list[str]
) -> None:
    with logging_as(monkeypatch, "json", level) as logged:
        for name in ("trackspeak.service.x", "sqlalchemy.engine"):
            for one in ("debug", "info", "warning", "error"):
                getattr(logging.getLogger(name), one)(one)
    found = events(logged())
    assert [one["message"] for one in found if one["logger"] == "trackspeak.service.x"] == ours
    assert [one["message"] for one in found if one["logger"] == "sqlalchemy.engine"] == others


def test_pythons_warnings_are_events(monkeypatch: pytest.MonkeyPatch) -> None:
    with logging_as(monkeypatch, "json") as logged, warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    (event,) = events(logged())
    assert event["logger"] == "py.warnings"
    assert "DeprecationWarning: old" in event["message"]


def test_afterwards_all_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    loggers = [logging.getLogger(name) for name in (None, "trackspeak", "uvicorn")]
    before = [(logger.level, list(logger.handlers)) for logger in loggers]
    shows = warnings.showwarning
    with logging_as(monkeypatch, "json", "debug"):
        pass
    assert [(logger.level, list(logger.handlers)) for logger in loggers] == before
    assert warnings.showwarning is shows


def test_a_program_that_uses_us_keeps_its_own_logging() -> None:
    code = """
import logging, sys
from trackspeak.service import track
from trackspeak.service.http.app import create_app
from trackspeak.service.settings import Settings
create_app(Settings(data="."))
names = (None, "trackspeak", "uvicorn")
print([(logging.getLogger(name).handlers, logging.getLogger(name).level) for name in names])
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == f"[([], {logging.WARNING}), ([], 0), ([], 0)]"
