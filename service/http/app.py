"""The HTTP application: its routes, and what is open while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import asdict
from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI

from trackspeak.models.errors import TrackspeakError

from ..access.verifier import Verifier
from ..desk import Desk
from ..front import Front
from ..incoming import Places, uploads_folder
from ..jobs.runner import make_runners
from ..jobs.shop import opened_shop
from ..plugin_listing import shown_plugins
from ..profiles import load_profile, profile_names
from ..settings import Settings
from ..shared import Shared
from ..telemetry.metrics import Metrics
from ..telemetry.tracing import open_tracing
from ..worker import Worker
from . import openapi
from .access import Reader
from .api_docs import add_api_docs
from .context import Context
from .derived import add_derived_routes
from .errors import add_error_handlers
from .health import Checks, add_health_routes, standard_checks
from .indexes import add_index_routes
from .jobs import add_job_routes
from .metrics import add_metrics_route
from .middleware import Application
from .page import add_page
from .search import add_search_routes
from .session import add_session_routes
from .track import add_track_route
from .uploads import add_upload_routes
from .videos import add_video_routes

_SWEEP_S: Final = 300.0


def create_app(settings: Settings) -> FastAPI:
    """Make the application; its worker processes live as long as its lifespan.

    Args:
        settings: data folder, limits, and which files options may name.

    Returns:
        The application; `app.state.context` is its `Context`; while it runs, `app.state.front` is its `Front` and
        `app.state.grpc_port` the port of gRPC, if any.
    """
    tracing = open_tracing(settings, "api")
    metrics = Metrics(lambda: _count_jobs(app))
    context = Context(
        settings,
        settings.limits(),
        Desk(Worker(settings, report=metrics.take)),
        Desk(Worker(settings, report=metrics.take)),
        Places(settings.max_uploads_per_key),
        metrics,
        tracing,
        Checks(),
        ThreadPoolExecutor(1, "delete"),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        with ExitStack() as opened:
            uploads = opened.enter_context(uploads_folder(settings.data))
            shop = opened.enter_context(opened_shop(settings))
            front = Front(settings, context.limits, shop, make_runners(settings, shop, metrics.take))
            app.state.front = front
            context.checks.set(standard_checks(front, context.asking.worker))
            sweeping = asyncio.create_task(_sweep(front))
            await asyncio.to_thread(_start, front, context)
            try:
                shared = Shared(front, app.state.verifier, context.asking, context.places, uploads)
                async with _speaking_grpc(settings, shared) as port:
                    app.state.grpc_port = port
                    yield {"uploads": uploads, "front": front}
            finally:
                sweeping.cancel()
                await asyncio.to_thread(_stop, front, context)
                await asyncio.to_thread(tracing.close)

    app = Application(
        title="trackspeak",
        summary=openapi.SUMMARY,
        version=version("trackspeak"),
        responses=openapi.common(),
        lifespan=lifespan,
        docs_url=None,  # the framework's own loads scripts from other machines
        redoc_url=None,
    )
    app.state.context = context
    app.state.verifier = Verifier(settings)
    add_error_handlers(app)
    add_api_docs(app)
    add_track_route(app, context)
    add_video_routes(app, context)
    add_derived_routes(app, context)
    add_index_routes(app, context)
    add_upload_routes(app, context)
    add_job_routes(app, context)
    add_search_routes(app, context)
    add_health_routes(app, context.checks)
    add_metrics_route(app, metrics)
    add_session_routes(app)
    add_page(app)
    _add_small_routes(app)
    return app


def _count_jobs(app: FastAPI) -> Mapping[str, int]:
    """Count the jobs by their states; none before the database is open."""
    front: Front | None = getattr(app.state, "front", None)
    return {} if front is None else front.shop.queue.counts()


def _add_small_routes(app: FastAPI) -> None:

    @app.get("/v1/plugins", summary="List the plugins")
    async def get_plugins(_principal: Reader) -> list[dict[str, Any]]:
        return [asdict(plugin) for plugin in await asyncio.to_thread(shown_plugins)]

    @app.get("/v1/profiles", summary="List the profiles")
    async def get_profiles(_principal: Reader) -> list[dict[str, Any]]:
        return [load_profile(name).model_dump() for name in profile_names()]


@asynccontextmanager
async def _speaking_grpc(settings: Settings, shared: Shared) -> AsyncIterator[int | None]:
    """Serve gRPC too, where that is wanted; gives its port."""
    if settings.grpc_port is None:
        yield None
        return
    from ..grpc.server import serving_grpc  # an extra

    async with serving_grpc(shared, settings.host, settings.grpc_port) as port:
        yield port


def _start(front: Front, context: Context) -> None:
    """Start the processes that are needed from the beginning."""
    for runner in front.runners:
        runner.start()
    context.asking.worker.start()


def _stop(front: Front, context: Context) -> None:
    for runner in front.runners:
        runner.drain()  # all first, so that none waits for another
    for runner in front.runners:
        runner.stop()
    for worker in context.workers:
        worker.stop()


async def _sweep(front: Front) -> None:
    """Remove what has had its time, now and then."""
    while True:
        with suppress(TrackspeakError):  # what fails now, such as on a full disk, is done the next time
            await asyncio.to_thread(front.shop.retention.sweep)
        await asyncio.sleep(_SWEEP_S)
