"""StrongSORT and Deep OC-SORT from boxmot, which is AGPL-3.0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from trackspeak.plugins.contract import Requirements, StreamInfo

from ._boxmot import BoxmotTracker
from ._library import Count, LibraryOptions, Share

_NEEDS = Requirements(pixels=True, embeddings=True, packages=("boxmot",))


@dataclass(frozen=True, slots=True)
class StrongSortOptions(LibraryOptions):
    """Options of StrongSORT, as the library names them, but for the camera.

    Attributes:
        min_conf: boxes with a lower score are left out.
        max_cos_dist: cost above which appearance and motion together do not match; it depends on what makes the
            embeddings.
        max_iou_dist: 1 - overlap above which boxes do not match.
        n_init: frames in a row before a track counts.
        nn_budget: embeddings of a track that a box is compared with, the newest.
        mc_lambda: the share of appearance in the cost; the rest is the Mahalanobis distance.
        ema_alpha: the share of the old in a track's moving average of embeddings.
        camera_motion: "ecc" aligns each frame to the one before, by its pixels; "none" is for cameras that stand still.
    """

    min_conf: Share = 0.1
    max_cos_dist: Annotated[float, Ge(0), Le(2)] = 0.2
    max_iou_dist: Share = 0.7
    n_init: Count = 3
    nn_budget: Count = 100
    mc_lambda: Share = 0.98
    ema_alpha: Share = 0.9
    camera_motion: Literal["ecc", "none"] = "ecc"


@dataclass(frozen=True, slots=True)
class DeepOcSortOptions(LibraryOptions):
    """Options of Deep OC-SORT, as the library names them.

    Attributes:
        det_thresh: boxes with this score or a lower one are left out.
        min_hits: frames in a row before a track counts.
        iou_threshold: least overlap of a box with where its track should be.
        delta_t: frames over which the direction of motion is measured.
        inertia: how much the direction of motion counts beside overlap.
        w_association_emb: how much likeness counts beside overlap.
        alpha_fixed_emb: least share of the old in a track's moving average of embeddings.
        aw_off: whether likeness counts the same where several boxes or tracks look alike.
        aw_param: share of the best likeness above which the second best lets it count less.
        cmc_off: whether the camera's own motion is left alone. Its compensation, by the frames' pixels, was seen to do
            harm, also where the camera stands still.
    """

    det_thresh: Share = 0.3
    min_hits: Count = 3
    iou_threshold: Share = 0.3
    delta_t: Count = 3
    inertia: Share = 0.2
    w_association_emb: Share = 0.5
    alpha_fixed_emb: Share = 0.95
    aw_off: bool = False
    aw_param: Annotated[float, Ge(0), Le(0.99)] = 0.5
    cmc_off: bool = True


class BoxmotStrongSort(BoxmotTracker[StrongSortOptions]):
    """StrongSORT of boxmot (AGPL-3.0); needs appearance embeddings."""

    Options: ClassVar[type[StrongSortOptions]] = StrongSortOptions
    requirements: ClassVar[Requirements] = _NEEDS
    library_class = "StrongSort"

    def _begin(self, stream: StreamInfo) -> Any:
        tracker = super()._begin(stream)
        if self._options.camera_motion == "none":
            tracker.cmc = None
        if self._options.n_init > 1:
            _begin_tentatively(tracker)
        return tracker

    def _own_options(self) -> dict[str, Any]:
        own = super()._own_options()
        del own["camera_motion"]
        return own


class BoxmotDeepOcSort(BoxmotTracker[DeepOcSortOptions]):
    """Deep OC-SORT of boxmot (AGPL-3.0): OC-SORT that compares looks too; needs appearance embeddings."""

    Options: ClassVar[type[DeepOcSortOptions]] = DeepOcSortOptions
    requirements: ClassVar[Requirements] = _NEEDS
    library_class = "DeepOcSort"

    def _smoothed(
        self,
        ids: npt.NDArray[np.int64],
        boxes_xyxy: npt.NDArray[np.float32],  # noqa: ARG002 - it gives the detections' own
    ) -> npt.NDArray[np.float32]:
        models = {track.id: track for track in self._tracker.active_tracks}
        boxes = [models[track_id].get_state()[0, :4] for track_id in ids.tolist()]
        return np.array(boxes, np.float32).reshape(-1, 4)  # (N, 4), also where N is 0


def _begin_tentatively(tracker: Any) -> None:
    """Let new tracks wait for `n_init` frames: the library lets them count at once if GITHUB_ACTIONS is "true"."""
    from boxmot.trackers.box.strongsort.track import TrackState

    begin = tracker._initiate_track

    def begin_tentatively(detection: Any) -> None:
        begin(detection)
        tracker.tracks[-1].state = TrackState.Tentative

    tracker._initiate_track = begin_tentatively
