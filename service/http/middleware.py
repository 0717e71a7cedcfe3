"""What stands around all routes: request ids, what observes requests, security headers, and other origins.

Plain ASGI: nothing is gathered, so that answers stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..request_ids import accepted_request_id
from ..telemetry.context import bound
from .bodies import BodyProgress
from .context import Context
from .observe import Observing

REQUEST_ID: Final = "X-Request-ID"

CONTENT_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""Pages run scripts and styles of their own files alone; pictures and videos may come of what a script holds."""

_ALWAYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": CONTENT_POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)
_DEFAULTS: Final[Mapping[str, str]] = MappingProxyType({"Cache-Control": "no-store"})
_HTTPS: Final[Mapping[str, str]] = MappingProxyType({"Strict-Transport-Security": "max-age=31536000"})


class Application(FastAPI):
    """FastAPI with what stands around it, which the framework's own middleware would leave out of some errors."""

    def build_middleware_stack(self) -> ASGIApp:
        """Put ours around all, also around what answers unexpected errors."""
        context: Context = self.state.context
        stack: ASGIApp = BodyProgress(super().build_middleware_stack(), context.settings.upload_stall_s)
        if context.settings.cors_origins:
            stack = _other_origins(stack, context.settings.cors_origins)
        return RequestIds(Observing(SecurityHeaders(stack), metrics=context.metrics, tracing=context.tracing))


def _other_origins(app: ASGIApp, origins: tuple[str, ...]) -> ASGIApp:
    """Let pages of these origins read answers; keys come in headers, never in cookies."""
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["*"],
        expose_headers=["Content-Disposition", "Location", "Retry-After", REQUEST_ID],
    )


class RequestIds:
    """Takes or makes the id of each request, makes it the current one, and puts it into the answer.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        current = accepted_request_id(Headers(scope=scope).get(REQUEST_ID))

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID] = current
            await send(message)

        with bound(request_id=current):
            await self._app(scope, receive, sending)


class SecurityHeaders:
    """Tells browsers to be careful with every answer, and nobody to keep one that does not say for how long.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        more = {**_ALWAYS, **(_HTTPS if scope.get("scheme") == "https" else {})}

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(more)
                for name, value in _DEFAULTS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending)
