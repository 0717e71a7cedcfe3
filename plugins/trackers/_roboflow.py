"""What the trackers of Roboflow's library `trackers` share behind the tracker contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Detections, Frame, Requirements, StreamInfo

from ._library import Count, Embeddings, Found, LibraryOptions, LibraryTracker, OptionsT, Share

_BUFFER_RATE = 30.0
"""The library counts its buffer in frames of a video of this rate, and scales it by the frame rate it is told."""

_ROW = "row"


@dataclass(frozen=True, slots=True)
class ThreeRoundOptions(LibraryOptions):
    """Options of the trackers that match in three rounds: sure boxes, unsure ones, tracks that do not count yet.

    Attributes:
        track_activation_threshold: least score of a box that begins a track.
        minimum_consecutive_frames: frames in a row before a track counts.
        minimum_iou_threshold_first_assoc: least overlap times score in the first round.
        minimum_iou_threshold_second_assoc: the same in the second round, of boxes with low scores.
        minimum_iou_threshold_unconfirmed_assoc: the same for tracks that do not count yet.
        high_conf_det_threshold: score from which a box is matched in the first round.
    """

    track_activation_threshold: Share = 0.7
    minimum_consecutive_frames: Count = 2
    minimum_iou_threshold_first_assoc: Share = 0.2
    minimum_iou_threshold_second_assoc: Share = 0.5
    minimum_iou_threshold_unconfirmed_assoc: Share = 0.3
    high_conf_det_threshold: Share = 0.6


class RoboflowTracker(LibraryTracker[OptionsT]):
    """A tracker of the library."""

    requirements: ClassVar[Requirements] = Requirements()

    def _begin(self, stream: StreamInfo) -> Any:
        import trackers

        return getattr(trackers, self.library_class)(
            lost_track_buffer=round(self._options.lost_track_s * _BUFFER_RATE),
            frame_rate=stream.frame_rate,
            **self._own_options(),
        )

    def _advance(
        self,
        frame: Frame,
        detections: Detections,
        embeddings: Embeddings | None,  # noqa: ARG002 - the library knows none
    ) -> Found:
        import supervision

        given = supervision.Detections(
            xyxy=detections.boxes_xyxy.copy(),
            confidence=detections.scores.copy(),
            class_id=detections.class_ids.astype(int),
            data={_ROW: np.arange(len(detections))},
        )
        found = self._tracker.update(given, self._pixels(frame))
        ids = np.asarray(found.tracker_id, np.int64)
        # the library reorders rows, and gives boxes of unconfirmed tracks the id -1
        rows = np.asarray(found.data.get(_ROW, ()), np.int64)
        confirmed = np.flatnonzero(ids >= 0)
        rows, ids = rows[confirmed], ids[confirmed]
        return Found(ids + 1, rows, self._smoothed(ids) if self._smooths else None)

    def _pixels(self, frame: Frame) -> npt.NDArray[np.uint8] | None:  # noqa: ARG002 - for those that look at them
        """What the library is shown of a frame: nothing, unless a tracker looks at pixels."""
        return None

    def _smoothed(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Give (N, 4) boxes of tracks as their motion models have them."""
        models = {track.tracker_id: track for track in self._tracker.tracks}
        boxes = [models[track_id].get_state_bbox() for track_id in ids.tolist()]
        return np.array(boxes, np.float32).reshape(-1, 4)  # (N, 4), also where N is 0
