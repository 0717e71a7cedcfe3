"""What a job is, what it is to do, and what is told of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from trackspeak.service.options import RunOptions, parse_run_options
from trackspeak.service.result import plain_value
from trackspeak.service.telemetry.context import Ids

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Kind = Literal["track", "index"]

STATES: Final[tuple[State, ...]] = ("queued", "running", "succeeded", "failed", "cancelled")
ENDED: Final[tuple[State, ...]] = ("succeeded", "failed", "cancelled")
OPEN: Final[tuple[State, ...]] = ("queued", "running")


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What a job is to do.

    Attributes:
        kind: "track" answers sentences about a video, "index" watches it so that it can be asked later.
        video_id: the SHA-256 of the video.
        video_name: what the caller calls it.
        queries: the sentences; of an index those that are answered while it is made, if any.
        options: the caller's choices, as they came.
        export: the only format that is wanted, of a caller who waits for it; None: any, later.
        more: sentences that were asked since; each is answered, or refused, by itself.
        origin: the request and the span that it came from, for logs and traces.
    """

    kind: Kind
    video_id: str
    video_name: str
    queries: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    export: str | None = None
    more: tuple[str, ...] = ()
    origin: Ids = field(default_factory=Ids)

    def run_options(self) -> RunOptions:
        """Give the options as the run wants them.

        Raises:
            OptionError: if they are no options of this version.
        """
        return parse_run_options(self.options)

    @property
    def fingerprint(self) -> str:
        """The same for two jobs that would give the same."""
        return hashlib.sha256(replace(self, more=(), origin=Ids()).to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Write it as the database keeps it."""
        values = {name: getattr(self, name) for name in self.__slots__}
        values["origin"] = asdict(self.origin)
        return json.dumps(plain_value(values), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> JobRequest:
        """Read what `to_json` wrote."""
        values = json.loads(text)
        queries, more = (tuple(values.get(name, ())) for name in ("queries", "more"))
        return cls(**{**values, "queries": queries, "more": more, "origin": Ids(**values.get("origin", {}))})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Attributes:
        stage: what is done now: "load", "watch" or "answer".
        frames_done: frames watched.
        frames_total: frames that the video's header declares; None where it does not say.
        eta_s: seconds until all frames are watched, as far as one can tell.
    """

    stage: str
    frames_done: int = 0
    frames_total: int | None = None
    eta_s: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed; as errors over HTTP are told.

    Attributes:
        code: of the error.
        detail: in words, without names of the server's folders.
    """

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is now.

    Attributes:
        id: 32 hexadecimal digits.
        number: they count up in the order in which jobs were accepted.
        state: one of `STATES`.
        key_id: whose it is.
        request: what it is to do.
        video_file: the name of the job's own video file; None: it is a kept video.
        waited: whether a caller waits for it, who gets the result; it is not kept then.
        created_s: Unix time.
        started_s: when work last began.
        ended_s: when it ended.
        expires_s: when its result will be removed.
        expired: whether that happened.
        attempts: how often it was begun.
        cancel_requested: whether it is to be cancelled.
        progress: what was last told.
        error: why it failed.
    """

    id: str
    number: int
    state: State
    key_id: str
    request: JobRequest
    video_file: str | None
    waited: bool
    created_s: float
    started_s: float | None
    ended_s: float | None
    expires_s: float | None
    expired: bool
    attempts: int
    cancel_requested: bool
    progress: Progress | None
    error: JobError | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something that happened to a job.

    Attributes:
        number: counts up.
        kind: "state", "progress" or "partial".
        data: plain JSON values.
    """

    number: int
    kind: str
    data: Mapping[str, Any]


def iso_time(seconds: float | None) -> str | None:
    """Give a Unix time as ISO 8601 in UTC; None stays None."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
