"""Around every request: an event in the log, the metrics, and a span."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..telemetry.logs import ACCESS_LOGGER
from ..telemetry.metrics import UNMATCHED, Metrics, method_label
from ..telemetry.tracing import NoTracing, OpenSpan, Tracing

HUNG_UP: Final = 499
"""The status of a request whose caller was gone, or that was cut off, before its answer began: nginx's."""

_PROBES: Final = ("/healthz", "/readyz", "/metrics")
"""Asked every few seconds by machines: they have no spans, and where all is well their events are for debugging."""

_access = logging.getLogger(ACCESS_LOGGER)


@dataclass(slots=True)
class _Answer:
    """What has been sent of an answer."""

    status: int | None = None
    sent_bytes: int = 0
    complete: bool = False


class Observing:
    """Measures requests until the last byte of their answers; streams pass through untouched.

    Args:
        app: what answers.
        metrics: count the requests.
        tracing: gets their spans.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, tracing: Tracing) -> None:
        """Observe nothing yet."""
        self._app, self._metrics, self._tracing = app, metrics, tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, observed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer()

        async def counted(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.start":
                answer.status = message["status"]
            elif message["type"] == "http.response.body":
                answer.sent_bytes += len(message.get("body", b""))
                answer.complete = not message.get("more_body", False)

        begin = time.perf_counter()
        self._metrics.request_began()
        method = method_label(scope["method"])
        tracing = NoTracing() if scope["path"] in _PROBES else self._tracing
        with tracing.request(method, Headers(scope=scope).get("traceparent")) as span:
            try:
                await self._app(scope, receive, counted)
            except Exception:
                answer.status = answer.status or HTTPStatus.INTERNAL_SERVER_ERROR.value
                raise
            finally:
                self._tell(scope, answer, time.perf_counter() - begin, span)

    def _tell(self, scope: Scope, answer: _Answer, seconds: float, span: OpenSpan) -> None:
        """Tell everyone of a request that is over."""
        route, method = route_template(scope), method_label(scope["method"])
        status = answer.status or HUNG_UP
        self._metrics.request(route, method, status, seconds)
        span.rename(f"{method} {route}")
        span.add({"http.request.method": method, "http.route": route, "http.response.status_code": status})
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            span.fail(f"status {status}")
        quiet = route in _PROBES and status < HTTPStatus.BAD_REQUEST
        client = scope.get("client")
        # The path and the query stay out: they can hold names of videos and whatever a caller put there by mistake
        fields = {
            "method": method,
            "route": route,
            "status": status,
            "duration_ms": round(1000 * seconds, 1),
            "bytes": answer.sent_bytes,
            "complete": answer.complete,
            "client": client[0] if client else None,
        }
        principal = scope.get("state", {}).get("principal")  # where a route has asked who calls
        if principal is not None:
            fields["key_id"] = principal.key_id
        _access.log(
            logging.DEBUG if quiet else logging.INFO,
            "%s %s %d in %.1f ms, %d bytes%s",
            method,
            route,
            status,
            1000 * seconds,
            answer.sent_bytes,
            "" if answer.complete else ", cut off",
            extra=fields,
        )


def route_template(scope: Scope) -> str:
    """Give the template of the route that took a request, such as /v1/videos/{video}; `UNMATCHED` where none did."""
    path = getattr(scope.get("route"), "path", None)
    if isinstance(path, str):
        return path
    endpoint = scope.get("endpoint")  # what FastAPI adds by itself, such as /docs, is in no scope as a route
    routes = [
        route
        for route in scope["app"].routes
        if endpoint in (getattr(route, "endpoint", None), getattr(route, "app", None))
    ]
    return routes[0].path if endpoint is not None and routes else UNMATCHED
