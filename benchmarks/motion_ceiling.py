"""What `motion` and `bytetrack` give at best on the two real clips: does the track of each answer exist?

For every answer by eye: the tracks on it, how much of its time the best single one covers, in how
many pieces it comes, and whether a track covers another answer as well.

    python benchmarks/motion_ceiling.py --data FOLDER [--json FILE] [--draw DIR]
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from trackspeak.plugins.contract import Frame, StreamInfo, TrackedFrame
from trackspeak.plugins.detectors.motion import MotionDetector
from trackspeak.plugins.trackers.bytetrack import ByteTrackTracker


@dataclass(frozen=True, slots=True)
class Answer:
    """One object of a clip as seen by eye: its frames, and points on its body.

    Attributes:
        name: what it is.
        first: its first frame.
        last: its last frame.
        points: (frame, x, y).
    """

    name: str
    first: int
    last: int
    points: tuple[tuple[int, int, int], ...]


ANSWERS: dict[str, tuple[Answer, ...]] = {
    "car-detection": (
        Answer("white car up", 56, 105, ((80, 360, 200),)),
        Answer("silver-blue car down", 182, 228, ((210, 160, 274),)),
        Answer("red car up", 188, 238, ((210, 393, 244),)),
        Answer("white car down", 315, 350, ((330, 225, 170),)),
    ),
    "traffic": (
        Answer("red minivan", 0, 14, ((3, 575, 262),)),
        Answer("blue sedan", 144, 225, ((180, 316, 175),)),
        Answer("crimson sedan", 279, 369, ((330, 352, 166),)),
        Answer("maroon sedan", 439, 479, ((470, 243, 170),)),
        Answer("white car, bottom lane", 308, 412, ((360, 270, 255),)),
    ),
}
LANES = (("top", 0, 110), ("middle", 110, 210), ("bottom", 210, 10_000))


def read_frames(path: Path) -> tuple[StreamInfo, list[Frame]]:
    """Decode a whole clip."""
    import av

    with av.open(str(path)) as container:
        video = container.streams.video[0]
        rate = float(video.average_rate or 25)
        frames = [
            Frame(index, float(picture.time or index / rate), picture.to_ndarray(format="rgb24"))
            for index, picture in enumerate(container.decode(video))
        ]
    height, width = frames[0].rgb.shape[:2]
    return StreamInfo(width, height, rate), frames


def track_clip(
    stream: StreamInfo, frames: Sequence[Frame]
) -> tuple[list[TrackedFrame], dict[str, float], tuple[str, ...]]:
    """Run detector and tracker over a clip; also gives milliseconds per frame and the warnings."""
    detector, tracker = MotionDetector(), ByteTrackTracker(ByteTrackTracker.Options())
    detector.reset(stream)
    tracker.reset(stream)
    began = time.perf_counter()
    detector.prepare(frame for frame in frames if frame.time_s < detector.lookahead_s)
    prepared = time.perf_counter()
    detections = [found for batch in batches(frames, 16) for found in detector.detect(batch)]
    detected = time.perf_counter()
    tracked = [tracker.update(frame, found) for frame, found in zip(frames, detections, strict=True)]
    done = time.perf_counter()
    times = {
        "prepare_s": prepared - began,
        "detect_ms_per_frame": 1000 * (detected - prepared) / len(frames),
        "track_ms_per_frame": 1000 * (done - detected) / len(frames),
    }
    return tracked, times, detector.warnings()


def batches(frames: Sequence[Frame], size: int) -> Iterator[list[Frame]]:
    """Cut frames into lists of at most `size`."""
    rest = iter(frames)
    while batch := list(islice(rest, size)):
        yield batch


def as_tracks(tracked: Sequence[TrackedFrame]) -> dict[int, dict[int, np.ndarray]]:
    """Give for each id its box by frame index."""
    tracks: dict[int, dict[int, np.ndarray]] = defaultdict(dict)
    for frame in tracked:
        for track_id, box in zip(frame.track_ids.tolist(), frame.boxes_xyxy, strict=True):
            tracks[track_id][frame.frame_index] = box
    return dict(sorted(tracks.items()))


def holds(box: np.ndarray | None, x: int, y: int) -> bool:
    """Whether a box holds a point."""
    return box is not None and bool(box[0] <= x <= box[2] and box[1] <= y <= box[3])


def judge(answer: Answer, tracks: dict[int, dict[int, np.ndarray]], others: Sequence[Answer]) -> dict[str, Any]:
    """What the tracks make of one answer."""
    on_it = [i for i, boxes in tracks.items() if any(holds(boxes.get(f), x, y) for f, x, y in answer.points)]
    wanted = range(answer.first, answer.last + 1)
    covers = {i: sum(frame in tracks[i] for frame in wanted) / len(wanted) for i in on_it}
    best = max(covers, key=lambda i: covers[i], default=None)
    also = sorted(
        other.name for other in others for i in on_it if any(holds(tracks[i].get(f), x, y) for f, x, y in other.points)
    )
    spans = {i: (min(tracks[i]), max(tracks[i])) for i in on_it}
    return {
        "answer": answer.name,
        "frames": [answer.first, answer.last],
        "ids": on_it,
        "best_id": best,
        "best_span": None if best is None else spans[best],
        "coverage": 0.0 if best is None else round(covers[best], 3),
        "also_covers": also,
    }


def lane_of(boxes: dict[int, np.ndarray]) -> str:
    """The lane of traffic.mp4 in which a track's middle box lies."""
    centre = float(np.median([(box[1] + box[3]) / 2 for box in boxes.values()]))
    return next(name for name, top, bottom in LANES if top <= centre < bottom)


