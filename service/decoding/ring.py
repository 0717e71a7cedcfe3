"""Memory that a decoder process and its reader share: a few slots, one frame each, used in turn."""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
from typing import Final

import numpy as np
import numpy.typing as npt

if sys.platform == "linux":
    import fcntl

_WANTED_BYTES: Final = 24 * 1024**2
"""More does not stay in a processor's cache."""

_FEWEST_SLOTS: Final = 2
"""One is read while the next is filled."""

_MOST_SLOTS: Final = 8


def slots_for(width: int, height: int) -> int:
    """Choose how many frames of a size the ring holds."""
    return max(_FEWEST_SLOTS, min(_MOST_SLOTS, _WANTED_BYTES // (width * height * 3)))


def allocate(size: int) -> int:
    """Give a descriptor of memory that has no name, so that nothing is left of it however its users end.

    Raises:
        OSError: if there is none.
    """
    if sys.platform != "linux":
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            return os.dup(file.fileno())
    memory = os.memfd_create("frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(memory, size)
    # A decoder that was taken over must not take the memory away from under its reader.
    fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return memory


def open_ring(memory: int, slots: int, width: int, height: int) -> npt.NDArray[np.uint8]:
    """Give the slots of a ring as (slots, H, W, 3); the memory is let go with the array."""
    shared = mmap.mmap(memory, slots * height * width * 3)
    return np.frombuffer(shared, np.uint8).reshape(slots, height, width, 3)
