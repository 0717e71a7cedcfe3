"""A fake of each plugin of a pass, and of the video."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from trackspeak.models.errors import VideoError
from trackspeak.plugins.contract import (
    Detections,
    Frame,
    Observations,
    Phrases,
    Requirements,
    Sampling,
    Scores,
    Segments,
    StreamInfo,
    TrackedFrame,
)
from trackspeak.service.pipeline.index import Steps, index_video
from trackspeak.service.pipeline.video_info import VideoInfo
from trackspeak.service.questions import Question, parse_question

RATE = 10.0


class FakeVideo:
    """Gray frames whose level is their index."""

    def __init__(self, count: int, fails_at: int | None = None) -> None:
        self.info = VideoInfo(64, 48, RATE, count)
        self.warnings = ("a warning of the video",)
        self.count = count
        self.fails_at = fails_at
        self.passes = 0

    def frames(self):
        self.passes += 1
        for index in range(self.count):
            if index == self.fails_at:
                raise VideoError("broken here")
            yield Frame(index, index / RATE, np.full((48, 64, 3), index % 256, np.uint8))


class FakeDetector:
    """One box that moves right, and a second one from frame 20 to 39."""

    Options = type(None)
    requirements = Requirements()

    def __init__(self, lookahead_s: float = 0.0) -> None:
        self.lookahead_s = lookahead_s
        self.weights: dict[str, str] = {}
        self.prepared: list[int] = []
        self.batches: list[int] = []

    def reset(self, stream: StreamInfo) -> None:
        self.stream = stream

    def prepare(self, frames: Iterable[Frame]) -> None:
        self.prepared = [frame.index for frame in frames]

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        self.batches.append(len(frames))
        return [self._one(frame.index) for frame in frames]

    def _one(self, index: int) -> Detections:
        boxes = [[index % 40, 5, index % 40 + 10, 15]]
        if 20 <= index < 40:
            boxes.append([index % 40, 25, index % 40 + 10, 35])
        return Detections(
            np.array(boxes, np.float32), np.ones(len(boxes), np.float32), np.zeros(len(boxes), np.int64), ("thing",)
        )

    def warnings(self) -> tuple[str, ...]:
        return ("a warning of the detector",)


class FakeTracker:
    """The row of a box is its id."""

    Options = type(None)
    requirements = Requirements()

    def reset(self, stream: StreamInfo) -> None:
        self.stream = stream

    def update(self, frame: Frame, detections: Detections, embeddings=None) -> TrackedFrame:
        ids = np.arange(len(detections), dtype=np.int64) + 1
        names = tuple("thing" for _ in ids)
        return TrackedFrame(frame.index, frame.time_s, detections.boxes_xyxy, ids, detections.scores, names)

    def warnings(self) -> tuple[str, ...]:
        return ()


@dataclass
class FakeMatcher:
    """Keeps the level of each frame; a text is a number, and the score is level - number."""

    sampling = Sampling()
    Options = type(None)
    requirements = Requirements()

    def __post_init__(self) -> None:
        self.weights: dict[str, str] = {}
        self.seen: list[int] = []
        self.fails = False

    def observe(self, frames: Sequence[Frame], boxes_xyxy) -> list[Observations]:
        if self.fails:
            raise RuntimeError("no memory")
        self.seen += [frame.index for frame in frames]
        return [
            Observations(
                {"level": np.full(len(boxes), frame.rgb[0, 0, 0], np.float32), "box": boxes},
                np.zeros(len(boxes), np.int64),
                {},
                np.array([frame.index], np.int64),
            )
            for frame, boxes in zip(frames, boxes_xyxy, strict=True)
        ]

    def describe(self, texts: Sequence[str]) -> Phrases:
        return Phrases(tuple(texts), {"number": np.array([float(text) for text in texts], np.float32)})

    def score(self, observations: Observations, segments: Segments, phrases: Phrases) -> Scores:
        levels = observations.look_arrays["level"][segments.look_rows].mean(axis=1)
        return Scores((levels[:, None] - phrases.arrays["number"][None]).astype(np.float32), "cosine")


def index(video: FakeVideo, **plugins):
    parts = {"detector": FakeDetector(), "tracker": FakeTracker(), "matcher": FakeMatcher(), **plugins}
    options = {name: parts.pop(name) for name in ("frame_stride", "thumbnails") if name in parts}
    return index_video(video, Steps(**parts), 4, **options), parts


def asked(*texts: str) -> list[Question]:
    return [parse_question(text) for text in texts]
