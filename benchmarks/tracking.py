"""What each tracker gives on MOTChallenge sequences, by TrackEval, and what our wrapper costs over the bare library.

    python benchmarks/tracking.py --data FOLDER [--trackers NAME ...] [--boxes WHICH] [--repeats N] [--json FILE]

FOLDER holds sequences, each with `det/det.txt` (public detections) and `gt/gt.txt`. Every tracker runs with the
library's own defaults, through the plugin and by the library called directly: ids and boxes must be the same; those
whose library is not installed are left out. Trackers that want embeddings are given good ones, made from the ground
truth; `strongsort`, which is our own and has no library to be compared with, also ones that tell nothing. Scores are of
all sequences together. There are no frames, so that nothing compensates for the camera. Times are medians over the
frames of a made sequence with 20 boxes in each, the two ways in turn in each of them. (This file is not called
`trackers.py`: Python would take it for the library, here and in its neighbours.)
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from tracking_libraries import (
    FRAME_RATE,
    LIBRARY,
    OPTIONS,
    OWN,
    SIZE,
    Embeddings,
    Found,
    Library,
    good_embeddings,
    library,
    uninformative,
)

from trackspeak.plugins.contract import Detections, Frame, StreamInfo, TrackedFrame
from trackspeak.plugins.mot_files import MotTable, read_mot
from trackspeak.plugins.registry import create, list_plugins


@dataclass(frozen=True)
class Clip:
    """One sequence: per frame its detections, embeddings of theirs by kind, and its ground truth."""

    name: str
    detections: list[Detections]
    embeddings: dict[str, list[Embeddings]]
    truth: list[Found]


@dataclass(frozen=True)
class Row:
    """One line of the table; scores in percent, times in milliseconds per frame."""

    tracker: str
    hota: float
    idf1: float
    mota: float
    switches: int
    ours_ms: float
    same_as_library: bool | None = None
    library_ms: float | None = None
    overhead_ms: float | None = None


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--trackers", nargs="+", choices=sorted(LIBRARY | OWN), default=[*LIBRARY, *OWN])
    parser.add_argument("--boxes", choices=("detected", "smoothed"), default="detected", help="of other libraries")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    clips = [_clip(path.parent.parent) for path in sorted(arguments.data.glob("*/gt/gt.txt"))]
    if not clips:
        parser.error(f"--data must hold sequences with det/det.txt and gt/gt.txt, got {arguments.data}")
    errors = {plugin.name: plugin.error for plugin in list_plugins() if plugin.kind == "tracker"}
    for name in filter(errors.get, arguments.trackers):
        print(f"{name} is left out: {errors[name]}")
    smoothed = arguments.boxes == "smoothed"
    there = [name for name in arguments.trackers if not errors.get(name)]
    rows = [
        _measure_own(name, clips, arguments.repeats)
        if name in OWN
        else _measure(name, clips, arguments.repeats, smoothed)
        for name in there
    ]
    print(_table(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")


def _clip(folder: Path) -> Clip:
    boxes, truth = read_mot(folder / "det/det.txt"), read_mot(folder / "gt/gt.txt", tracks=True)
    count = int(max(boxes.frame_indices.max(), truth.frame_indices.max())) + 1
    given = [_detections(boxes, index) for index in range(count)]
    true = [(truth.track_ids[truth.rows_of(index)], truth.boxes_xyxy[truth.rows_of(index)]) for index in range(count)]
    embeddings = {
        "good": good_embeddings(given, true),
        "random": uninformative(given, constant=False),
        "constant": uninformative(given, constant=True),
    }
    return Clip(folder.name, given, embeddings, true)


def _crowd(count: int = 20, frames: int = 200) -> Clip:
    """Make a sequence in which as many people are seen in each frame, walking through each other."""
    rng = np.random.default_rng(0)
    places, steps = rng.uniform(0, 500, (count, 2)), rng.uniform(-1.5, 1.5, (count, 2))
    given, true = [], []
    for index in range(frames):
        corners = places + index * steps + rng.normal(0, 0.5, (count, 2))
        boxes = np.concatenate([corners, corners + np.array([40, 100])], axis=1).astype(np.float32)  # (N, 4)
        scores, kinds = rng.uniform(0.7, 1, count).astype(np.float32), np.zeros(count, np.int64)
        given.append(Detections(boxes, scores, kinds, ("person",)))
        true.append((np.arange(count), boxes))
    good = good_embeddings(given, true)
    return Clip("crowd", given, dict.fromkeys(("good", "random", "constant"), good), true)


def _detections(table: MotTable, index: int) -> Detections:
    rows = table.rows_of(index)
    scores = table.scores[rows]
    return Detections(table.boxes_xyxy[rows].copy(), scores.copy(), np.zeros(len(scores), np.int64), ("person",))


def _measure(name: str, clips: Sequence[Clip], repeats: int, smoothed: bool) -> Row:
    ours = [_run(_ours(name, len(clip.truth), smoothed), clip, [], smoothed) for clip in clips]
    theirs = [_run(library(name), clip, [], smoothed) for clip in clips]
    same = all(
        np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1])
        for mine, bare in zip(ours, theirs, strict=True)
        for one, other in zip(mine, bare, strict=True)
    )
    crowd, ours_s, library_s = _crowd(), [], []
    for _ in range(repeats):
        both = _ours(name, len(crowd.truth), smoothed), library(name)
        for index, (given, embeddings) in enumerate(zip(crowd.detections, crowd.embeddings["good"], strict=True)):
            pair = list(zip(both, (ours_s, library_s), strict=True))
            for tracker, seconds in pair if index % 2 else pair[::-1]:  # what comes second finds the caches warm
                begin = time.perf_counter()
                tracker.update(index, given, embeddings)
                seconds.append(time.perf_counter() - begin)
    scores = _scores([(clip.truth, found) for clip, found in zip(clips, ours, strict=True)])
    ours_ms, library_ms = (1e3 * median(times) for times in (ours_s, library_s))
    overhead_ms = 1e3 * median(np.subtract(ours_s, library_s).tolist())
    return Row(name, *scores, ours_ms, same, library_ms, overhead_ms)


def _measure_own(row: str, clips: Sequence[Clip], repeats: int) -> Row:
    kind, options = OWN[row]
    name = row.partition(",")[0]
    found = [_run(_ours(name, len(clip.truth), False, options), clip, [], False, kind) for clip in clips]
    crowd, seconds = _crowd(), []
    for _ in range(repeats):
        _run(_ours(name, len(crowd.truth), False, options), crowd, seconds, False, kind)
    scores = _scores([(clip.truth, mine) for clip, mine in zip(clips, found, strict=True)])
    return Row(row, *scores, 1e3 * median(seconds))


def _run(tracker: Library, clip: Clip, seconds: list[float], smoothed: bool, kind: str = "good") -> list[Found]:
    found = []
    for index, (given, embeddings) in enumerate(zip(clip.detections, clip.embeddings[kind], strict=True)):
        begin = time.perf_counter()
        result = tracker.update(index, given, embeddings)
        seconds.append(time.perf_counter() - begin)
        ids, boxes = tracker.read(result, given, smoothed)
        found.append((np.sort(ids), boxes[np.argsort(ids)]))
    return found


def _ours(name: str, count: int, smoothed: bool, more: dict[str, object] | None = None) -> Library:
    boxes = {"boxes": "smoothed"} if smoothed and "-" in name else {}
    tracker, _ = create("tracker", name, OPTIONS.get(name, {}) | boxes | (more or {}))
    tracker.reset(StreamInfo(*SIZE, FRAME_RATE))
    pixels = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    frames = [Frame(index, index / FRAME_RATE, pixels) for index in range(count)]

    def update(index: int, given: Detections, embeddings: Embeddings) -> TrackedFrame:
        tracked: TrackedFrame = tracker.update(frames[index], given, embeddings)
        return tracked

    def read(tracked: TrackedFrame, given: Detections, smoothed: bool) -> Found:  # noqa: ARG001 it was told at first
        return tracked.track_ids, tracked.boxes_xyxy

    return Library(update, read)


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
        "| tracker | HOTA | IDF1 | MOTA | switches | same as the library | ms of 20 boxes | library alone | overhead |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        same = {None: "-", True: "yes", False: "NO"}[row.same_as_library]
        library_ms, overhead_ms = (_or_dash(value) for value in (row.library_ms, row.overhead_ms))
        lines.append(
            f"| {row.tracker} | {row.hota:.1f} | {row.idf1:.1f} | {row.mota:.1f} | {row.switches} | {same} "
            f"| {row.ours_ms:.2f} | {library_ms} | {overhead_ms} |"
        )
    return "\n".join(lines)


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
