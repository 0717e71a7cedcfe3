"""Refuses a body that comes too slowly, whichever route reads it."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trackspeak.models.errors import SlowUploadError

from ..settings import variable

PROGRESS_BYTES: Final = 64 * 1024
"""So much must come within the time in which a body may make no progress."""


class BodyProgress:
    """Lets a route that waits for more of a body fail if too little comes.

    Only the time counts in which the caller is waited for, not that in which a piece is written.

    Args:
        app: what answers.
        stall_s: seconds in which at least 64 KiB must come, or the rest.
    """

    def __init__(self, app: ASGIApp, stall_s: float) -> None:
        self._app, self._stall_s = app, stall_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        waits = _Waiting(receive, self._stall_s) if scope["type"] == "http" else receive
        await self._app(scope, waits, send)


class _Waiting:
    """Receives one request."""

    def __init__(self, receive: Receive, stall_s: float) -> None:
        self._receive, self._stall_s = receive, stall_s
        self._left_s, self._came, self._more = stall_s, 0, True

    async def __call__(self) -> Message:
        """Give what comes next.

        Raises:
            SlowUploadError: if too little of a body comes.
        """
        if not self._more:  # what comes now is that the caller hangs up, which may take as long as it likes
            return await self._receive()
        clock = asyncio.get_running_loop().time
        began_s = clock()
        try:
            async with asyncio.timeout(self._left_s):
                message = await self._receive()
        except TimeoutError:
            raise SlowUploadError(
                f"less than {PROGRESS_BYTES} bytes of the body came in {self._stall_s:g} s, "
                f"the limit {variable('upload_stall_s')}"
            ) from None
        self._left_s -= clock() - began_s
        self._came += len(message.get("body", b""))
        if self._came >= PROGRESS_BYTES:
            self._left_s, self._came = self._stall_s, 0
        self._more = message.get("more_body", False)
        return message
