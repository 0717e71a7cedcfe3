"""Whose work this is: ids for logs, spans and worker processes, without every function passing them on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Ids:
    """Whose work this is; can be sent to another process.

    Attributes:
        request_id: of the HTTP request; None outside one.
        job_id: of the job; None outside one.
        traceparent: the open span, as the header of W3C Trace Context says it; None where nothing is traced.
    """

    request_id: str | None = None
    job_id: str | None = None
    traceparent: str | None = None

    @property
    def trace_id(self) -> str | None:
        """The trace that the open span belongs to."""
        return None if self.traceparent is None else self.traceparent.split("-")[1]


_ids: Final[ContextVar[Ids]] = ContextVar("ids", default=Ids())  # noqa: B039 it is frozen


def current() -> Ids:
    """Give the ids of the work that this thread or task does."""
    return _ids.get()


@contextmanager
def bound(*, request_id: str | None = None, job_id: str | None = None, traceparent: str | None = None) -> Iterator[Ids]:
    """Let the block be work of the ids that are given; the others stay as they are."""
    given = {"request_id": request_id, "job_id": job_id, "traceparent": traceparent}
    with continuing(replace(current(), **{name: value for name, value in given.items() if value is not None})) as ids:
        yield ids


@contextmanager
def continuing(ids: Ids) -> Iterator[Ids]:
    """Let the block be work of exactly these ids, such as those that another process sent."""
    token = _ids.set(ids)
    try:
        yield ids
    finally:
        _ids.reset(token)
