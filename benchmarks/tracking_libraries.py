"""The libraries that `tracking.py` compares our plugins with, called directly, and the embeddings that both are given.

Good embeddings are made from the ground truth: a random direction per object and some noise, given to the detection
that overlaps the object most, from 0.5 on; any other detection has a direction of its own. Others tell nothing:
`random` ones have a direction each, `constant` ones are all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Detections

FRAME_RATE = 25.0
SIZE = (640, 480)
DIMENSIONS, NOISE = 128, 0.3
"""Of the embeddings: their length, and that of the noise beside that of the direction."""

Embeddings = npt.NDArray[np.float32]
Found = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]

ROBOFLOW = {
    "sort": "SORTTracker",
    "bytetrack": "ByteTrackTracker",
    "ocsort": "OCSORTTracker",
    "botsort": "BoTSORTTracker",
    "cbiou": "CBIoUTracker",
}
"""Trackers of the library `trackers`: our names, and its."""

ULTRALYTICS = {
    "ultralytics-bytetrack": "BYTETracker",
    "ultralytics-botsort": "BOTSORT",
    "ultralytics-deepocsort": "DeepOCSORT",
}

BOXMOT = {"boxmot-strongsort": "StrongSort", "boxmot-deepocsort": "DeepOcSort"}

LIBRARY = ROBOFLOW | ULTRALYTICS | BOXMOT

OWN: dict[str, tuple[str, dict[str, object]]] = {
    "strongsort": ("good", {}),
    "strongsort, random": ("random", {}),
    "strongsort, constant": ("constant", {}),
    "strongsort, constant, all at once": ("constant", {"lost_last": False}),
}
"""Trackers of our own, which have no library to be compared with: row -> embeddings and options."""

_KEPT = {"lost_track_s": 30 / FRAME_RATE}
"""These libraries keep tracks for 30 frames at any frame rate."""

OPTIONS: dict[str, dict[str, object]] = {
    "bytetrack": {
        "track_activation_threshold": 0.7,
        "minimum_consecutive_frames": 2,
        "high_conf_det_threshold": 0.6,
    },
    "botsort": {"enable_cmc": False},
    "ultralytics-bytetrack": _KEPT,
    "ultralytics-botsort": _KEPT | {"gmc_method": "none"},
    "ultralytics-deepocsort": _KEPT,
    "strongsort": {"camera_motion": "none"},
    "boxmot-strongsort": _KEPT | {"camera_motion": "none"},
    "boxmot-deepocsort": _KEPT,
}
"""Where the plugin's defaults are not the library's, or need frames."""


@dataclass(frozen=True)
class Library:
    """A library's tracker.

    Attributes:
        update: gives it a frame: the index, detections, embeddings.
        read: confirmed ids from 1, their detections' boxes or the motion model's, in any order, from what it gave.
    """

    update: Callable[[int, Detections, Embeddings], Any]
    read: Callable[[Any, Detections, bool], Found]


def library(name: str) -> Library:
    """Make a library's tracker, by the name of our plugin."""
    if name in ROBOFLOW:
        return _roboflow(ROBOFLOW[name])
    return _ultralytics(name) if name in ULTRALYTICS else _boxmot(BOXMOT[name])


def _roboflow(class_name: str) -> Library:
    import supervision
    import trackers

    tracker = getattr(trackers, class_name)(frame_rate=FRAME_RATE)

    def update(index: int, given: Detections, embeddings: Embeddings) -> Any:  # noqa: ARG001 it counts by itself
        boxes = supervision.Detections(
            xyxy=given.boxes_xyxy, confidence=given.scores, class_id=given.class_ids.astype(int)
        )
        return tracker.update(boxes)

    def read(result: Any, given: Detections, smoothed: bool) -> Found:  # noqa: ARG001 it gives detected boxes
        ids = np.asarray(result.tracker_id, np.int64)
        confirmed = ids >= 0
        return ids[confirmed] + 1, np.asarray(result.xyxy, np.float32)[confirmed]

    return Library(update, read)


