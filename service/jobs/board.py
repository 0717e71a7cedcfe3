"""Wakes those who wait for news of a job, in this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Board:
    """Where news of jobs are posted, from any thread, and waited for in event loops."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._lock = threading.Lock()
        self._waiting: dict[str, list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}

    def post(self, job_id: str) -> None:
        """Wake those who wait for news of a job."""
        with self._lock:
            waiting = list(self._waiting.get(job_id, ()))
        for loop, event in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def post_all(self) -> None:
        """Wake all who wait."""
        with self._lock:
            job_ids = list(self._waiting)
        for job_id in job_ids:
            self.post(job_id)

    @contextmanager
    def watched(self, job_id: str) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever there is news of a job; to be called in an event loop."""
        mine = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._waiting.setdefault(job_id, []).append(mine)
        try:
            yield mine[1]
        finally:
            with self._lock:
                self._waiting[job_id].remove(mine)
                if not self._waiting[job_id]:
                    del self._waiting[job_id]
