"""What the trackers of boxmot share behind the tracker contract; it is AGPL-3.0, and imported when one is made."""

from __future__ import annotations

import logging
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import PluginError
from trackspeak.plugins.contract import Detections, Frame, StreamInfo

from ._camera import as_bgr
from ._library import Embeddings, Found, LibraryTracker, OptionsT, uncrossed

VERSION = "25.0."
"""What versions must begin with: parts that are no promise of the library's are used."""


class BoxmotTracker(LibraryTracker[OptionsT]):
    """A tracker of boxmot."""

    def _import(self) -> None:
        import_boxmot()

    def _begin(self, stream: StreamInfo) -> Any:
        import boxmot

        tracker = getattr(boxmot, self.library_class)(max_age=self._frames_kept(stream), **self._own_options())
        _keep_uncrossed(tracker)
        if tracker.cmc is not None:
            _keep_going(tracker.cmc)
        return tracker

    def _advance(self, frame: Frame, detections: Detections, embeddings: Embeddings | None) -> Found:
        from boxmot.structures import Boxes
        from boxmot.structures import Detections as Given

        boxes, scores, class_ids = detections.boxes_xyxy, detections.scores, detections.class_ids
        whole: npt.NDArray[np.intp] | None = None
        has_size = boxes[:, 2:] > boxes[:, :2]
        if not has_size.all():  # the library fails on boxes without one
            whole = np.flatnonzero(has_size.all(axis=1))
            boxes, scores, class_ids = boxes[whole], scores[whole], class_ids[whole]
            embeddings = None if embeddings is None else embeddings[whole]
        # Packed arrays have no place for embeddings: the library would download weights and make its own.
        given = Given(
            geometry=Boxes(_tensor(boxes.copy())),  # others compare theirs with these
            scores=_tensor(scores),
            class_ids=_tensor(class_ids),
            sample_id=str(frame.index),
            embeddings=None if embeddings is None else _tensor(embeddings.astype(np.float32, copy=False)),
        )
        found = self._tracker.update(given, self._pixels(frame))
        ids, rows = found.track_ids.numpy(), found.detection_indices.numpy()
        smoothed = uncrossed(self._smoothed(ids, found.geometry.values.numpy())) if self._smooths else None
        return Found(ids + 1, rows if whole is None else whole[rows], smoothed)

    def _pixels(self, frame: Frame) -> npt.NDArray[np.uint8]:
        """Give what the library is shown of a frame: it always wants one."""
        return as_bgr(frame) if self._tracker.cmc is not None else frame.rgb

    def _smoothed(
        self,
        ids: npt.NDArray[np.int64],  # noqa: ARG002 - for those whose library gives other boxes
        boxes_xyxy: npt.NDArray[np.float32],
    ) -> npt.NDArray[np.float32]:
        """Give (N, 4) boxes as the motion models have them, of the library's ids and boxes."""
        return boxes_xyxy


def _tensor(array: npt.NDArray[Any]) -> Any:
    """Give a tensor of an array, which the library leaves as it is; torch takes none that is reversed or read-only."""
    import torch

    plain = array.flags.writeable and array.flags.c_contiguous
    return torch.from_numpy(array if plain else array.copy())


def import_boxmot() -> Any:
    """Import boxmot so that it does not tell every tracker's settings to standard error.

    Raises:
        PluginError: if it is not installed, or in another version; says how to, and under which licence it is.
    """
    first = "boxmot.utils" not in sys.modules
    try:
        import boxmot
        import boxmot.utils
        from boxmot import DeepOcSort, StrongSort  # noqa: F401 - what they need may be missing too
    except ImportError as error:
        raise PluginError(
            f"needs boxmot, which cannot be imported ({error}): pip install 'trackspeak[boxmot]' "
            "(its licence is AGPL-3.0; strongsort does without it)"
        ) from error
    if not boxmot.__version__.startswith(VERSION):
        raise PluginError(f"boxmot must be of version {VERSION}*, got {boxmot.__version__}")
    if first:
        logging.getLogger("boxmot").setLevel(logging.ERROR)
    return boxmot


def _keep_uncrossed(tracker: Any) -> None:
    """Mend the boxes of a tracker: the library fails when its motion model has let the sides of one cross."""
    track = tracker._track_detections

    def track_uncrossed(**given: Any) -> npt.NDArray[np.float32]:
        rows: npt.NDArray[np.float32] = track(**given)  # (N, 8), a box first
        rows[:, :4] = uncrossed(rows[:, :4])
        return rows

    tracker._track_detections = track_uncrossed


def _keep_going(camera: Any) -> None:
    """Let frames in which the camera's motion cannot be looked for, such as tiny ones, count as still."""
    import cv2

    apply = camera.apply

    def apply_or_stay(image: npt.NDArray[np.uint8], boxes_xyxy: npt.NDArray[np.float32] | None = None) -> Any:
        try:
            return apply(image, boxes_xyxy)
        except cv2.error:
            camera.reset()  # the next frame must not be compared with an older one
            return np.eye(2, 3, dtype=np.float32)

    camera.apply = apply_or_stay
