"""Replays the tracks of a MOTChallenge result file: bring your own tracker's output."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, MinLen

from trackspeak.plugins.contract import Detections, Frame, Requirements, StreamInfo, TrackedFrame
from trackspeak.plugins.mot_files import read_mot, rows_beyond, unit_scores


@dataclass(frozen=True, slots=True)
class FileTrackerOptions:
    """Options of the tracker `from_file`.

    Attributes:
        path: a tracking result or ground truth: frame,id,x,y,width,height,score per line; where the scores
            do not all lie in [0, 1], the lowest becomes 0 and the highest 1.
        first_frame: the number that the file gives to the video's first frame; MOTChallenge 1, KITTI 0.
        class_name: the class of every track.
    """

    path: Path
    first_frame: Annotated[int, Ge(0)] = 1
    class_name: Annotated[str, MinLen(1)] = "object"


class FileTracker:
    """Tracks from a MOTChallenge result file; needs no detector."""

    Options: ClassVar[type[FileTrackerOptions]] = FileTrackerOptions
    requirements: ClassVar[Requirements] = Requirements(detections=False)

    def __init__(self, options: FileTrackerOptions) -> None:
        """Read the file, once.

        Raises:
            FileFormatError: naming the line that is wrong.
        """
        self._table = read_mot(options.path, options.first_frame, tracks=True)
        self._scores = unit_scores(self._table.scores)
        self._class_name = options.class_name
        self._name = options.path.name
        self._last_frame = -1
        self._frame_stride = 1

    @property
    def weights(self) -> dict[str, str]:
        """It reads no weights."""
        return {}

    def reset(self, stream: StreamInfo) -> None:
        """Begin a new video."""
        self._last_frame = -1
        self._frame_stride = stream.frame_stride

    def update(
        self,
        frame: Frame,
        detections: Detections,  # noqa: ARG002 the file has the boxes
        embeddings: npt.NDArray[np.float32] | None = None,  # noqa: ARG002
    ) -> TrackedFrame:
        """Give the file's tracks of this frame, in the file's order."""
        self._last_frame = max(self._last_frame, frame.index)
        rows = self._table.rows_of(frame.index)
        return TrackedFrame(
            frame.index,
            frame.time_s,
            self._table.boxes_xyxy[rows].copy(),
            self._table.track_ids[rows].copy(),
            self._scores[rows].copy(),
            (self._class_name,) * (rows.stop - rows.start),
        )

    def warnings(self) -> tuple[str, ...]:
        """Report boxes after the video's end: file and video may not belong together, or count differently."""
        last = self._last_frame + self._frame_stride - 1  # what comes between two that are looked at may be there
        return rows_beyond(self._table, last, self._name)
