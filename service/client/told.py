"""What a service tells of videos and jobs, as dataclasses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from trackspeak.models.errors import ServerError

from .reading import field, field_or_none, list_in, object_in

ENDED: Final = ("succeeded", "failed", "cancelled")
"""States after which nothing more happens to a job."""


@dataclass(frozen=True, slots=True)
class Video:
    """A video that a service knows.

    Attributes:
        id: the SHA-256 of its file.
        name: what people call it.
        labels: what people said of it.
        frames: decoded, or as the header says; None where it does not.
        indexes: ids of its indexes.
    """

    id: str
    name: str
    labels: tuple[str, ...]
    frames: int | None
    indexes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as it was when it was asked for.

    Attributes:
        id: of the job.
        kind: "track" or "index".
        state: "queued", "running", "succeeded", "failed" or "cancelled".
        video: the SHA-256 of the video.
        frames_done: frames watched.
        frames_total: as the header says; None where it does not.
        error_code: why it failed; None where it did not.
        error_detail: the same in words.
    """

    id: str
    kind: str
    state: str
    video: str
    frames_done: int
    frames_total: int | None
    error_code: str | None
    error_detail: str | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job.

    Attributes:
        number: counts up.
        kind: "state", "progress" or "partial".
        data: plain JSON values.
    """

    number: int
    kind: str
    data: Mapping[str, Any]


def read_video(value: object) -> Video:
    """Read a video.

    Raises:
        ServerError: if something is missing, or not what it must be.
    """
    values = object_in(value, "a video")
    return Video(
        field(values, "id", str),
        field(values, "name", str),
        tuple(str(label) for label in field(values, "labels", list)),
        field_or_none(values, "frames", int),
        tuple(field(index, "id", str) for index in list_in(values, "indexes")),
    )


def read_job(value: object) -> JobStatus:
    """Read a job.

    Raises:
        ServerError: if something is missing, or not what it must be.
    """
    values = object_in(value, "a job")
    progress = values.get("progress") or {}
    error = values.get("error") or {}
    return JobStatus(
        field(values, "id", str),
        field(values, "kind", str),
        field(values, "state", str),
        field(values, "video", str),
        field_or_none(progress, "frames_done", int) or 0,
        field_or_none(progress, "frames_total", int),
        field_or_none(error, "code", str),
        field_or_none(error, "detail", str),
    )


class EventReader:
    """Reads server-sent events line by line (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._fields: dict[str, str] = {}

    def take(self, line: str) -> Event | None:
        """Take a line; gives an event where one ends with it.

        Raises:
            ServerError: if it is no event of a job.
        """
        if line:
            name, _, value = line.partition(":")
            if name:  # a line that begins with a colon is a comment
                self._fields[name] = value.removeprefix(" ")
            return None
        fields, self._fields = self._fields, {}
        if "data" not in fields:
            return None
        try:
            data = object_in(json.loads(fields["data"]), "an event")
            return Event(int(fields["id"]), fields["event"], data)
        except (ValueError, KeyError) as error:
            raise ServerError(f"the service must send events with id, event and data as JSON: {error}") from None

    def read(self, lines: Iterable[str]) -> Iterator[Event]:
        """Give the events of all lines."""
        for line in lines:
            event = self.take(line)
            if event is not None:
                yield event