def describe(tracks: dict[int, dict[int, np.ndarray]], *, with_lanes: bool) -> list[dict[str, Any]]:
    """One row per track: frames, movement, size."""
    rows = []
    for track_id, boxes in tracks.items():
        order = sorted(boxes)
        all_boxes = np.stack([boxes[frame] for frame in order])
        centres = (all_boxes[:, :2] + all_boxes[:, 2:]) / 2
        moved = centres[-1] - centres[0]
        sizes = all_boxes[:, 2:] - all_boxes[:, :2]
        rows.append(
            {
                "id": track_id,
                "frames": len(order),
                "first": order[0],
                "last": order[-1],
                "lane": lane_of(boxes) if with_lanes else "",
                "moved": [round(float(value)) for value in moved],
                "median_size": [round(float(value)) for value in np.median(sizes, axis=0)],
                "tallest": round(float(sizes[:, 1].max())),
            }
        )
    return rows


def draw_sheet(
    path: Path, frames: Sequence[Frame], tracked: Sequence[TrackedFrame], every: int, columns: int = 4
) -> None:
    """Write a contact sheet of every `every`-th frame with its boxes and ids."""
    import cv2

    tiles = []
    for frame, found in list(zip(frames, tracked, strict=True))[::every]:
        picture = np.ascontiguousarray(frame.rgb[..., ::-1])
        for box, track_id in zip(found.boxes_xyxy.round().astype(int).tolist(), found.track_ids.tolist(), strict=True):
            hue = np.array([[[(track_id * 47) % 180, 255, 255]]], np.uint8)
            colour = cv2.cvtColor(hue, cv2.COLOR_HSV2BGR)[0, 0].tolist()
            cv2.rectangle(picture, box[:2], box[2:], colour, 2)
            cv2.putText(picture, str(track_id), (box[0] + 2, max(box[1] + 18, 18)), 0, 0.6, colour, 2)
        cv2.putText(picture, str(frame.index), (5, picture.shape[0] - 8), 0, 0.7, (255, 255, 255), 2)
        tiles.append(cv2.resize(picture, (480, round(480 * picture.shape[0] / picture.shape[1]))))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack(rows))


def main() -> None:
    """Run both clips, print the tables, write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the two clips")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--draw", type=Path)
    parser.add_argument("--every", type=int, default=12, help="frames between two pictures of a contact sheet")
    arguments = parser.parse_args()
    report: dict[str, Any] = {}
    for clip, answers in ANSWERS.items():
        stream, frames = read_frames(arguments.data / f"{clip}.mp4")
        tracked, times, warnings = track_clip(stream, frames)
        tracks = as_tracks(tracked)
        rows = describe(tracks, with_lanes=clip == "traffic")
        judged = [judge(answer, tracks, [other for other in answers if other is not answer]) for answer in answers]
        report[clip] = {
            "stream": asdict(stream),
            "times": times,
            "warnings": warnings,
            "tracks": rows,
            "lanes": dict(Counter(row["lane"] for row in rows if row["lane"])),
            "answers": judged,
        }
        print_clip(clip, report[clip])
        if arguments.draw:
            draw_sheet(arguments.draw / f"{clip}.png", frames, tracked, arguments.every)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


def print_clip(clip: str, facts: dict[str, Any]) -> None:
    """Print what one clip gave."""
    times = facts["times"]
    print(
        f"\n{clip}: {len(facts['tracks'])} tracks {facts['lanes'] or ''}; prepare {times['prepare_s']:.2f} s, detect "
        f"{times['detect_ms_per_frame']:.2f} ms and track {times['track_ms_per_frame']:.2f} ms per frame"
    )
    for warning in facts["warnings"]:
        print(f"  warning: {warning}")
    print(f"  {'answer':24}{'frames':>12}{'best id':>9}{'its frames':>12}{'coverage':>10}  ids, also covers")
    for row in facts["answers"]:
        span = "-" if row["best_span"] is None else "{}-{}".format(*row["best_span"])
        frames = "{}-{}".format(*row["frames"])
        print(
            f"  {row['answer']:24}{frames:>12}{row['best_id'] or '-':>9}{span:>12}{row['coverage']:>10.2f}"
            f"  {row['ids']} {', '.join(row['also_covers'])}"
        )
    print(f"  {'track':>7}{'frames':>12}{'count':>7}{'moved':>14}{'size':>11}{'tallest':>9}  lane")
    for row in facts["tracks"]:
        frames = f"{row['first']}-{row['last']}"
        moved, size = "{}, {}".format(*row["moved"]), "{} x {}".format(*row["median_size"])
        print(f"  {row['id']:>7}{frames:>12}{row['frames']:>7}{moved:>14}{size:>11}{row['tallest']:>9}  {row['lane']}")


if __name__ == "__main__":
    main()
