"""`fiftyone`: a folder that FiftyOne imports as `FiftyOneVideoLabelsDataset`, without the video, zipped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from trackspeak.service.result import Result, track_to_dict

from .archive import write_zip
from .names import video_file, video_stem
from .rows import Box, answers, boxes

SPANS: Final = "queries"
DETECTIONS: Final = "detections"


def write_fiftyone(result: Result, video_name: str, path: Path) -> None:
    """Write `manifest.json` and `labels/<video>.json`; the video itself belongs into `data/`.

    Each frame has a detection per sentence and track, whose `index` is the track's id and whose attribute `query` is
    the sentence; each span is a temporal detection of the video, labelled with its sentence. FiftyOne counts frames
    from 1, and boxes are parts of the frame's width and height.
    """
    video, labels = video_file(video_name), f"labels/{video_stem(video_name)}.json"
    manifest = {
        "type": "eta.core.datasets.LabeledVideoDataset",
        "description": "tracks that sentences refer to, by trackspeak",
        "index": [{"data": f"data/{video}", "labels": labels}],
    }
    write_zip(path, {"manifest.json": [_text(manifest), "\n"], labels: _labels(result, video)})


def _labels(result: Result, video: str) -> Iterator[str]:
    """Write ETA's video labels, frame by frame: with a long video they would be large in memory."""
    yield f'{{"filename":{_text(video)},"frames":{{'
    parted = "\n"
    for frame, rows in groupby(_rows(result), key=lambda row: row[1].frame):
        objects = [_detection(query, box, result) for query, box in rows]
        yield f'{parted}"{frame + 1}":{_text({"frame_number": frame + 1, "objects": {"objects": objects}})}'
        parted = ",\n"
    yield f'}},\n"events":{_text({"events": list(_spans(result))})}}}\n'


def _rows(result: Result) -> list[tuple[str, Box]]:
    """Give sentences and boxes by frame, then in the order asked, then by id."""
    rows = [(query, box) for query, tracks in answers(result).items() for box in boxes(tracks)]
    return sorted(rows, key=lambda row: row[1].frame)


def _detection(query: str, box: Box, result: Result) -> dict[str, Any]:
    width, height = result.video.width, result.video.height
    x1, y1, x2, y2 = box.xyxy
    return {
        "name": DETECTIONS,
        "label": box.class_name,
        "index": box.track_id,
        "confidence": box.score,
        "frame_number": box.frame + 1,
        "bounding_box": {
            "top_left": {"x": x1 / width, "y": y1 / height},
            "bottom_right": {"x": x2 / width, "y": y2 / height},
        },
        "attrs": {"attrs": [_attribute("query", query)]},
    }


def _spans(result: Result) -> Iterator[dict[str, Any]]:
    for query, tracks in answers(result).items():
        for track in map(track_to_dict, tracks):
            attributes = [_attribute("track_id", track["track_id"]), _attribute("class_name", track["class"])]
            for span in track["spans"]:
                yield {
                    "name": SPANS,
                    "label": query,
                    "confidence": span["score"],
                    "support": {"ranges": [[span["first_frame"] + 1, span["last_frame"] + 1]]},
                    "attrs": {"attrs": attributes},
                }


def _attribute(name: str, value: str | int) -> dict[str, Any]:
    kind = "CategoricalAttribute" if isinstance(value, str) else "NumericAttribute"
    return {"type": f"eta.core.data.{kind}", "name": name, "value": value}


def _text(value: str | Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
