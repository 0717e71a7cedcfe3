"""What the trackers of Roboflow's library `trackers` share behind the tracker contract."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from trackspeak.models.errors import ContractError
from trackspeak.plugins.contract import Detections, Frame, Requirements, StreamInfo, TrackedFrame

Share = Annotated[float, Ge(0), Le(1)]
Count = Annotated[int, Ge(1)]

_BUFFER_RATE = 30.0
"""The library counts its buffer in frames of a video of this rate, and scales it by the frame rate it is told."""

_ROW = "row"


@dataclass(frozen=True, slots=True)
class RoboflowOptions:
    """Options of every tracker of the library.

    Attributes:
        lost_track_s: seconds for which a track that is not found is kept.
        boxes: "detected" gives each track its detection's own box, "smoothed" the motion model's.
    """

    lost_track_s: Annotated[float, Ge(0)] = 1.0
    boxes: Literal["detected", "smoothed"] = "detected"


@dataclass(frozen=True, slots=True)
class ThreeRoundOptions(RoboflowOptions):
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


OptionsT = TypeVar("OptionsT", bound=RoboflowOptions)


class RoboflowTracker(Generic[OptionsT]):
    """A tracker of the library: its own options go to it by their names.

    Attributes:
        library_class: the name of the library's class.
    """

    library_class: ClassVar[str]
    requirements: ClassVar[Requirements] = Requirements()

    def __init__(self, options: OptionsT) -> None:
        """Take the options."""
        self._options = options
        self._tracker: Any = None

    @property
    def weights(self) -> dict[str, str]:
        """It reads no weights."""
        return {}

    def reset(self, stream: StreamInfo) -> None:
        """Begin a new video, with a tracker of its own and ids from 1."""
        import trackers

        shared = {field.name for field in fields(RoboflowOptions)}
        own = {field.name for field in fields(self._options)} - shared
        self._tracker = getattr(trackers, self.library_class)(
            lost_track_buffer=round(self._options.lost_track_s * _BUFFER_RATE),
            frame_rate=stream.frame_rate,
            **{name: getattr(self._options, name) for name in sorted(own)},
        )

    def update(
        self,
        frame: Frame,
        detections: Detections,
        embeddings: npt.NDArray[np.float32] | None = None,  # noqa: ARG002 - the contract's, not used here
    ) -> TrackedFrame:
        """Give the confirmed tracks of a frame by rising id.

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
        found = self._tracker.update(given, self._pixels(frame))
        ids = np.asarray(found.tracker_id, np.int64)
        # the library reorders rows, and gives boxes of unconfirmed tracks the id -1
        rows = np.asarray(found.data.get(_ROW, ()), np.int64)
        confirmed = np.flatnonzero(ids >= 0)
        order = confirmed[np.argsort(ids[confirmed])]
        rows, ids = rows[order], ids[order]
        return TrackedFrame(
            frame.index,
            frame.time_s,
            detections.boxes_xyxy[rows] if self._options.boxes == "detected" else self._smoothed(ids),
            ids + 1,
            detections.scores[rows],
            tuple(detections.class_names[kind] for kind in detections.class_ids[rows]),
        )

    def warnings(self) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def _pixels(self, frame: Frame) -> npt.NDArray[np.uint8] | None:  # noqa: ARG002 - for those that look at them
        """What the library is shown of a frame: nothing, unless a tracker looks at pixels."""
        return None

    def _smoothed(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Give (N, 4) boxes of tracks as their motion models have them."""
        models = {track.tracker_id: track for track in self._tracker.tracks}
        boxes = [models[track_id].get_state_bbox() for track_id in ids.tolist()]
        return np.array(boxes, np.float32).reshape(-1, 4)  # (N, 4), also where N is 0
