"""Asks a trackspeak service from Python, waiting (`Client`) or in an event loop (`AsyncClient`).

from trackspeak.service.client import Client

with Client("http://127.0.0.1:8000", api_key="tsk_...") as client:
    answers = client.track("street.mp4", ["the red car"])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .answers import Answer, Answers, Box, Span, Track
    from .asynchronous import AsyncClient
    from .told import Event, JobStatus, Video
    from .waiting import Client

__all__ = ["Answer", "Answers", "AsyncClient", "Box", "Client", "Event", "JobStatus", "Span", "Track", "Video"]


def __getattr__(name: str) -> object:
    """Import what is asked for only then, so that importing this package stays light."""
    modules = {"Client": "waiting", "AsyncClient": "asynchronous"}
    modules |= dict.fromkeys(("Answer", "Answers", "Box", "Span", "Track"), "answers")
    modules |= dict.fromkeys(("Event", "JobStatus", "Video"), "told")
    if name not in modules:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{modules[name]}", __name__), name)
