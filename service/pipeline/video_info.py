"""What is known of a video before, while and after it is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from trackspeak.plugins.contract import Frame, StreamInfo


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is known when a video is opened.

    Attributes:
        width: pixels of the upright frame (rotation metadata applied; the pixels are those stored, a sample
            aspect ratio is not).
        height: pixels of the upright frame.
        frame_rate: nominal frames per second; the times of frames are in `Frame.time_s`.
        declared_frames: what the header says, None where it does not.
        declared_duration_s: seconds that the header says, None where it does not.
    """

    width: int
    height: int
    frame_rate: float
    declared_frames: int | None = None
    declared_duration_s: float | None = None

    @property
    def stream(self) -> StreamInfo:
        """What detectors and trackers are told."""
        return StreamInfo(self.width, self.height, self.frame_rate)


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What is known after a full pass.

    Attributes:
        frames: decoded frames.
        frame_rate: nominal frames per second.
        width: pixels of the upright frame.
        height: pixels of the upright frame.
        duration_s: from the first frame's time to the end of the last.
        sha256: of the file; of a folder, over the sorted names and bytes of its images.
    """

    frames: int
    frame_rate: float
    width: int
    height: int
    duration_s: float
    sha256: str


@dataclass(slots=True)
class PassReport:
    """What one pass over a video found out; filled while its frames are read.

    Attributes:
        frames: frames given so far.
        end_s: time at which the last of them ends.
        warnings: what the user should know.
    """

    frames: int = 0
    end_s: float = 0.0
    warnings: list[str] = field(default_factory=list)


class Source(Protocol):
    """A file or a folder of images that frames are read from, any number of times."""

    @property
    def info(self) -> VideoInfo:
        """What is known without a full pass."""

    def read(self, report: PassReport) -> Iterator[Frame]:
        """Give all frames from the first on, filling `report` on the way."""

    def sha256(self) -> str:
        """The hash of the content, as hexadecimal digits."""
