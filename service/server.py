"""Serves the application until one Ctrl-C or SIGTERM, also where that comes in the middle of a request."""

from __future__ import annotations

from contextlib import suppress
from types import FrameType
from typing import Final

import uvicorn

from .api import create_app
from .settings import Settings
from .upload import uploads_folder
from .worker import Worker

LAST_REPLIES_S: Final = 5
"""How long open requests have to end by themselves, such as uploads that are still coming in."""


def serve_http(settings: Settings, host: str, port: int) -> None:
    """Serve until a signal says to stop.

    Args:
        settings: those of the application.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.

    Raises:
        OutputError: if there can be no folder for uploads.
    """
    with uploads_folder(settings.data):
        pass  # what the lifespan does, here where its error is one line
    app = create_app(settings)
    config = uvicorn.Config(app, host, port, timeout_graceful_shutdown=LAST_REPLIES_S)
    with suppress(KeyboardInterrupt):  # raised anew at the end of a service that Ctrl-C has stopped
        _Server(config, app.state.worker).run()


class _Server(uvicorn.Server):
    """Ends the worker at a signal: the server itself would first wait for the answer to every open request."""

    def __init__(self, config: uvicorn.Config, worker: Worker) -> None:
        super().__init__(config)
        self._worker = worker

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        self._worker.end()
        super().handle_exit(sig, frame)
