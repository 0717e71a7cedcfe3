"""Memory that a long pass has freed."""

from __future__ import annotations

import ctypes
import platform


def give_back_freed_memory() -> None:
    """Have the C library return freed pages to the system, those between kept blocks too.

    The many small things kept of each frame lie between the large ones that come and go, so that glibc's heap grows
    by far more than what is kept. With other C libraries this does nothing. See
    https://man7.org/linux/man-pages/man3/malloc_trim.3.html.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
