"""StrongSORT (Du et al. 2023, https://arxiv.org/abs/2202.13514), its part that runs frame by frame.

What it does after the video, AFLink and Gaussian-smoothed interpolation, are the postprocessors `aflink` and `gsi`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge

from trackspeak.models.errors import ContractError
from trackspeak.plugins.assignment import Rows, assign
from trackspeak.plugins.contract import Detections, Frame, Requirements, StreamInfo, TrackedFrame

from ._camera import as_bgr, camera_warnings, silence_failures
from ._kalman import BoxMotion
from ._library import Count, Share

_GATE = 9.4877
"""Squared Mahalanobis distances above it are refused: the 95 % point of chi-square with 4 degrees of freedom."""


@dataclass(frozen=True, slots=True)
class StrongSortOptions:
    """Options of StrongSORT; the numbers are those of the paper and of DeepSORT's, unless said otherwise.

    Attributes:
        min_score: boxes with a lower score are left out.
        max_distance: cost above which appearance and motion together do not match. It depends on what makes the
            embeddings: CLIP's lie close together, networks trained for re-identification far apart.
        appearance_weight: the share of appearance in that cost; the rest is the Mahalanobis distance.
        momentum: the share of the old in a track's moving average of embeddings.
        max_iou_distance: 1 - overlap above which boxes do not match; DeepSORT's 0.7 takes boxes of others.
        lost_last: match tracks that were found in the frame before first, and lost ones to what is left; the paper
            matches all at once, and a lost track, whose place is unsure, then takes boxes of others that look alike.
        overlap_frames: frames since a track was last found in which it may still be found by overlap alone.
        minimum_consecutive_frames: frames in a row before a track counts.
        lost_track_s: seconds for which a track that is not found is kept.
        camera_motion: "ecc" aligns each frame to the one before, by its pixels; "none" is for cameras that stand still.
        camera_downscale: by what the frames are shrunk for that.
        boxes: "detected" gives each track its detection's own box, "smoothed" the motion model's.
    """

    min_score: Share = 0.3
    max_distance: Annotated[float, Ge(0)] = 0.45
    appearance_weight: Share = 0.98
    momentum: Share = 0.9
    max_iou_distance: Share = 0.6
    lost_last: bool = True
    overlap_frames: Count = 1
    minimum_consecutive_frames: Annotated[int, Ge(2)] = 3
    lost_track_s: Annotated[float, Ge(0)] = 1.0
    camera_motion: Literal["ecc", "none"] = "ecc"
    camera_downscale: Count = 2
    boxes: Literal["detected", "smoothed"] = "detected"


@dataclass(slots=True)
class _Tracks:
    """All tracks, one row each.

    Attributes:
        motion: N boxes.
        features: (N, D) float32, L2-normalised moving averages.
        hits: (N,) frames in which it was found.
        missed: (N,) frames since it was found last.
        ids: (N,) int64; 0 until it counts.
    """

    motion: BoxMotion
    features: npt.NDArray[np.float32]
    hits: npt.NDArray[np.int64]
    missed: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int64]

    @classmethod
    def begin(cls, boxes_xyxy: npt.NDArray[np.float32], features: npt.NDArray[np.float32]) -> _Tracks:
        count = len(boxes_xyxy)
        missed, ids = np.zeros((2, count), np.int64)
        return cls(BoxMotion.begin(boxes_xyxy), features, np.ones(count, np.int64), missed, ids)

    def take(self, rows: npt.NDArray[np.generic]) -> _Tracks:
        return _Tracks(self.motion.take(rows), self.features[rows], self.hits[rows], self.missed[rows], self.ids[rows])

    def join(self, other: _Tracks) -> _Tracks:
        if not len(self.ids) or not len(other.ids):  # of no rows it is not known how long they are
            return self if len(self.ids) else other
        return _Tracks(
            self.motion.join(other.motion),
            np.concatenate([self.features, other.features]),
            np.concatenate([self.hits, other.hits]),
            np.concatenate([self.missed, other.missed]),
            np.concatenate([self.ids, other.ids]),
        )


class StrongSortTracker:
    """StrongSORT: boxes are joined by how things look and how they move; needs appearance embeddings."""

    Options: ClassVar[type[StrongSortOptions]] = StrongSortOptions
    requirements: ClassVar[Requirements] = Requirements(pixels=True, embeddings=True)

    def __init__(self, options: StrongSortOptions) -> None:
        """Take the options."""
        self._options = options
        self._tracks: _Tracks | None = None
        self._camera: Any = None
        self._last_id = 0
        self._kept_frames = 0.0

    @property
    def weights(self) -> dict[str, str]:
        """It reads no weights."""
        return {}

    def reset(self, stream: StreamInfo) -> None:
        """Begin a new video, with ids from 1."""
        self._tracks = _Tracks.begin(np.zeros((0, 4), np.float32), np.zeros((0, 0), np.float32))
        self._last_id = 0
        self._kept_frames = self._options.lost_track_s * stream.frame_rate
        self._camera = _camera(self._options)

    def update(
        self, frame: Frame, detections: Detections, embeddings: npt.NDArray[np.float32] | None = None
    ) -> TrackedFrame:
        """Give the tracks found in a frame, by rising id.

        Raises:
            ContractError: if no video was begun, or the embeddings are not one finite row per box.
        """
        if self._tracks is None:
            raise ContractError("reset(stream) must come before update")
        _check(embeddings, len(detections))
        given = np.flatnonzero(detections.scores >= self._options.min_score)
        boxes, scores = detections.boxes_xyxy[given], detections.scores[given]
        features = np.zeros((len(given), 0), np.float32) if embeddings is None else _unit(embeddings[given])
        tracks = self._tracks
        if self._camera is not None:
            tracks.motion = tracks.motion.warp(self._camera.estimate(as_bgr(frame)))
        tracks.motion = tracks.motion.predict()
        matched, found = self._associate(tracks, boxes, features)
        self._found(tracks, matched, boxes[found], scores[found], features[found])
        new = np.setdiff1d(np.arange(len(given)), found)
        kept = np.flatnonzero((tracks.missed == 0) | ((tracks.ids > 0) & (tracks.missed <= self._kept_frames)))
        self._tracks = tracks.take(kept).join(_Tracks.begin(boxes[new], features[new]))
        counted = np.flatnonzero(tracks.ids[matched] > 0)
        order = counted[np.argsort(tracks.ids[matched[counted]])]
        return self._report(frame, detections, given[found[order]], tracks.take(matched[order]))

    def warnings(self) -> tuple[str, ...]:
        """Say where the camera's motion could not be told."""
        return camera_warnings(self._camera)

    def _associate(
        self, tracks: _Tracks, boxes: npt.NDArray[np.float32], features: npt.NDArray[np.float32]
    ) -> tuple[Rows, Rows]:
        """Give the rows of tracks and boxes that belong together: by looks and motion, what is left by overlap."""
        import supervision

        options = self._options
        counted, lost = tracks.ids > 0, tracks.missed > 0
        rounds = (counted & ~lost, counted & lost) if options.lost_last else (counted,)
        rows, columns = np.zeros(0, np.intp), np.zeros(0, np.intp)
        for these in map(np.flatnonzero, rounds):
            free = np.setdiff1d(np.arange(len(boxes)), columns)
            more_rows, more_columns = self._by_looks(tracks.take(these), boxes[free], features[free])
            rows, columns = np.append(rows, these[more_rows]), np.append(columns, free[more_columns])
        left = np.setdiff1d(np.flatnonzero((tracks.ids == 0) | (tracks.missed < options.overlap_frames)), rows)
        boxes_left = np.setdiff1d(np.arange(len(boxes)), columns)
        overlap = supervision.box_iou_batch(tracks.motion.boxes_xyxy[left], boxes[boxes_left])
        more_rows, more_columns = assign(
            1 - overlap.reshape(len(left), len(boxes_left)), options.max_iou_distance
        )  # (tracks left, boxes left), also where there are none
        return np.concatenate([rows, left[more_rows]]), np.concatenate([columns, boxes_left[more_columns]])

    def _by_looks(
        self, tracks: _Tracks, boxes: npt.NDArray[np.float32], features: npt.NDArray[np.float32]
    ) -> tuple[Rows, Rows]:
        """Give the rows of tracks and boxes that look alike and are where they should be."""
        if not len(tracks.ids) or not len(boxes):
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        weight = self._options.appearance_weight
        motion = tracks.motion.squared_distances(boxes)
        cost = weight * (1 - tracks.features @ features.T) + (1 - weight) * motion
        return assign(np.where(motion > _GATE, np.inf, cost), self._options.max_distance)

    def _found(
        self,
        tracks: _Tracks,
        rows: npt.NDArray[np.intp],
        boxes: npt.NDArray[np.float32],
        scores: npt.NDArray[np.float32],
        features: npt.NDArray[np.float32],
    ) -> None:
        """Bring the tracks that were found up to date, and give ids to those that count from now on."""
        tracks.missed += 1
        tracks.missed[rows] = 0
        tracks.hits[rows] += 1
        tracks.motion.put(rows, tracks.motion.take(rows).update(boxes, scores))
        if len(rows):
            mixed = self._options.momentum * tracks.features[rows] + (1 - self._options.momentum) * features
            tracks.features[rows] = _unit(mixed)
        counts = tracks.hits >= self._options.minimum_consecutive_frames
        new = np.flatnonzero((tracks.ids == 0) & (tracks.missed == 0) & counts)
        tracks.ids[new] = self._last_id + 1 + np.arange(len(new))
        self._last_id += len(new)

    def _report(self, frame: Frame, given: Detections, rows: npt.NDArray[np.intp], tracks: _Tracks) -> TrackedFrame:
        return TrackedFrame(
            frame.index,
            frame.time_s,
            given.boxes_xyxy[rows] if self._options.boxes == "detected" else tracks.motion.boxes_xyxy,
            tracks.ids,
            given.scores[rows],
            tuple(given.class_names[kind] for kind in given.class_ids[rows]),
        )


def _camera(options: StrongSortOptions) -> Any:
    """Give what finds the camera's motion, or None."""
    if options.camera_motion == "none":
        return None
    from trackers.utils.cmc import CMC, CMCConfig

    silence_failures()
    return CMC(CMCConfig(method=options.camera_motion, downscale=options.camera_downscale))


def _check(embeddings: npt.NDArray[np.float32] | None, count: int) -> None:
    if embeddings is None and count:
        raise ContractError(f"embeddings must be given, one row for each of {count} boxes, got None")
    if embeddings is not None and (embeddings.ndim != 2 or len(embeddings) != count):
        raise ContractError(f"embeddings must have the shape ({count}, D), got {embeddings.shape}")
    if embeddings is not None and not np.isfinite(embeddings).all():
        raise ContractError("embeddings must be finite, got NaN or infinity")


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """L2-normalise (N, D) rows; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
