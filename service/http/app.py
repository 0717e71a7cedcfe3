"""The HTTP service: routes, and the worker processes that answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from trackspeak.plugins.registry import PluginInfo, list_plugins

from ..formats.exports import find_export
from ..limits import check_queries
from ..options import parse_run_options
from ..plugin_files import check_named_files
from ..problems import without_folders
from ..profiles import load_profile, profile_names
from ..settings import Settings
from ..tasks import ExportTo, Task, TrackTask
from ..worker import Worker
from . import openapi
from .context import JSON_FORMAT, Context, Desk, answered, as_object
from .errors import add_error_handlers
from .search import add_search_routes
from .upload import receive_form, upload_folder, uploads_folder
from .videos import add_video_routes

_log = logging.getLogger(__name__)


def create_app(settings: Settings) -> FastAPI:
    """Make the application; its worker processes live as long as its lifespan.

    Args:
        settings: data folder, limits, and which files options may name.

    Returns:
        The application; `app.state.context` is its `Context`.
    """
    deleting = ThreadPoolExecutor(1, "delete")
    context = Context(settings, settings.limits(), Desk(Worker(settings)), Desk(Worker(settings)), deleting)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        with uploads_folder(settings.data) as uploads:
            for worker in context.workers:
                await asyncio.to_thread(worker.start)
            try:
                yield {"uploads": uploads}
            finally:
                for worker in context.workers:
                    await asyncio.to_thread(worker.stop)

    app = FastAPI(title="trackspeak", summary=openapi.SUMMARY, version=version("trackspeak"), lifespan=lifespan)
    app.state.context = context
    add_error_handlers(app)
    _add_track_route(app, context)
    add_video_routes(app, context)
    add_search_routes(app, context)

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


def _add_track_route(app: FastAPI, context: Context) -> None:
    settings, limits = context.settings, context.limits

    @app.post("/v1/track", summary="Find the tracks that sentences refer to", **openapi.track_route())
    async def post_track(request: Request, format: str = JSON_FORMAT) -> Response:  # noqa: A002 its name in the URL
        find_export(format)
        with upload_folder(request.state.uploads) as folder:
            form = await receive_form(request, folder, limits)
            # What the worker would refuse, here: so that a bad request need not wait for its turn
            options = parse_run_options(as_object("options", form.options or "{}"))
            check_queries(form.queries, limits)
            await asyncio.to_thread(check_named_files, options, settings.plugin_files)

            def make(export: ExportTo | None) -> Task:
                return TrackTask(form.video, form.video_name, form.queries, options, export)

            return await answered(context.tracking, request, make, format)


def _without_paths(plugin: PluginInfo) -> PluginInfo:
    """Say why a plugin is broken without the folders of the server's files, which are for the log alone."""
    if plugin.error is None:
        return plugin
    _log.warning("%s %s is broken: %s", plugin.kind, plugin.name, plugin.error)
    return replace(plugin, error=without_folders(plugin.error))
