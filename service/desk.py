"""Where requests wait for a worker process that answers or draws."""

from __future__ import annotations

import asyncio
from typing import Protocol

from trackspeak.models.errors import InputError

from .tasks import Task
from .worker import Worker


class Caller(Protocol):
    """One who waits for an answer, whatever he speaks."""

    async def is_disconnected(self) -> bool:
        """Say whether he has hung up."""


class Desk:
    """A worker process and the requests that wait for it; it is started when it is first needed.

    Args:
        worker: the process.
    """

    def __init__(self, worker: Worker) -> None:
        """Let nobody wait yet."""
        self.worker = worker
        self._turn = asyncio.Lock()  # so that requests that wait hold no thread

    async def do(self, caller: Caller, task: Task) -> str:
        """Do a task when it is its turn.

        Raises:
            InputError: if the caller hangs up before.
            TrackspeakError: what the task raises.
        """
        # Whoever is cancelled keeps his turn until the process is free: else the next would wait for it in a thread.
        return await asyncio.shield(self._do(caller, task))

    async def _do(self, caller: Caller, task: Task) -> str:
        async with self._turn:
            if await caller.is_disconnected():
                raise InputError("the caller hung up before it was the request's turn")
            return await asyncio.to_thread(self.worker.do, task)
