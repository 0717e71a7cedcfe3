"""Whether the service lives, and whether it is ready for work."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response

from trackspeak.models.errors import OutputError, WorkerError

from ..front import Front
from ..settings import Settings
from ..worker import Worker
from . import openapi

CHECK_S: Final = 5.0
"""How long a check may take before it counts as failed: a disk or a database can hang."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must hold for the service to be ready.

    Attributes:
        name: of the check, in the answer.
        look: raises an error where it does not hold; called in a thread, never twice at once.
        why: what callers are told then. They may be anyone: the error itself is for the log.
    """

    name: str
    look: Callable[[], None]
    why: str


class Checks:
    """Says whether the service is ready for work.

    Args:
        checks: what must hold.
        longest_s: how long each may take.
    """

    def __init__(self, checks: Sequence[Check] = (), longest_s: float = CHECK_S) -> None:
        """Look at nothing yet."""
        self._checks = list(checks)
        self._longest_s = longest_s
        self._looking: dict[str, asyncio.Task[str | None]] = {}
        self._said: dict[str, str | None] = {}
        self.draining = False

    def set(self, checks: Sequence[Check]) -> None:
        """Put these in place of the checks that there were: what they look at is open only while the service runs."""
        self._checks = list(checks)

    def drain(self) -> None:
        """Be ready no more, since the service is being stopped; a signal's handler may call it."""
        self.draining = True

    async def run(self) -> dict[str, str | None]:
        """Make all checks at once.

        Returns:
            Name -> None where it holds, else why not, as callers are told.
        """
        if self.draining:  # what is being stopped fails, and that is no news
            return {"draining": "the service is being stopped"}
        errors = await asyncio.gather(*(self._error(check) for check in self._checks))
        found = {check.name: error and check.why for check, error in zip(self._checks, errors, strict=True)}
        for check, error in zip(self._checks, errors, strict=True):
            if found[check.name] != self._said.get(check.name):
                _log.warning("check %s: %s", check.name, error or "is well again")
        self._said = found
        return found

    async def _error(self, check: Check) -> str | None:
        """Make a check, unless the one before still hangs: callers come again and again, and threads are few."""
        looking = self._looking.get(check.name)
        if looking is None or looking.done():
            looking = self._looking[check.name] = asyncio.create_task(asyncio.to_thread(_looked, check))
        done, _ = await asyncio.wait({looking}, timeout=self._longest_s)
        return looking.result() if done else f"no answer within {self._longest_s:g} s"


def _looked(check: Check) -> str | None:
    try:
        check.look()
    except Exception as error:  # noqa: BLE001 whatever it was, the service is not ready
        return f"{type(error).__name__}: {error}"
    return None


def standard_checks(front: Front, asking: Worker) -> list[Check]:
    """Give what every service needs: its database, its data folder, and a worker process.

    Args:
        front: accepts what is to be done, and has the runners of this process.
        asking: the worker process that counts where this one does no jobs.
    """
    runners = [runner.worker for runner in front.runners]
    return [
        Check("database", lambda: check_database(front), "it cannot be read"),
        Check("data_folder", lambda: check_data_folder(front.settings), "it cannot be written"),
        Check("workers", lambda: check_workers(runners or [asking]), "no process was alive; they are started again"),
    ]


def check_database(front: Front) -> None:
    """See that the database can be read, by the connections that jobs go through.

    Raises:
        OutputError: if it cannot.
    """
    front.shop.queue.counts()


def check_data_folder(settings: Settings) -> None:
    """See that the data folder can be written.

    Raises:
        OutputError: if it cannot, as on a full disk.
    """
    try:
        with tempfile.NamedTemporaryFile(dir=settings.data, prefix=".ready-") as file:
            file.write(b"x" * 4096)
    except OSError as error:
        raise OutputError(f"the data folder could not be written: {error.strerror}") from error


def check_workers(workers: Sequence[Worker]) -> None:
    """See that a worker process is alive; where none is, they are started again.

    Raises:
        WorkerError: if none is.
    """
    if any(worker.alive for worker in workers):
        return
    for worker in workers:
        worker.revive()  # else nothing would: a service that is not ready gets no request, which does it too
    raise WorkerError("no worker process was alive")


def add_health_routes(app: FastAPI, checks: Checks) -> None:
    """Add the routes of this module."""

    @app.get("/healthz", summary="Whether the service answers")
    async def get_health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", summary="Whether the service is ready for work", **openapi.ready_route())
    async def get_ready() -> Response:
        found = await checks.run()
        ready = all(reason is None for reason in found.values())
        shown: dict[str, Any] = {
            name: {"ok": True} if reason is None else {"ok": False, "why": reason} for name, reason in found.items()
        }
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        body = {"status": "ready" if ready else "not ready", "checks": shown}
        return JSONResponse(body, status, headers={"Cache-Control": "no-store"})
