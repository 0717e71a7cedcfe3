"""What a worker process says of a job while it does it, and what it hears of it meanwhile."""

from __future__ import annotations

import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any, Final

from trackspeak.models.errors import StoppedError, TrackspeakError
from trackspeak.service.problems import without_folders
from trackspeak.service.result import Result, track_to_dict
from trackspeak.service.tasks import Also, News, Stop

from .job import Progress

_NEWS_S: Final = 0.5
_MOST_PREVIEWED: Final = 20
"""Tracks of each sentence in what is told before the end."""


class Teller:
    """Tells the service how far a job is, and hears from there whether to give up.

    Args:
        connection: to the service.
        asked: sentences that came after the job was accepted, before it was begun.
    """

    def __init__(self, connection: Connection, asked: Sequence[str] = ()) -> None:
        """Say nothing yet."""
        self._connection = connection
        self._began_s = self._told_s = 0.0
        self._progress = Progress("load")
        self._found: dict[str, Any] = {"frames_done": 0, "queries": []}
        self._refused: list[dict[str, str]] = []
        self._asked = list(asked)

    def stage(self, name: str) -> None:
        """Say that a stage begins.

        Raises:
            StoppedError: if the job is to be given up.
        """
        self._began_s = time.monotonic()
        self._tell(Progress(name, self._progress.frames_done, self._progress.frames_total), at_once=True)

    def watched(self, done: int, total: int | None) -> None:
        """Say how many frames were watched.

        Raises:
            StoppedError: if the job is to be given up.
        """
        spent_s = time.monotonic() - self._began_s
        eta_s = round(spent_s / done * max(0, total - done), 1) if total and done else None
        self._tell(Progress("watch", done, total, eta_s))

    def found(self, result: Result) -> None:
        """Say what is found so far."""
        self._found = _preview(result)
        self._tell_found()

    def asked(self) -> list[str]:
        """Give what was asked since this was called last."""
        asked, self._asked = self._asked, []
        return asked

    def refuse(self, text: str, error: TrackspeakError) -> None:
        """Say that what was asked meanwhile cannot be answered; the job goes on."""
        self._refused.append({"query": text, "code": error.code, "detail": without_folders(str(error))})
        self._tell_found()

    def _tell_found(self) -> None:
        self._connection.send(News(self._progress, {**self._found, "refused": list(self._refused)}))

    def _hear(self) -> None:
        """Take what the service has to say.

        Raises:
            StoppedError: if the job is to be given up.
        """
        while self._connection.poll():
            message = self._connection.recv()
            if isinstance(message, Stop):
                raise StoppedError("the job was cancelled")
            if isinstance(message, Also):
                self._asked += message.queries

    def _tell(self, progress: Progress, *, at_once: bool = False) -> None:
        self._progress = progress
        self._hear()
        now_s = time.monotonic()
        if at_once or now_s - self._told_s >= _NEWS_S:
            self._told_s = now_s
            self._connection.send(News(progress))


def _preview(result: Result) -> dict[str, Any]:
    """Give the tracks that are found so far, without their boxes."""
    queries = []
    for answer in result.queries:
        tracks = [{**track_to_dict(track), "boxes": []} for track in answer.tracks[:_MOST_PREVIEWED]]
        for track in tracks:
            del track["boxes"]
        queries.append({"query": answer.query, "tracks": tracks})
    return {"frames_done": result.video.frames, "queries": queries}
