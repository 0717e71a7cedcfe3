"""What a decoder process and the process that asks it tell each other: JSON, a message a line, over a socket.

What a decoder process says is input like any other, since a hostile file may have taken it over: nothing is unpickled,
types and lengths are checked.
"""

from __future__ import annotations

import json
import math
import socket
import time
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

from annotated_types import Ge, Gt, Lt

from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.video_info import VideoInfo

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_LONGEST_BYTES: Final = 64 * 1024
"""Of a message; a request's longest part is the path."""

Finite = Annotated[float, Gt(-math.inf), Lt(math.inf)]


@dataclass(frozen=True, slots=True)
class Request:
    """What a decoder process shall do.

    Attributes:
        path: an absolute path of a file.
        limits: of the video and of the process.
        width: pixels of the upright frames to put into the ring; 0: only look at the file.
        height: pixels of them.
        slots: of the ring.
    """

    path: str
    limits: Limits
    width: int = 0
    height: int = 0
    slots: int = 0

    @classmethod
    def from_json(cls, line: bytes) -> Request:
        """Read what `to_line` wrote; it comes from the process that asks, which is trusted."""
        values = json.loads(line)
        return cls(**{**values, "limits": Limits(**values["limits"])})


@dataclass(frozen=True, slots=True)
class Opened:
    """The file was looked at; the last message of such a request."""

    info: VideoInfo


@dataclass(frozen=True, slots=True)
class FrameReady:
    """The next slot of the ring holds a frame.

    Attributes:
        time_s: the frame's time.
        end_s: when the frame ends.
    """

    time_s: Annotated[Finite, Ge(0)]
    end_s: Finite


@dataclass(frozen=True, slots=True)
class Finished:
    """All frames were given."""

    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Refused:
    """The file is no video that is accepted.

    Attributes:
        code: of the error.
        message: its text.
    """

    code: Literal["unreadable_video", "video_over_limit"]
    message: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The decoder process has a mistake; for the log."""

    traceback: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The decoder process is gone; told by the server.

    Attributes:
        exit_code: as of `subprocess`: below 0 the number of the signal that killed it.
        peak_bytes: the largest resident size that it had.
        cpu_s: seconds that it worked.
    """

    exit_code: int
    peak_bytes: int
    cpu_s: float


Answer = Opened | FrameReady | Finished | Refused | Failed


def to_line(message: Request | Answer | Ended) -> bytes:
    """Write a message."""
    return json.dumps(asdict(message)).encode("ascii") + b"\n"


class Lines:
    """Reads lines from a socket, with a time limit for each and none longer than messages are."""

    def __init__(self, source: socket.socket) -> None:
        """Begin with nothing read."""
        self._socket = source
        self._read = b""

    def next(self, timeout_s: float | None) -> bytes | None:
        """Give the next line, None where the other side is gone.

        Raises:
            TimeoutError: if it is not whole in time.
            ValueError: if it is too long.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while b"\n" not in self._read:
            if len(self._read) > _LONGEST_BYTES:
                raise ValueError("a message is too long")
            self._socket.settimeout(None if until is None else max(until - time.monotonic(), 1e-3))
            try:
                read = self._socket.recv(_LONGEST_BYTES)
            except ConnectionError:
                read = b""
            if not read:
                return None
            self._read += read
        line, _, self._read = self._read.partition(b"\n")
        return line


def answer_of(line: bytes) -> Answer:
    """Read what a decoder process said.

    Raises:
        ValueError: if it is none of its messages.
    """
    return cast(Answer, _reader(Answer).validate_json(line))


def ended_of(line: bytes) -> Ended:
    """Read what the server said at the end.

    Raises:
        ValueError: if it is something else.
    """
    return cast(Ended, _reader(Ended).validate_json(line))


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # only the process that asks needs it

    return TypeAdapter(kind)
