"""What the trackers of ultralytics share behind the tracker contract; it is AGPL-3.0, and imported when one is made."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import PluginError
from trackspeak.plugins.contract import Detections, Frame, Requirements, StreamInfo
from trackspeak.plugins.detectors.yolo import import_ultralytics

from ._camera import as_bgr
from ._library import Embeddings, Found, LibraryOptions, LibraryTracker, OptionsT, Share, uncrossed

CameraMotion = Literal["none", "sparseOptFlow", "orb", "sift"]
"""The library's `ecc` is left out: on some frames it goes on for thousands of steps."""


@dataclass(frozen=True, slots=True)
class ByteOptions(LibraryOptions):
    """Options that all trackers of the library know, as it names them.

    Attributes:
        track_high_thresh: score from which a box is matched in the first round.
        track_low_thresh: boxes with this score or a lower one are never looked at.
        new_track_thresh: least score of a box that begins a track.
        match_thresh: 1 - overlap above which a box and a track do not match in the first round.
        fuse_score: whether overlaps count less where the box's score is low.
    """

    track_high_thresh: Share = 0.25
    track_low_thresh: Share = 0.1
    new_track_thresh: Share = 0.25
    match_thresh: Share = 0.8
    fuse_score: bool = True


class UltralyticsTracker(LibraryTracker[OptionsT]):
    """A tracker of ultralytics."""

    requirements: ClassVar[Requirements] = Requirements(packages=("ultralytics",))
    fixed: ClassVar[dict[str, Any]] = {}
    """Settings of the library that are no options."""

    def _import(self) -> None:
        try:
            import_ultralytics()
        except PluginError as error:
            raise PluginError(
                f"needs ultralytics, which cannot be imported ({error.__cause__}): pip install ultralytics "
                "(its licence is AGPL-3.0; bytetrack and botsort do without it)"
            ) from error

    def _begin(self, stream: StreamInfo) -> Any:
        from ultralytics import trackers

        settings = SimpleNamespace(**self._own_options(), **self.fixed, track_buffer=self._frames_kept(stream))
        return getattr(trackers, self.library_class)(settings)

    def _advance(self, frame: Frame, detections: Detections, embeddings: Embeddings | None) -> Found:
        given = _Boxes.of(detections)
        pixels = as_bgr(frame) if getattr(self._options, "gmc_method", "none") != "none" else None
        # x1, y1, x2, y2, id, score, class, row of the detection
        table = self._tracker.update(given, pixels, feats=embeddings).reshape(-1, 8)  # (N, 8), also where N is 0
        smoothed = uncrossed(table[:, :4]) if self._smooths else None
        return Found(table[:, 4].astype(np.int64), table[:, 7].astype(np.intp), smoothed)


@dataclass(frozen=True, slots=True)
class _Boxes:
    """N boxes under the names that the library looks for.

    Attributes:
        xyxy: (N, 4) float32.
        xywh: (N, 4) float32, centre and size.
        conf: (N,) float32.
        cls: (N,) int64.
    """

    xyxy: npt.NDArray[np.float32]
    xywh: npt.NDArray[np.float32]
    conf: npt.NDArray[np.float32]
    cls: npt.NDArray[np.int64]

    @classmethod
    def of(cls, detections: Detections) -> _Boxes:
        first, last = detections.boxes_xyxy[:, :2], detections.boxes_xyxy[:, 2:]
        xywh = np.concatenate([(first + last) / 2, last - first], axis=1)
        return cls(detections.boxes_xyxy, xywh, detections.scores, detections.class_ids)

    def __getitem__(self, rows: npt.NDArray[np.bool_]) -> _Boxes:
        return _Boxes(self.xyxy[rows], self.xywh[rows], self.conf[rows], self.cls[rows])

    def __len__(self) -> int:
        return len(self.conf)
