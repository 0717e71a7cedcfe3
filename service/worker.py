"""The worker process as the HTTP service sees it: started, asked one thing at a time, started again if it died."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Final, Protocol, cast

from trackspeak.models.errors import WorkerError

from .settings import Settings
from .tasks import Also, News, Stop, Task
from .telemetry.context import current
from .telemetry.measured import Measured
from .work import Failure, Reply, work

_LOOK_S: Final = 0.2
"""How often one who follows a task is asked whether it is still wanted."""

_GIVING_UP_S: Final = 1.0
"""How long a process has to give up its task before it is killed."""


@dataclass(frozen=True, slots=True)
class _Running:
    """A started process."""

    process: BaseProcess
    connection: Connection


class Watching(Protocol):
    """One who follows a task."""

    def told(self, news: News) -> None:
        """Hear how far it is."""

    def wanted(self) -> bool:
        """Say whether it is still to be done; asked several times a second."""

    def also_asked(self) -> tuple[str, ...]:
        """Give what is to be answered too, each once; asked as often."""


class Worker:
    """A worker process, seen from the service; it is started when needed, also again after it died.

    Args:
        settings: of the service.
        device: what it works on, such as "cuda:1"; None: on what is there.
        report: told what each task took.
    """

    def __init__(
        self, settings: Settings, device: str | None = None, report: Callable[[Measured], None] | None = None
    ) -> None:
        """Start nothing yet."""
        self._settings = settings
        self._device = device
        self._report = report
        self._running: _Running | None = None
        self._ended = False
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process's id, if there is one."""
        return self._running.process.pid if self._running else None

    @property
    def alive(self) -> bool:
        """Whether there is a process that runs."""
        running = self._running
        return running is not None and running.process.is_alive()

    def revive(self) -> None:
        """Start the process again if it died, unless it is being ended; waits for a task that it is at."""
        with self._lock:
            if not self._ended:
                self._started()

    def start(self) -> None:
        """Start the process, if it is not running; also after it was stopped."""
        self._ended = False
        with self._lock:
            self._started()

    def do(self, task: Task, watching: Watching | None = None) -> str:
        """Do one task; others wait.

        Args:
            task: what to do.
            watching: hears how far it is, and may have it given up.

        Returns:
            The text of its answer.

        Raises:
            TrackspeakError: what the task raises.
            StoppedError: if it was given up, and the process still answers.
            WorkerError: if the process dies; the next request gets a new one, unless the service is being stopped.
        """
        with self._lock:
            self._refuse_after_end()  # so that no process is started in vain
            running = self._started()
            self._refuse_after_end()  # it may have been said in between, when there was no process to end
            try:
                running.connection.send((task, current()))
                reply = _reply(running, watching)
            except (EOFError, OSError):
                code = self._clear()
                self._refuse_after_end()
                raise WorkerError(f"the worker process ended unexpectedly (exit code {code}); try again") from None
        if self._report is not None:
            self._report(reply.took)
        if isinstance(reply.answer, Failure):
            raise reply.answer.to_error()
        return reply.answer

    def end(self) -> None:
        """Let the process end, also in the middle of a request, which then fails, as do those that come later.

        Nothing is waited for, so that a signal's handler may call it.
        """
        self._ended = True
        running = self._running
        if running is not None:
            running.process.terminate()

    def stop(self) -> None:
        """End the process as `end` does, and wait until it is gone."""
        self.end()
        with self._lock:
            self._clear()

    def _refuse_after_end(self) -> None:
        if self._ended:
            raise WorkerError("the service is being stopped")

    def _started(self) -> _Running:
        if self._running is not None and self._running.process.is_alive():
            return self._running
        self._clear()
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=work, args=(there, self._settings, self._device), daemon=True)
        process.start()
        # The worker has its own; while this one is open, its death would not be noticed.
        there.close()
        self._running = _Running(process, here)
        return self._running

    def _clear(self) -> int | None:
        """Forget a process that has ended or is about to; gives its exit code."""
        if self._running is None:
            return None
        self._running.connection.close()
        self._running.process.join()
        code = self._running.process.exitcode
        self._running = None
        return code


def _reply(running: _Running, watching: Watching | None) -> Reply:
    """Wait for the answer to a task.

    Raises:
        EOFError: if the process ended, also by us, where it did not give up in time.
        OSError: the same.
    """
    connection = running.connection
    if watching is None:
        return cast(Reply, connection.recv())
    stopped_s: float | None = None
    while True:
        if connection.poll(_LOOK_S):
            message = connection.recv()
            if not isinstance(message, News):
                return cast(Reply, message)
            watching.told(message)
        if stopped_s is None:
            if not watching.wanted():
                stopped_s = time.monotonic()
                connection.send(Stop())
            elif queries := watching.also_asked():
                connection.send(Also(queries))
        elif time.monotonic() - stopped_s > _GIVING_UP_S:
            running.process.kill()
            running.process.join()
