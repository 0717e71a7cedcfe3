"""The worker process as the HTTP service sees it: started, asked one thing at a time, started again if it died."""

from __future__ import annotations

import multiprocessing
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from trackspeak.models.errors import WorkerError

from .settings import Settings
from .tasks import Task
from .work import Failure, work


@dataclass(frozen=True, slots=True)
class _Running:
    """A started process."""

    process: BaseProcess
    connection: Connection


class Worker:
    """A worker process, seen from the service; it is started when needed, also again after it died.

    Args:
        settings: of the service.
    """

    def __init__(self, settings: Settings) -> None:
        """Start nothing yet."""
        self._settings = settings
        self._running: _Running | None = None
        self._ended = False
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process's id, if there is one."""
        return self._running.process.pid if self._running else None

    def start(self) -> None:
        """Start the process, if it is not running; also after it was stopped."""
        self._ended = False
        with self._lock:
            self._started()

    def do(self, task: Task) -> str:
        """Do one task; others wait.

        Returns:
            The text of its answer.

        Raises:
            TrackspeakError: what the task raises.
            WorkerError: if the process dies; the next request gets a new one, unless the service is being stopped.
        """
        with self._lock:
            self._refuse_after_end()  # so that no process is started in vain
            running = self._started()
            self._refuse_after_end()  # it may have been said in between, when there was no process to end
            try:
                running.connection.send(task)
                reply = running.connection.recv()
            except (EOFError, OSError):
                code = self._clear()
                self._refuse_after_end()
                raise WorkerError(f"the worker process ended unexpectedly (exit code {code}); try again") from None
        if isinstance(reply, Failure):
            raise reply.to_error()
        text: str = reply
        return text

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
        process = context.Process(target=work, args=(there, self._settings), daemon=True)
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
