"""The id of the request that is being answered, for logs and errors."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_SAFE: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
"""What may go into a log line or a header as it is."""

_current: Final[ContextVar[str | None]] = ContextVar("trackspeak_request_id", default=None)


def current_request_id() -> str | None:
    """Give the id of the request that is being answered, None outside of one; `asyncio.to_thread` takes it along."""
    return _current.get()


def accepted_request_id(given: str | None) -> str:
    """Give the id that a caller gave a request, or a new one where it gave none, or none that is safe to repeat."""
    return given if given is not None and _SAFE.fullmatch(given) else secrets.token_hex(16)


@contextmanager
def request_id(current: str) -> Iterator[None]:
    """Let an id be the current one for the time of the block."""
    before = _current.set(current)
    try:
        yield
    finally:
        _current.reset(before)
