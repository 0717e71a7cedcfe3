"""Landlock, by which a process without privileges gives up files and the network (Linux 5.13 and later).

What each version knows is in the kernel's documentation, https://docs.kernel.org/userspace-api/landlock.html.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Final

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_GET_VERSION: Final = 1
_RULE_PATH_BENEATH: Final = 1

_READ_FILE: Final = 1 << 2
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Version -> how many rights over files it knows, each a bit; later ones know those of 5."""

_TCP_RIGHTS: Final = 0b11
"""To listen and to connect, from version 4 on."""

_SCOPES: Final = 0b11
"""Abstract sockets and signals of others, from version 6 on."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Give the version that the kernel knows, 0 where it has none or it is switched off."""
    return max(0, int(ctypes.CDLL(None).syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _GET_VERSION)))


def allow_reading_alone(path: Path) -> None:
    """Give up all files but one, which may be read, and TCP where the kernel knows how; does nothing without Landlock.

    UDP stays within reach: to take it needs a namespace or a filter of system calls.

    Raises:
        OSError: if the kernel refuses, or there is no such file.
    """
    known = version()
    if not known:
        return
    libc = ctypes.CDLL(None, use_errno=True)

    def call(number: int, *arguments: object) -> int:
        done = int(libc.syscall(number, *arguments))
        if done < 0:
            raise OSError(ctypes.get_errno(), "Landlock: " + os.strerror(ctypes.get_errno()))
        return done

    ruleset = _Ruleset(
        (1 << _FILE_RIGHTS.get(known, 16)) - 1, _TCP_RIGHTS if known >= 4 else 0, _SCOPES if known >= 6 else 0
    )
    # Older kernels take the longer structure too, as long as what they do not know is 0.
    rules = call(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(ctypes.sizeof(ruleset)), 0)
    file = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathBeneath(_READ_FILE, file)
        call(_ADD_RULE, rules, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
        call(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(file)
        os.close(rules)
