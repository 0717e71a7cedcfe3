"""What the trackers of libraries share behind the tracker contract."""

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
Embeddings = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LibraryOptions:
    """Options of every tracker of these libraries.

    Attributes:
        lost_track_s: seconds for which a track that is not found is kept.
        boxes: "detected" gives each track its detection's own box, "smoothed" the motion model's.
    """

    lost_track_s: Annotated[float, Ge(0)] = 1.0
    boxes: Literal["detected", "smoothed"] = "detected"


OptionsT = TypeVar("OptionsT", bound=LibraryOptions)


@dataclass(frozen=True, slots=True)
class Found:
    """What a library gives for a frame, in any order.

    Attributes:
        track_ids: (N,) int64, from 1.
        rows: (N,) the detection that each track was found in.
        smoothed_xyxy: (N, 4) float32, as the motion models have them; None where they are not asked for.
    """

    track_ids: npt.NDArray[np.int64]
    rows: npt.NDArray[np.intp]
    smoothed_xyxy: npt.NDArray[np.float32] | None


class LibraryTracker(Generic[OptionsT]):
    """A tracker of a library: its own options go to it by their names.

    Attributes:
        library_class: the name of the library's class.
    """

    library_class: ClassVar[str]
    requirements: ClassVar[Requirements]

    def __init__(self, options: OptionsT) -> None:
        """Take the options, and import a library that may not be there.

        Raises:
            PluginError: if the library is not installed.
        """
        self._options = options
        self._tracker: Any = None
        self._import()

    @property
    def weights(self) -> dict[str, str]:
        """It reads no weights: embeddings are given to it."""
        return {}

    def reset(self, stream: StreamInfo) -> None:
        """Begin a new video, with a tracker of its own and ids from 1."""
        self._tracker = self._begin(stream)

    def update(
        self,
        frame: Frame,
        detections: Detections,
        embeddings: Embeddings | None = None,
    ) -> TrackedFrame:
        """Give the confirmed tracks of a frame by rising id.

        Raises:
            ContractError: if no video was begun, or embeddings are wanted and are not one vector per box.
        """
        if self._tracker is None:
            raise ContractError("reset(stream) must come before update")
        if self.requirements.embeddings:
            check_embeddings(embeddings, len(detections))
        else:
            embeddings = None
        found = self._advance(frame, detections, embeddings)
        order = np.argsort(found.track_ids)
        rows = found.rows[order]
        return TrackedFrame(
            frame.index,
            frame.time_s,
            detections.boxes_xyxy[rows] if found.smoothed_xyxy is None else found.smoothed_xyxy[order],
            found.track_ids[order],
            detections.scores[rows],
            tuple(detections.class_names[kind] for kind in detections.class_ids[rows].tolist()),
        )

    def warnings(self) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def _import(self) -> None:
        """Import a library that may not be there.

        Raises:
            PluginError: if it is not installed.
        """

    def _begin(self, stream: StreamInfo) -> Any:
        """Make the library's tracker."""
        raise NotImplementedError

    def _advance(self, frame: Frame, detections: Detections, embeddings: Embeddings | None) -> Found:
        """Give the library a frame, also one without boxes."""
        raise NotImplementedError

    @property
    def _smooths(self) -> bool:
        """Whether the motion models' boxes are asked for."""
        return self._options.boxes == "smoothed"

    def _frames_kept(self, stream: StreamInfo) -> int:
        """Give the frames in which a track may go unfound."""
        return round(self._options.lost_track_s * stream.frame_rate)

    def _own_options(self) -> dict[str, Any]:
        """Give the options that the library knows, by its names."""
        shared = {field.name for field in fields(LibraryOptions)}
        names = [field.name for field in fields(self._options) if field.name not in shared]
        return {name: getattr(self._options, name) for name in names}


def check_embeddings(embeddings: Embeddings | None, count: int) -> None:
    """Check that there is one embedding per box: libraries take NaN, and give ids at random then.

    Raises:
        ContractError: with what is wrong; None is only right where there is no box.
    """
    if embeddings is None:
        if count:
            raise ContractError(f"embeddings must be given, one row for each of {count} boxes, got None")
        return
    if embeddings.ndim != 2 or len(embeddings) != count:
        raise ContractError(f"embeddings must have shape ({count}, any), got {embeddings.shape}")
    squares = np.einsum("ij,ij->i", embeddings, embeddings)
    right = (squares > 0) & (squares < np.inf)  # NaN is neither
    if not right.all():
        row = int(np.flatnonzero(~right)[0])
        raise ContractError(f"embeddings must have finite lengths above 0, got {squares[row] ** 0.5} in row {row}")


def uncrossed(boxes_xyxy: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Give (N, 4) boxes; where a motion model has let two sides cross or meet, they are put around their middle."""
    first, last = boxes_xyxy[:, :2], boxes_xyxy[:, 2:]
    if (first < last).all():
        return boxes_xyxy
    middle = (first + last) / 2
    below, above = (np.nextafter(middle, np.float32(end)) for end in (-np.inf, np.inf))
    return np.concatenate([np.minimum(first, below), np.maximum(last, above)], axis=1)
