"""Refuses a body that comes too slowly, whichever route reads it."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..patience import Patience


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
        self._receive, self._more = receive, True
        self._patience = Patience(stall_s)

    async def __call__(self) -> Message:
        """Give what comes next.

        Raises:
            SlowUploadError: if too little of a body comes.
        """
        if not self._more:  # what comes now is that the caller hangs up, which may take as long as it likes
            return await self._receive()
        message = await self._patience.wait(self._receive(), lambda came: len(came.get("body", b"")))
        self._more = message.get("more_body", False)
        return message
