"""What the routes share: the settings, the counter, the worker processes, and how bodies come in and answers go out."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect

from trackspeak.models.errors import InputError, OptionError, OutputError

from ..desk import Desk
from ..formats.exports import find_export
from ..front import Front
from ..incoming import Places, room_beside_video
from ..limits import Limits
from ..settings import Settings
from ..tasks import ExportTo, Task
from ..telemetry.metrics import Metrics
from ..telemetry.tracing import Tracing
from ..worker import Worker
from .health import Checks

JSON_FORMAT = "json"


@dataclass(frozen=True, slots=True)
class Context:
    """What the routes share from the start; what is open only while the service runs is in a request's state.

    Attributes:
        settings: of the service.
        limits: what is accepted.
        asking: answers from indexes, so that nobody waits for a video who only asks.
        drawing: draws answers into videos, which takes long.
        places: of those who are sending a video.
        metrics: count what happens.
        tracing: gets spans of it.
        checks: say whether the service is ready.
        deleting: the thread in which indexes are deleted: it may wait long for a search that takes in others.
    """

    settings: Settings
    limits: Limits
    asking: Desk
    drawing: Desk
    places: Places
    metrics: Metrics
    tracing: Tracing
    checks: Checks
    deleting: Executor

    async def delete(self, work: Callable[[], None]) -> None:
        """Delete something, one after the other.

        Raises:
            TrackspeakError: what the work raises.
        """
        await asyncio.get_running_loop().run_in_executor(self.deleting, work)

    @property
    def workers(self) -> Sequence[Worker]:
        """The worker processes that do no jobs."""
        return (self.asking.worker, self.drawing.worker)


def front_of(request: Request) -> Front:
    """Give the counter of the service that a request came to."""
    front: Front = request.state.front
    return front


async def read_object(request: Request, limits: Limits, *, or_nothing: bool = False) -> dict[str, Any]:
    """Read a body that is a JSON object.

    Args:
        request: whose body is read.
        limits: how long it may be.
        or_nothing: whether an empty body will do, for an empty object.

    Raises:
        InputError: if it is none, too large, or ends early.
    """
    most, body = room_beside_video(limits), bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > most:
                raise InputError(f"the body must have at most {most} bytes")
    except ClientDisconnect:
        raise InputError("the body ended early") from None
    return {} if or_nothing and not body else as_object("the body", bytes(body))


def as_object(what: str, text: str | bytes) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        OptionError: if it is none; begins with `what`.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OptionError(f"{what} must be a JSON object: {error}") from None
    if not isinstance(values, dict):
        raise OptionError(f"{what} must be a JSON object, got {json.dumps(values)[:40]}")
    return values


def texts_of(values: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Give a list of texts in a body.

    Raises:
        InputError: if it is none.
    """
    given = values.get(name)
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise InputError(f"{name} must be a list of texts, got {json.dumps(given)[:60]}")
    return tuple(given)


def refuse_others(values: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse keys of a body that nothing reads.

    Raises:
        InputError: naming the first, and those that there are.
    """
    for key in values:
        if key not in known:
            raise InputError(f"unknown field {key!r}; there are: {', '.join(known)}")


async def answered(
    desk: Desk, request: Request, make: Callable[[ExportTo | None], Task], export_format: str
) -> Response:
    """Do a task, and answer with its text or with a file in another format.

    Args:
        desk: that does it.
        request: whose it is.
        make: gives the task, for the file that its answer is to go to, if any.
        export_format: a key of `EXPORTS`.

    Raises:
        UnknownNameError: if there is no such format.
        TrackspeakError: what the task raises.
    """
    export = find_export(export_format)
    if export_format == JSON_FORMAT:
        return Response(await desk.do(request, make(None)), media_type=export.media_type)
    return await answered_by_file(
        desk, request, lambda path: make(ExportTo(export_format, path)), export.file_name, export.media_type
    )


async def answered_by_file(
    desk: Desk, request: Request, make: Callable[[Path], Task], file_name: str, media_type: str
) -> Response:
    """Do a task, and answer with the file that it writes, which is then removed.

    Args:
        desk: that does it.
        request: whose it is.
        make: gives the task, for the file to write.
        file_name: what the caller shall call it.
        media_type: of the file.

    Raises:
        TrackspeakError: what the task raises.
    """
    folder = temporary_folder(request.state.uploads)
    try:
        path = folder / "answer"
        await desk.do(request, make(path))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    gone = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(path, media_type=media_type, filename=file_name, background=gone)


def temporary_folder(parent: Path) -> Path:
    """Make a folder, to be removed by whoever asks.

    Raises:
        OutputError: if it cannot be made.
    """
    try:
        return Path(tempfile.mkdtemp(dir=parent))
    except OSError as error:
        raise OutputError(f"no folder can be made in {parent}: {error.strerror}") from error