def _ultralytics(name: str) -> Library:
    from trackspeak.plugins.detectors.yolo import import_ultralytics

    root = Path(import_ultralytics().__file__).parent
    import yaml
    from ultralytics import trackers
    from ultralytics.engine.results import Boxes

    kind = name.partition("-")[2]
    settings = yaml.safe_load((root / f"cfg/trackers/{kind}.yaml").read_text(encoding="utf-8"))
    # There are no frames, and only Deep OC-SORT is given embeddings.
    settings |= {"gmc_method": "none", "with_reid": kind == "deepocsort"}
    tracker = getattr(trackers, ULTRALYTICS[name])(SimpleNamespace(**settings))

    def update(index: int, given: Detections, embeddings: Embeddings) -> Any:  # noqa: ARG001 it counts by itself
        rows = np.column_stack([given.boxes_xyxy, given.scores, given.class_ids]).astype(np.float32)
        return tracker.update(Boxes(rows, SIZE[::-1]), None, feats=embeddings)

    def read(result: Any, given: Detections, smoothed: bool) -> Found:
        table = result.reshape(-1, 8)  # (N, 8), also where N is 0
        rows = table[:, 7].astype(int)
        return table[:, 4].astype(np.int64), table[:, :4] if smoothed else given.boxes_xyxy[rows]

    return Library(update, read)


def _boxmot(class_name: str) -> Library:
    import torch

    from trackspeak.plugins.trackers._boxmot import import_boxmot

    boxmot = import_boxmot()
    from boxmot.structures import Boxes
    from boxmot.structures import Detections as Given

    tracker = getattr(boxmot, class_name)(**{"cmc_off": True} if class_name == "DeepOcSort" else {})
    tracker.cmc = None
    pixels = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)

    def update(index: int, given: Detections, embeddings: Embeddings) -> Any:
        boxes = Given(
            geometry=Boxes(torch.from_numpy(given.boxes_xyxy)),
            scores=torch.from_numpy(given.scores),
            class_ids=torch.from_numpy(given.class_ids),
            sample_id=str(index),
            embeddings=torch.from_numpy(embeddings),
        )
        return tracker.update(boxes, pixels)

    def read(result: Any, given: Detections, smoothed: bool) -> Found:
        rows = result.detection_indices.numpy()
        ids = result.track_ids.numpy()
        if not smoothed:
            return ids + 1, given.boxes_xyxy[rows]
        if class_name == "StrongSort":
            return ids + 1, result.geometry.values.numpy()
        models = {track.id: track for track in tracker.active_tracks}  # it gives the detections' own boxes
        boxes = [models[track_id].get_state()[0, :4] for track_id in ids.tolist()]
        return ids + 1, np.array(boxes, np.float32).reshape(-1, 4)  # (N, 4), also where N is 0

    return Library(update, read)


def uninformative(detections: Sequence[Detections], *, constant: bool, seed: int = 0) -> list[Embeddings]:
    """Give (N, D) embeddings of the N detections of each frame that tell nothing of them, rows of length 1."""
    rng = np.random.default_rng(seed)
    one = rng.normal(size=(1, DIMENSIONS))
    return [
        _unit(one.repeat(len(given), axis=0) if constant else rng.normal(size=(len(given), DIMENSIONS)))
        for given in detections
    ]


def good_embeddings(detections: Sequence[Detections], truth: Sequence[Found], seed: int = 0) -> list[Embeddings]:
    """Give (N, D) embeddings of the N detections of each frame, rows of length 1."""
    import supervision

    rng = np.random.default_rng(seed)
    directions: dict[int, Embeddings] = {}
    frames = []
    for given, (ids, boxes) in zip(detections, truth, strict=True):
        rows = _unit(rng.normal(size=(len(given), DIMENSIONS)))
        noise = _unit(rng.normal(size=(len(given), DIMENSIONS)))
        overlap = supervision.box_iou_batch(boxes, given.boxes_xyxy).reshape(len(boxes), len(given))
        for track_id, shares in zip(ids.tolist(), overlap, strict=True):
            if len(shares) and shares.max() >= 0.5:
                own = directions.setdefault(track_id, _unit(rng.normal(size=(1, DIMENSIONS))))
                rows[shares.argmax()] = own[0]
        frames.append(_unit(rows + NOISE * noise))
    return frames


def _unit(vectors: npt.NDArray[np.floating]) -> Embeddings:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
