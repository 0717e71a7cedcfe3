"""Boxes around whatever moves in front of a camera that stands still."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from trackspeak.models.errors import ContractError, OptionError
from trackspeak.plugins.contract import Detections, Frame, Requirements, StreamInfo

from .motion_scene import Scene

_CLASS_NAMES = ("object",)


@dataclass(frozen=True, slots=True)
class MotionOptions:
    """Options of the motion detector.

    Attributes:
        lookahead_s: seconds of video that make the first background, above 0.
        work_width: frames wider than this many pixels, at least 64, are looked at in this width.
        sensitivity: above 1 finds fainter things, and more noise; above 0.
        min_area: the smallest box, as a share of the frame's area, in [0, 1).
        max_area: the largest box, as a share of the frame's area, in (0, 1].
        parked_s: what has not moved for so many seconds becomes background; above 0.
    """

    lookahead_s: float = 6.0
    work_width: int = 480
    sensitivity: float = 1.0
    min_area: float = 0.001
    max_area: float = 0.7
    parked_s: float = 20.0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            OptionError: naming the option, what was wanted and what came.
        """
        for name in ("lookahead_s", "sensitivity", "parked_s"):
            if not 0 < getattr(self, name) < float("inf"):
                raise OptionError(f"{name} must be above 0 and finite, got {getattr(self, name)}")
        if self.work_width < 64:
            raise OptionError(f"work_width must be at least 64, got {self.work_width}")
        if not 0 <= self.min_area < self.max_area <= 1:
            raise OptionError(f"0 <= min_area < max_area <= 1 must hold, got {self.min_area} and {self.max_area}")


class MotionDetector:
    """Finds what moves, by background subtraction, where the camera stands still."""

    Options: ClassVar[type[MotionOptions]] = MotionOptions
    requirements: ClassVar[Requirements] = Requirements(pixels=True, static_camera=True)

    def __init__(self, options: MotionOptions | None = None) -> None:
        """Take the options, or the defaults."""
        self._options = MotionOptions() if options is None else options
        self._scene: Scene | None = None

    @property
    def lookahead_s(self) -> float:
        """Seconds of video that `prepare` wants to see."""
        return self._options.lookahead_s

    @property
    def weights(self) -> dict[str, str]:
        """It reads no weights."""
        return {}

    def reset(self, stream: StreamInfo) -> None:
        """Forget everything and begin a new video."""
        options = self._options
        self._scene = Scene(
            stream,
            lookahead_s=options.lookahead_s,
            work_width=options.work_width,
            sensitivity=options.sensitivity,
            area_range=(options.min_area, options.max_area),
            parked_s=options.parked_s,
        )

    def prepare(self, frames: Iterable[Frame]) -> None:
        """Find the background; without this the first frame is taken for it.

        Raises:
            ContractError: if no video was begun, or a frame has not the video's size.
        """
        self._begun().look_ahead(frames)

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """Box what moves in consecutive frames.

        Returns:
            One `Detections` per frame. A score is the mean of how much of the box is filled and how
            strongly its area differs from the background.

        Raises:
            ContractError: if no video was begun, or a frame has not the video's size.
        """
        scene = self._begun()
        return [_detections(*scene.look(frame)) for frame in frames]

    def warnings(self) -> tuple[str, ...]:
        """Whether the camera shook or moved."""
        return () if self._scene is None else self._scene.warnings()

    def _begun(self) -> Scene:
        if self._scene is None:
            raise ContractError("reset(stream) must come before prepare and detect")
        return self._scene


def _detections(boxes: Sequence[tuple[float, float, float, float]], scores: Sequence[float]) -> Detections:
    return Detections(
        np.asarray(boxes, np.float32).reshape(-1, 4),  # (N, 4), also where N is 0
        np.asarray(scores, np.float32),
        np.zeros(len(scores), np.int64),
        _CLASS_NAMES,
    )
