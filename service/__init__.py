"""The pipeline, the formats, the command line and the HTTP service.

In Python, the whole path is one call:

    from trackspeak.service import track
    result = track("street.mp4", ["the red car"])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .limits import Limits
    from .options import RunOptions
    from .result import Result
    from .run import track

__all__ = ["Limits", "Result", "RunOptions", "track"]


def __getattr__(name: str) -> object:
    """Import what is asked for only then, so that importing this package stays light."""
    modules = {"Limits": "limits", "Result": "result", "RunOptions": "options", "track": "run"}
    if name not in modules:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{modules[name]}", __name__), name)
