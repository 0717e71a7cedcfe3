"""What each tracker gives on MOTChallenge sequences, by TrackEval, and what our wrapper costs over the bare library.

    python benchmarks/tracking.py --data FOLDER [--trackers NAME ...] [--repeats N] [--json FILE]

FOLDER holds sequences, each with `det/det.txt` (public detections) and `gt/gt.txt`. Every tracker runs with the
library's own defaults, through the plugin and by the library called directly: ids and boxes must be the same. Scores
are of all sequences together. There are no frames, so that nothing compensates for the camera. Times are medians over
the frames of all sequences, the two ways in turn in one process. (This file is not called `trackers.py`: Python would
take it for the library, here and in its neighbours.)
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Detections, Frame, StreamInfo, TrackedFrame
from trackspeak.plugins.mot_files import MotTable, read_mot
from trackspeak.plugins.registry import create

FRAME_RATE = 25.0
SIZE = (640, 480)

LIBRARY: dict[str, str] = {
    "sort": "SORTTracker",
    "bytetrack": "ByteTrackTracker",
    "ocsort": "OCSORTTracker",
    "botsort": "BoTSORTTracker",
    "cbiou": "CBIoUTracker",
}
"""Trackers of the library `trackers`: our names, and its."""

OPTIONS: dict[str, dict[str, object]] = {
    "bytetrack": {
        "track_activation_threshold": 0.7,
        "minimum_consecutive_frames": 2,
        "high_conf_det_threshold": 0.6,
    },
    "botsort": {"enable_cmc": False},
}
"""Where the plugin's defaults are not the library's, or need frames."""

Ids = npt.NDArray[np.int64]
Boxes = npt.NDArray[np.float32]
Found = tuple[Ids, Boxes]


@dataclass(frozen=True)
class Clip:
    """One sequence: per frame its detections and its ground truth."""

    name: str
    detections: list[Detections]
    truth: list[Found]


@dataclass(frozen=True)
class Row:
    """One line of the table; scores in percent, times in milliseconds per frame."""

    tracker: str
    hota: float
    idf1: float
    mota: float
    switches: int
    same_as_library: bool
    ours_ms: float
    library_ms: float
    overhead_ms: float


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--trackers", nargs="+", choices=sorted(LIBRARY), default=list(LIBRARY))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    clips = [_clip(path.parent.parent) for path in sorted(arguments.data.glob("*/gt/gt.txt"))]
    if not clips:
        parser.error(f"--data must hold sequences with det/det.txt and gt/gt.txt, got {arguments.data}")
    rows = [_measure(name, clips, arguments.repeats) for name in arguments.trackers]
    print(_table(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")


def _clip(folder: Path) -> Clip:
    boxes, truth = read_mot(folder / "det/det.txt"), read_mot(folder / "gt/gt.txt", tracks=True)
    count = int(max(boxes.frame_indices.max(), truth.frame_indices.max())) + 1
    return Clip(
        folder.name,
        [_detections(boxes, index) for index in range(count)],
        [(truth.track_ids[truth.rows_of(index)], truth.boxes_xyxy[truth.rows_of(index)]) for index in range(count)],
    )


def _detections(table: MotTable, index: int) -> Detections:
    rows = table.rows_of(index)
    scores = table.scores[rows]
    return Detections(table.boxes_xyxy[rows].copy(), scores.copy(), np.zeros(len(scores), np.int64), ("person",))


def _measure(name: str, clips: Sequence[Clip], repeats: int) -> Row:
    ours_s: list[float] = []
    library_s: list[float] = []
    for _ in range(repeats):
        ours = [_run(_ours(name, len(clip.truth)), clip, ours_s) for clip in clips]
        theirs = [_run(_library(name), clip, library_s) for clip in clips]
    same = all(
        np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1])
        for mine, bare in zip(ours, theirs, strict=True)
        for one, other in zip(mine, bare, strict=True)
    )
    scores = _scores([(clip.truth, found) for clip, found in zip(clips, ours, strict=True)])
    ours_ms, library_ms = (1e3 * median(times) for times in (ours_s, library_s))
    overhead_ms = 1e3 * median(np.subtract(ours_s, library_s).tolist())
    return Row(name, *scores, same, ours_ms, library_ms, overhead_ms)


def _run(update: Callable[[int, Detections], Any], clip: Clip, seconds: list[float]) -> list[Found]:
    found = []
    for index, given in enumerate(clip.detections):
        begin = time.perf_counter()
        result = update(index, given)
        seconds.append(time.perf_counter() - begin)
        found.append(_found(result))
    return found


def _ours(name: str, count: int) -> Callable[[int, Detections], TrackedFrame]:
    tracker, _ = create("tracker", name, OPTIONS.get(name, {}))
    tracker.reset(StreamInfo(*SIZE, FRAME_RATE))
    pixels = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    frames = [Frame(index, index / FRAME_RATE, pixels) for index in range(count)]

    def update(index: int, given: Detections) -> TrackedFrame:
        tracked: TrackedFrame = tracker.update(frames[index], given)
        return tracked

    return update


def _library(name: str) -> Callable[[int, Detections], Any]:
    import supervision
    import trackers

    tracker = getattr(trackers, LIBRARY[name])(frame_rate=FRAME_RATE)

    def update(index: int, given: Detections) -> Any:  # noqa: ARG001 the library counts by itself
        boxes = supervision.Detections(
            xyxy=given.boxes_xyxy, confidence=given.scores, class_id=given.class_ids.astype(int)
        )
        return tracker.update(boxes)

    return update


def _found(result: Any) -> Found:
    """Give confirmed ids from 1 and their boxes, by rising id."""
    if isinstance(result, TrackedFrame):
        return result.track_ids, result.boxes_xyxy
    ids = np.asarray(result.tracker_id, np.int64)
    confirmed = np.flatnonzero(ids >= 0)
    order = confirmed[np.argsort(ids[confirmed])]
    return ids[order] + 1, np.asarray(result.xyxy, np.float32)[order]


def _scores(runs: Sequence[tuple[list[Found], list[Found]]]) -> tuple[float, float, float, int]:
    """HOTA, IDF1, MOTA in percent, and identity switches, of all sequences together."""
    from trackeval.metrics import CLEAR, HOTA, Identity

    quiet = {"PRINT_CONFIG": False}
    metrics = {"hota": HOTA(), "clear": CLEAR(quiet), "identity": Identity(quiet)}
    each = [_evaluated(truth, found) for truth, found in runs]
    whole = {
        name: metric.combine_sequences({str(row): metric.eval_sequence(data) for row, data in enumerate(each)})
        for name, metric in metrics.items()
    }
    return (
        100 * float(whole["hota"]["HOTA"].mean()),
        100 * float(whole["identity"]["IDF1"]),
        100 * float(whole["clear"]["MOTA"]),
        int(whole["clear"]["IDSW"]),
    )


def _evaluated(truth: list[Found], found: list[Found]) -> dict[str, Any]:
    """What TrackEval's metrics read of a sequence: ids counted from 0, and overlaps per frame."""
    import supervision

    true_ids, track_ids = (np.unique(np.concatenate([ids for ids, _ in side])) for side in (truth, found))
    return {
        "num_timesteps": len(truth),
        "num_gt_ids": len(true_ids),
        "num_tracker_ids": len(track_ids),
        "num_gt_dets": sum(len(ids) for ids, _ in truth),
        "num_tracker_dets": sum(len(ids) for ids, _ in found),
        "gt_ids": [np.searchsorted(true_ids, ids) for ids, _ in truth],
        "tracker_ids": [np.searchsorted(track_ids, ids) for ids, _ in found],
        "similarity_scores": [
            supervision.box_iou_batch(true, boxes).reshape(len(true), len(boxes))
            for (_, true), (_, boxes) in zip(truth, found, strict=True)
        ],
    }


def _table(rows: list[Row]) -> str:
    lines = [
        "| tracker | HOTA | IDF1 | MOTA | switches | same as the library | ms a frame | library alone | overhead |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.tracker} | {row.hota:.1f} | {row.idf1:.1f} | {row.mota:.1f} | {row.switches} "
        f"| {'yes' if row.same_as_library else 'NO'} | {row.ours_ms:.2f} | {row.library_ms:.2f} "
        f"| {row.overhead_ms:.3f} |"
        for row in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
