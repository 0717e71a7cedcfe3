"""Files to keep, and a clock that the test turns."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from trackspeak.service.pipeline.video_info import VideoInfo
from trackspeak.service.videos.kept import NewVideo


@dataclass
class Clock:
    """Gives the time that the test says."""

    now_s: float = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def come(tmp_path: Path) -> Callable[..., NewVideo]:
    """Let a file come in: `come(b"bytes")`."""

    def make(content: bytes, name: str = "street.mp4") -> NewVideo:
        folder = tmp_path / "in"
        folder.mkdir(exist_ok=True)
        path = folder / "video.mp4"
        path.write_bytes(content)
        return NewVideo(path, hashlib.sha256(content).hexdigest(), name, VideoInfo(64, 48, 25.0, 10, 0.4))

    return make
