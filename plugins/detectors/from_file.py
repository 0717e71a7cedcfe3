"""Replays the detections of a MOTChallenge file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le, MinLen

from trackspeak.plugins.contract import Detections, Frame, Requirements, StreamInfo
from trackspeak.plugins.mot_files import read_mot, rows_beyond, unit_scores

from ._images import strongest


@dataclass(frozen=True, slots=True)
class FileDetectorOptions:
    """Options of the detector `from_file`.

    Attributes:
        path: a detections file (det.txt): frame,id,x,y,width,height,score per line.
        first_frame: the number that the file gives to the video's first frame; MOTChallenge 1, KITTI 0.
        min_score: boxes below it are left out; where the file's scores do not all lie in [0, 1], its lowest
            counts as 0 and its highest as 1.
        max_detections: only so many boxes of a frame are kept, the strongest; 0 keeps all.
        class_name: the class of every box.
    """

    path: Path
    first_frame: Annotated[int, Ge(0)] = 1
    min_score: Annotated[float, Ge(0), Le(1)] = 0.0
    max_detections: Annotated[int, Ge(0)] = 0
    class_name: Annotated[str, MinLen(1)] = "object"


class FileDetector:
    """Boxes from a MOTChallenge detections file, looked up by frame."""

    Options: ClassVar[type[FileDetectorOptions]] = FileDetectorOptions
    requirements: ClassVar[Requirements] = Requirements()

    def __init__(self, options: FileDetectorOptions) -> None:
        """Read the file, once.

        Raises:
            FileFormatError: naming the line that is wrong.
        """
        self._name = options.path.name
        self._table = read_mot(options.path, options.first_frame)
        self._scores = unit_scores(self._table.scores)
        self._min_score, self._max_detections = options.min_score, options.max_detections
        self._class_names = (options.class_name,)
        self._last_frame = -1
        self._frame_stride = 1

    @property
    def lookahead_s(self) -> float:
        """Nothing needs to be seen before frame 0."""
        return 0.0

    @property
    def weights(self) -> dict[str, str]:
        """It reads no weights."""
        return {}

    def reset(self, stream: StreamInfo) -> None:
        """Begin a new video."""
        self._last_frame = -1
        self._frame_stride = stream.frame_stride

    def prepare(self, frames: Iterable[Frame]) -> None:
        """Do nothing."""

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """Give the file's boxes of each frame, in the file's order."""
        self._last_frame = max([self._last_frame, *(frame.index for frame in frames)])
        return [self._detect(frame.index) for frame in frames]

    def warnings(self) -> tuple[str, ...]:
        """Report boxes after the video's end: file and video may not belong together, or count differently."""
        last = self._last_frame + self._frame_stride - 1  # what comes between two that are looked at may be there
        return rows_beyond(self._table, last, self._name)

    def _detect(self, frame_index: int) -> Detections:
        rows = self._table.rows_of(frame_index)
        scores = self._scores[rows]
        kept = scores >= self._min_score
        class_ids = np.zeros(int(kept.sum()), np.int64)
        found = Detections(self._table.boxes_xyxy[rows][kept], scores[kept], class_ids, self._class_names)
        return strongest(found, self._max_detections)
