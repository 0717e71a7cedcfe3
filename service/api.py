"""The HTTP service: one call with a video and sentences, answered by a worker process."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from trackspeak.models.errors import InputError, OptionError, TrackspeakError
from trackspeak.plugins.registry import PluginInfo, list_plugins

from . import openapi
from .limits import check_queries
from .options import RunOptions, parse_run_options
from .plugin_files import check_named_files
from .problems import MEDIA_TYPE, problem, problem_of, status_of
from .profiles import load_profile, profile_names
from .settings import Settings
from .upload import receive_form, upload_folder, uploads_folder
from .worker import Worker

_log = logging.getLogger(__name__)

_FOLDERS = re.compile(r"(?:\b[A-Za-z]:|(?<![\w.]))[\\/](?:[^\\/\s'\"():,;]+[\\/])*")
"""What stands before the last name of an absolute path."""


def create_app(settings: Settings) -> FastAPI:
    """Make the application; its worker process lives as long as its lifespan.

    Args:
        settings: data folder, limits, and which files options may name.

    Returns:
        The application; `app.state.worker` is its `Worker`.
    """
    limits = settings.limits()
    worker = Worker(limits, settings.plugin_files)
    turn = asyncio.Lock()  # so that requests that wait for the worker hold no thread

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        with uploads_folder(settings.data) as uploads:
            await asyncio.to_thread(worker.start)
            try:
                yield {"uploads": uploads}
            finally:
                await asyncio.to_thread(worker.stop)

    app = FastAPI(title="trackspeak", summary=openapi.SUMMARY, version=version("trackspeak"), lifespan=lifespan)
    app.state.worker = worker
    _add_error_handlers(app)

    @app.post("/v1/track", summary="Find the tracks that sentences refer to", **openapi.track_route())
    async def post_track(request: Request) -> Response:
        with upload_folder(request.state.uploads) as folder:
            form = await receive_form(request, folder, limits)
            # What the worker would refuse, here: so that a bad request need not wait for its turn
            options = _read_options(form.options)
            check_queries(form.queries, limits)
            await asyncio.to_thread(check_named_files, options, settings.plugin_files)
            async with turn:
                if await request.is_disconnected():
                    raise InputError("the caller hung up before it was the request's turn")
                text = await asyncio.to_thread(worker.track, form.video, form.queries, options)
        return Response(text, media_type="application/json")

    @app.get("/v1/plugins", summary="List the plugins")
    async def get_plugins() -> list[dict[str, Any]]:
        return [asdict(_without_paths(plugin)) for plugin in await asyncio.to_thread(list_plugins)]

    @app.get("/v1/profiles", summary="List the profiles")
    async def get_profiles() -> list[dict[str, Any]]:
        return [load_profile(name).model_dump() for name in profile_names()]

    @app.get("/healthz", summary="Whether the service answers")
    async def get_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


def _read_options(text: str) -> RunOptions:
    """Read the form's field `options`.

    Raises:
        OptionError: if it is not a JSON object of options.
    """
    try:
        values = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise OptionError(f"options must be a JSON object: {error}") from None
    if not isinstance(values, dict):
        raise OptionError(f"options must be a JSON object, got {text[:40]!r}")
    return parse_run_options(values)


def _without_paths(plugin: PluginInfo) -> PluginInfo:
    """Say why a plugin is broken without the folders of the server's files, which are for the log alone."""
    if plugin.error is None:
        return plugin
    _log.warning("%s %s is broken: %s", plugin.kind, plugin.name, plugin.error)
    return replace(plugin, error=_FOLDERS.sub("", plugin.error))


def _add_error_handlers(app: FastAPI) -> None:
    """Answer every error with problem details."""

    @app.exception_handler(TrackspeakError)
    async def on_trackspeak_error(_request: Request, error: TrackspeakError) -> Response:
        if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("%s: %s", error.code, error)
        return _problem_response(problem_of(error))

    @app.exception_handler(RequestValidationError)
    async def on_validation_error(_request: Request, error: RequestValidationError) -> Response:
        wrong = (f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors())
        return _problem_response(problem_of(InputError("; ".join(wrong))))

    @app.exception_handler(HTTPException)
    async def on_http_exception(_request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        return _problem_response(problem(status, status.name.lower(), str(error.detail)), error.headers)

    @app.exception_handler(Exception)
    async def on_exception(_request: Request, _error: Exception) -> Response:
        return _problem_response(problem_of(TrackspeakError()))


def _problem_response(problem: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(problem, problem["status"], headers, MEDIA_TYPE)
