"""Fixtures of the service's tests: tiny clips, a result to write, databases."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import postgres_server
import pytest

from trackspeak.plugins.contract import ReferredTrack, ReferredTracks, Span, Trajectory
from trackspeak.service.pipeline.video_info import VideoFacts
from trackspeak.service.result import PluginUse, Result
from trackspeak.service.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

NUMBERS = count()
Image = npt.NDArray[np.uint8]


def quadrants(index: int, width: int = 64, height: int = 48) -> Image:
    """Red, green, blue and white quarters (upper left, upper right, lower left, lower right), darker every frame."""
    image = np.zeros((height, width, 3), np.uint8)
    top, left = height // 2, width // 2
    image[:top, :left], image[:top, left:] = (230, 20, 20), (20, 230, 20)
    image[top:, :left], image[top:, left:] = (20, 20, 230), (230, 230, 230)
    return (image * (1 - 0.02 * (index % 20))).astype(np.uint8)


@dataclass(frozen=True)
class ClipMaker:
    """Makes clips with PyAV in the test's own folder."""

    folder: Path

    def __call__(
        self,
        name: str,
        *,
        codec: str = "libx264",
        pix_fmt: str = "yuv420p",
        frames: int = 10,
        size: tuple[int, int] = (64, 48),
        rate: int = 25,
        stamps_ms: Sequence[int] | None = None,
        rotation: float | None = None,
        mirrored: bool = False,
        options: dict[str, str] | None = None,
        draw: Callable[[int, int, int], Image] = quadrants,
    ) -> Path:
        import av

        path = self.folder / name
        with av.open(str(path), "w", options=options or {}) as container:
            stream = container.add_stream(codec, rate=rate)
            stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
            stream.options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
            if rotation is not None:
                stream.set_display_rotation(rotation, hflip=mirrored)
            if stamps_ms is not None:
                stream.codec_context.time_base = Fraction(1, 1000)
            container.start_encoding()
            for index in range(frames):
                frame = av.VideoFrame.from_ndarray(draw(index, *size), format="rgb24").reformat(format=pix_fmt)
                frame.pts = index if stamps_ms is None else stamps_ms[index]
                frame.time_base = Fraction(1, rate) if stamps_ms is None else Fraction(1, 1000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path


@pytest.fixture
def make_clip(tmp_path: Path) -> ClipMaker:
    """Make a clip: `make_clip("a.mp4", frames=5)` gives its path."""
    return ClipMaker(tmp_path)


@pytest.fixture
def make_track() -> Callable[..., ReferredTrack]:
    """Make a referred track of id, first frame, last frame and score; its box moves right."""

    def make(track_id: int, first: int, last: int, score: float = 0.75) -> ReferredTrack:
        frames = np.arange(first, last + 1)
        boxes = np.stack([10.0 + frames, 0 * frames + 8.5, 30.0 + frames, 0 * frames + 28.25], axis=1)
        scores = np.full(len(frames), score, np.float32)
        span = Span(first, last, score)
        return ReferredTrack(track_id, "object", score, (span,), frames, frames / 25, boxes.astype(np.float32), scores)

    return make


@pytest.fixture
def make_result(make_track: Callable[..., ReferredTrack]) -> Callable[..., Result]:
    """Make a result of a clip of ten frames, with keywords to replace its fields."""

    def make(**changes: Any) -> Result:
        track = make_track(3, 2, 5)
        other = make_track(12, 0, 1)
        fields: dict[str, Any] = {
            "video": VideoFacts(10, 25.0, 64, 48, 0.4, "ab" * 32),
            "profile": "embedded",
            "plugins": {
                "detector": None,
                "tracker": PluginUse("from_file", {"path": Path("tracks.txt"), "ages": (1, 2)}),
            },
            "weights": {"embedded/kum": "cd" * 32},
            "score_kind": "probability",
            "timings_s": {"decode": 0.12345678},
            "warnings": ("a word was never trained: zebra",),
            "first_frame": 1,
            "queries": (ReferredTracks("the red car", (track,)), ReferredTracks("a bus", ())),
            "trajectories": tuple(
                Trajectory(t.track_id, t.class_name, t.frame_indices, t.times_s, t.boxes_xyxy, t.frame_scores)
                for t in (track, other)
            ),
        }
        return Result(**(fields | changes))

    return make


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The folder of the socket of a server that runs for all tests."""
    reason = postgres_server.missing()
    if reason is not None:
        pytest.skip(reason)
    with postgres_server.running_server() as folder:
        yield folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings whose database is still to be made: SQLite, and PostgreSQL where it is installed."""
    data = tmp_path / "data"
    if request.param == "sqlite":
        return Settings(data=data)
    name = f"test{next(NUMBERS)}"
    return Settings(data=data, database_url=postgres_server.make_database(request.getfixturevalue("postgresql"), name))


@pytest.fixture
def engine(database_settings: Settings) -> Iterator["Engine"]:
    """An open database."""
    from trackspeak.service.database.engine import open_database

    opened = open_database(database_settings)
    yield opened
    opened.dispose()
