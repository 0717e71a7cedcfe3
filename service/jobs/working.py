"""Does jobs, without an interface, until a signal says to stop."""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType
from typing import Final

from trackspeak.models.errors import OptionError
from trackspeak.service.settings import Settings
from trackspeak.service.telemetry.logs import logging_to_stderr

from .runner import make_runners
from .shop import opened_shop

_LOOK_S: Final = 1.0

_log = logging.getLogger(__name__)


def work_until_stopped(settings: Settings) -> None:
    """Do jobs that services with the same data folder and database accept; a job in the middle is handed back.

    Raises:
        OptionError: if the settings say that no jobs are to be done here.
        OutputError: if the database cannot be used.
    """
    if not settings.run_jobs:
        raise OptionError("TRACKSPEAK_RUN_JOBS must be true for a process that does jobs, got false")
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, stop)
    with logging_to_stderr(settings.log_format, settings.log_level), opened_shop(settings) as shop:
        runners = make_runners(settings, shop)
        for runner in runners:
            runner.start()
        _log.info("waiting for jobs, with %d worker processes", len(runners))
        while not stopped.wait(_LOOK_S):  # a wait without end would keep signals from being handled on some systems
            pass
        for runner in runners:
            runner.drain()
        for runner in runners:
            runner.stop()
        _log.info("stopped")
