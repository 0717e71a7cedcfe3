"""How long one waits for what a caller sends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from trackspeak.models.errors import SlowUploadError

from .settings import variable

PROGRESS_BYTES: Final = 64 * 1024
"""So much must come within the time in which a body may make no progress."""

Piece = TypeVar("Piece")


class Patience:
    """Waits for the pieces of a body, and fails if too little comes.

    Only the time counts in which the caller is waited for, not that in which a piece is written.

    Args:
        stall_s: seconds in which at least 64 KiB must come, or the rest.
    """

    def __init__(self, stall_s: float) -> None:
        """Begin to wait."""
        self._stall_s = self._left_s = stall_s
        self._came = 0

    async def wait(self, coming: Awaitable[Piece], bytes_of: Callable[[Piece], int]) -> Piece:
        """Wait for the next piece.

        Raises:
            SlowUploadError: if too little of the body comes.
        """
        clock = asyncio.get_running_loop().time
        began_s = clock()
        try:
            async with asyncio.timeout(self._left_s):
                piece = await coming
        except TimeoutError:
            raise SlowUploadError(
                f"less than {PROGRESS_BYTES} bytes of the body came in {self._stall_s:g} s, "
                f"the limit {variable('upload_stall_s')}"
            ) from None
        self._left_s -= clock() - began_s
        self._came += bytes_of(piece)
        if self._came >= PROGRESS_BYTES:
            self._left_s, self._came = self._stall_s, 0
        return piece
