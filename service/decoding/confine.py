"""What a decoder process may do: little more than compute, and read one file."""

from __future__ import annotations

import math
import os
import resource
import sys
from pathlib import Path
from typing import Final

from trackspeak.service.limits import Limits

from .landlock import allow_reading_alone

_OPEN_FILES: Final = 16
_SPARE_CPU_S: Final = 5
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38


def confine(video: Path, limits: Limits) -> None:
    """Take from this process, for good, what decoding a file does not need.

    Linux has all of it. Elsewhere memory is not limited where the system does not count it, and files and the network
    stay within reach.

    Args:
        video: the file that may be read, and on Linux no other may.
        limits: how much it may take.

    Raises:
        OSError: if the system refuses.
    """
    wanted = {
        resource.RLIMIT_AS: _address_space_bytes() + decoder_bytes(limits),
        resource.RLIMIT_CPU: _cpu_s(limits),
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
    }
    for kind, most in wanted.items():
        _limit(kind, most)
    if sys.platform == "linux":
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        allow_reading_alone(video)


def decoder_bytes(limits: Limits) -> int:
    """Give the memory that decoding may take here: half of the machine's, if that is less than the limit."""
    return min(limits.max_decoder_bytes, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)


def end_with_parent() -> None:
    """Let the system kill this process as soon as its parent ends, where it can (Linux)."""
    if sys.platform == "linux":
        import signal

        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    # A second between both lets the signal of the soft one tell what happened.
    above = most + 1 if kind == resource.RLIMIT_CPU and hard in (resource.RLIM_INFINITY, most + 1) else most
    try:
        resource.setrlimit(kind, (most, above))
    except ValueError:
        if sys.platform == "linux":
            raise


def _cpu_s(limits: Limits) -> int:
    """Give the seconds of all threads: decoding by as many as there are processors, beside it the conversion to RGB.

    `max_decode_s` itself is checked after each packet, by the clock; this is for one that never ends.
    """
    return math.ceil(limits.max_decode_s * ((os.cpu_count() or 1) + 1)) + _SPARE_CPU_S


def _address_space_bytes() -> int:
    """Give what the process has already: the interpreter, its libraries, the ring."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _prctl(option: int, value: int) -> None:
    import ctypes

    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl {option} is refused")
