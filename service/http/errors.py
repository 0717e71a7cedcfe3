"""Every error as problem details."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trackspeak.models.errors import InputError, TrackspeakError

from ..problems import MEDIA_TYPE, headers_of, problem, problem_of, status_of
from ..telemetry.context import current

_log = logging.getLogger(__name__)


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error with problem details."""

    @app.exception_handler(TrackspeakError)
    async def on_trackspeak_error(request: Request, error: TrackspeakError) -> Response:
        if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("%s: %s", error.code, error)
        told = problem_of(error)
        data = request.app.state.context.settings.data
        told["detail"] = told["detail"].replace(f"{data}{os.sep}", "").replace(str(data), "the data folder")
        return _problem_response(told, headers_of(error))

    @app.exception_handler(RequestValidationError)
    async def on_validation_error(_request: Request, error: RequestValidationError) -> Response:
        wrong = (f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors())
        return _problem_response(problem_of(InputError("; ".join(wrong))))

    @app.exception_handler(HTTPException)
    async def on_http_exception(_request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        return _problem_response(problem(status, status.name.lower(), str(error.detail)), error.headers)

    app.add_middleware(_Unforeseen)


class _Unforeseen:
    """Answers what no handler is for, inside all other middleware, so that those see an answer like any other."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:
            if scope["type"] != "http" or begun:
                raise  # nothing can be said any more: the server logs it and cuts the connection
            _log.exception("unexpected error")
            await _problem_response(problem_of(TrackspeakError()))(scope, receive, send)


def _problem_response(problem: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    request_id = current().request_id
    body = dict(problem) if request_id is None else {**problem, "request_id": request_id}
    return JSONResponse(body, problem["status"], headers, MEDIA_TYPE)
