"""ByteTrack, from the library `trackers`, behind the tracker contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import ContractError, OptionError
from trackspeak.plugins.contract import Detections, Frame, Requirements, StreamInfo, TrackedFrame

if TYPE_CHECKING:
    import trackers

_ROW = "row"


@dataclass(frozen=True, slots=True)
class ByteTrackOptions:
    """Options of ByteTrack, as the library names them, but for times in seconds.

    Attributes:
        lost_track_s: seconds for which a track that is not found is kept, at least 0.
        track_activation_threshold: least score of a box that begins a track, in [0, 1].
        minimum_consecutive_frames: frames in a row before a track counts, at least 1.
        minimum_iou_threshold: least overlap of a box with where its track should be, in [0, 1].
        high_conf_det_threshold: score from which a box is matched in the first round, in [0, 1].
    """

    lost_track_s: float = 1.0
    track_activation_threshold: float = 0.5
    minimum_consecutive_frames: int = 3
    minimum_iou_threshold: float = 0.1
    high_conf_det_threshold: float = 0.5

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            OptionError: naming the option, what was wanted and what came.
        """
        for name in ("track_activation_threshold", "minimum_iou_threshold", "high_conf_det_threshold"):
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        if not 0 <= self.lost_track_s < float("inf"):
            raise OptionError(f"lost_track_s must be at least 0 and finite, got {self.lost_track_s}")
        if self.minimum_consecutive_frames < 1:
            raise OptionError(f"minimum_consecutive_frames must be at least 1, got {self.minimum_consecutive_frames}")


class ByteTrackTracker:
    """ByteTrack: overlap with a motion model's guess, confident boxes first; needs no pixels."""

    Options: ClassVar[type[ByteTrackOptions]] = ByteTrackOptions
    requirements: ClassVar[Requirements] = Requirements()

    def __init__(self, options: ByteTrackOptions | None = None) -> None:
        """Take the options, or the defaults."""
        self._options = ByteTrackOptions() if options is None else options
        self._tracker: trackers.ByteTrackTracker | None = None

    @property
    def weights(self) -> dict[str, str]:
        """It reads no weights."""
        return {}

    def reset(self, stream: StreamInfo) -> None:
        """Begin a new video, with a tracker of its own and ids from 1."""
        from trackers import ByteTrackTracker as Library

        options = self._options
        self._tracker = Library(
            # the library counts its buffer in frames of a 30 fps video and scales it by the frame rate
            lost_track_buffer=round(options.lost_track_s * 30),
            frame_rate=stream.frame_rate,
            track_activation_threshold=options.track_activation_threshold,
            minimum_consecutive_frames=options.minimum_consecutive_frames,
            minimum_iou_threshold=options.minimum_iou_threshold,
            high_conf_det_threshold=options.high_conf_det_threshold,
        )

    def update(
        self,
        frame: Frame,
        detections: Detections,
        embeddings: npt.NDArray[np.float32] | None = None,  # noqa: ARG002 - the contract's, not used here
    ) -> TrackedFrame:
        """Give the confirmed tracks of a frame, each with its detection's own box, by rising id.

        Raises:
            ContractError: if no video was begun.
        """
        import supervision

        if self._tracker is None:
            raise ContractError("reset(stream) must come before update")
        given = supervision.Detections(
            xyxy=detections.boxes_xyxy.copy(),
            confidence=detections.scores.copy(),
            class_id=detections.class_ids.astype(int),
            data={_ROW: np.arange(len(detections))},
        )
        found = self._tracker.update(given)
        ids = np.asarray(found.tracker_id, np.int64)
        # the library reorders rows, and gives boxes of unconfirmed tracks the id -1
        rows = np.asarray(found.data.get(_ROW, ()), np.int64)
        confirmed = np.flatnonzero(ids >= 0)
        order = confirmed[np.argsort(ids[confirmed])]
        rows, ids = rows[order], ids[order] + 1
        return TrackedFrame(
            frame.index,
            frame.time_s,
            detections.boxes_xyxy[rows],
            ids,
            detections.scores[rows],
            tuple(detections.class_names[kind] for kind in detections.class_ids[rows]),
        )

    def warnings(self) -> tuple[str, ...]:
        """Nothing."""
        return ()
