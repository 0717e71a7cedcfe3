"""Waiting for something that another thread or process does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_PAUSE_S: Final = 0.05


def comes_true(look: Callable[[], bool], most_s: float) -> bool:
    """Wait until something is so, for no more than some seconds; tells whether it is."""
    until_s = time.monotonic() + most_s
    while not look():
        if time.monotonic() > until_s:
            return False
        time.sleep(_PAUSE_S)
    return True
