"""`coco`: COCO JSON of a video: images are frames, annotations have a `track_id`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from trackspeak.service.formats.atomic import write_lines
from trackspeak.service.result import Result, video_to_dict

from .rows import class_names, shared_tracks

_VIDEO_ID = 1


def write_coco(result: Result, video_name: str, path: Path) -> None:
    """Write one JSON object with `info`, `videos`, `images`, `categories` and `annotations`.

    Ids count from 1, since pycocotools takes an annotation 0 for none; `frame_id` and the names of images from 0.
    """
    write_lines(path, _lines(result, video_name))


def _lines(result: Result, video_name: str) -> Iterator[str]:
    categories = {name: number for number, name in enumerate(class_names(result), 1)}
    yield f'{{"info":{_text({"description": "tracks that sentences refer to, by trackspeak"})},\n'
    yield from _list("videos", [_video(result, video_name)])
    yield from _list("images", _images(result))
    yield from _list("categories", ({"id": number, "name": name} for name, number in categories.items()))
    yield from _list("annotations", _annotations(result, categories))
    yield '"licenses":[]}\n'


def _list(key: str, values: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Write a list member by member: with a long video it would be large in memory."""
    yield f'"{key}":['
    parted = "\n"
    for value in values:
        yield parted + _text(value)
        parted = ",\n"
    yield "],\n"


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _video(result: Result, video_name: str) -> dict[str, Any]:
    facts = video_to_dict(result.video)
    return {
        "id": _VIDEO_ID,
        "name": video_name,
        "width": facts["width"],
        "height": facts["height"],
        "length": facts["frames"],
        "fps": facts["fps"],
    }


def _images(result: Result) -> Iterator[dict[str, Any]]:
    video = result.video
    for frame in range(video.frames):
        yield {
            "id": frame + 1,
            "video_id": _VIDEO_ID,
            "frame_id": frame,
            "file_name": f"{frame:06d}.jpg",
            "width": video.width,
            "height": video.height,
        }


def _annotations(result: Result, categories: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    number = 0
    for track in shared_tracks(result):
        for box in track.boxes:
            number += 1
            x1, y1, x2, y2 = box.xyxy
            width, height = round(x2 - x1, 2), round(y2 - y1, 2)
            yield {
                "id": number,
                "image_id": box.frame + 1,
                "video_id": _VIDEO_ID,
                "category_id": categories[track.class_name],
                "track_id": track.track_id,
                "bbox": [x1, y1, width, height],
                "area": round(width * height, 2),
                "iscrowd": 0,
                "score": max(box.scores.values()),
                "queries": box.scores,
            }
