"""Serves the application until one Ctrl-C or SIGTERM, also where that comes in the middle of a request."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from trackspeak.models.errors import OptionError, TrackspeakError

from ..access.verifier import notice
from ..front import Front
from ..incoming import uploads_folder
from ..settings import Settings
from ..tasks import WarmTask
from ..telemetry.logs import logging_to_stderr
from .app import create_app

_log = logging.getLogger(__name__)

LAST_REPLIES_S: Final = 5
"""How long open requests have to end by themselves, such as uploads that are still coming in."""


def serve_http(settings: Settings, host: str, port: int) -> None:
    """Serve until a signal says to stop.

    Args:
        settings: those of the application.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.

    Raises:
        OutputError: if there can be no folder for uploads, or gRPC cannot listen on its port.
        OptionError: if gRPC is wanted and not installed.
    """
    with uploads_folder(settings.data):
        pass  # what the lifespan does, here where its error is one line
    _check_grpc(settings, host)
    app = create_app(settings.model_copy(update={"host": host, "port": port}))
    # The server's own events go where all others go, and requests are told of by http/observe.py
    config = uvicorn.Config(
        app, host, port, timeout_graceful_shutdown=LAST_REPLIES_S, log_config=None, access_log=False
    )
    # Ctrl-C is raised anew at the end of a service that it has stopped
    with logging_to_stderr(settings.log_format, settings.log_level), suppress(KeyboardInterrupt):
        if (said := notice(settings, host)) is not None:
            _log.warning("%s", said)
        _Server(config, app).run()


def _check_grpc(settings: Settings, host: str) -> None:
    """See that gRPC can be served, if it is to be.

    Raises:
        OptionError: if it is not installed.
        OutputError: if its port cannot be listened on.
    """
    if settings.grpc_port is None:
        return
    try:
        from ..grpc.server import check_port
    except ImportError as error:
        wanted = "pip install 'trackspeak[grpc]'"
        raise OptionError(f"TRACKSPEAK_GRPC_PORT needs gRPC, which is not installed: {wanted}") from error
    check_port(host, settings.grpc_port)


class _Server(uvicorn.Server):
    """Ends the work at a signal: the server itself would first wait for the answer to every open request."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._state = app.state
        self._warming: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and let the process that answers questions import what it needs meanwhile."""
        await super().startup(sockets)
        self._warming = asyncio.create_task(asyncio.to_thread(self._warm))

    def _warm(self) -> None:
        with suppress(TrackspeakError):  # the service may be stopped at once
            self._state.context.asking.worker.do(WarmTask())

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        self._state.context.checks.drain()
        for worker in self._state.context.workers:
            worker.end()
        front: Front | None = getattr(self._state, "front", None)
        for runner in front.runners if front is not None else ():
            runner.drain()
        super().handle_exit(sig, frame)
