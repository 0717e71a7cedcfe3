"""Logs on standard error: a JSON object for each event, or a line to be read in a terminal."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, Literal

from .context import current

LogFormat = Literal["auto", "json", "text"]
LogLevel = Literal["debug", "info", "warning", "error"]

ACCESS_LOGGER: Final = "trackspeak.access"
"""Gets an event for each request over HTTP and each call over gRPC."""

_OURS: Final = ("trackspeak", "uvicorn")
"""The loggers that the level is for. Of other libraries warnings are enough: what they say below may be secret."""

_FIELDS: Final = ("time", "levelname", "name", "message")
_NAMES: Final = {"levelname": "level", "name": "logger", "exc_info": "exception", "stack_info": "stack"}
_NOT_FIELDS: Final = ("color_message",)  # uvicorn's second wording of its messages
_IDS: Final = ("request_id", "job_id", "trace_id")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@contextmanager
def logging_to_stderr(format_: LogFormat, level: LogLevel) -> Iterator[None]:
    """Let all loggers, the server's and Python's warnings too, write to standard error for the time of the block.

    For processes of our own alone: a library leaves the root logger to the program that uses it.

    Args:
        format_: `auto` is `text` where standard error is a terminal, else `json`.
        level: the least level of ours and the server's events; those of other libraries begin with warnings.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_add_context)
    handler.setLevel(level.upper())  # some libraries have levels of their own
    as_text = format_ == "text" or (format_ == "auto" and sys.stderr.isatty())
    handler.setFormatter(TextFormatter() if as_text else _json_formatter())
    root = logging.getLogger()
    kept = {logger: logger.level for logger in (root, *map(logging.getLogger, _OURS))}
    wanted: int = getattr(logging, level.upper())
    root.addHandler(handler)
    root.setLevel(max(wanted, logging.WARNING))
    for name in _OURS:
        logging.getLogger(name).setLevel(wanted)
    logging.captureWarnings(capture=True)
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        root.removeHandler(handler)
        for logger, before in kept.items():
            logger.setLevel(before)


def _add_context(record: logging.LogRecord) -> bool:
    """Add when and for whose work an event was; as a filter, in the thread or task where it happened."""
    record.time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    ids = current()
    for name in _IDS:
        value = getattr(ids, name)
        if value is not None:
            setattr(record, name, value)
    return True


def _json_formatter() -> logging.Formatter:
    from pythonjsonlogger.core import RESERVED_ATTRS
    from pythonjsonlogger.json import JsonFormatter

    return JsonFormatter(_FIELDS, rename_fields=_NAMES, reserved_attrs=[*RESERVED_ATTRS, *_NOT_FIELDS])


class TextFormatter(logging.Formatter):
    """Writes an event as a line: the time of day here, the level, what happened, and whose work it was."""

    def __init__(self) -> None:
        """Set the time's format."""
        super().__init__(datefmt="%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Give the line, and a traceback below it where there is one."""
        # What came from outside must not end the line or steer the terminal
        message = _CONTROLS.sub(lambda found: repr(found[0])[1:-1], record.getMessage())
        ids = "".join(f" {name}={getattr(record, name)}" for name in _IDS if hasattr(record, name))
        text = f"{self.formatTime(record, self.datefmt)} {record.levelname.lower():<7} {message}{ids}"
        return text if record.exc_info is None else f"{text}\n{self.formatException(record.exc_info)}"
