"""`coco`, read back by pycocotools."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from trackspeak.service.result import Result

Write = Callable[..., Path]


def test_annotations_are_the_boxes(result: Result, expected: set[tuple[Any, ...]], export: Write) -> None:
    coco = COCO(str(export(result, "coco")))
    names = {category["id"]: category["name"] for category in coco.loadCats(coco.getCatIds())}
    found = set()
    for image in coco.loadImgs(coco.getImgIds()):
        for one in coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]])):
            left, top, width, height = one["bbox"]
            box = (left, top, round(left + width, 2), round(top + height, 2))
            assert one["area"] == pytest.approx(width * height, abs=0.005)
            assert one["score"] == max(one["queries"].values())
            for query, score in one["queries"].items():
                found.add((query, image["frame_id"], one["track_id"], names[one["category_id"]], box, score))
    assert found == expected


def test_a_box_of_two_sentences_is_there_once(result: Result, export: Write) -> None:
    value = json.loads(export(result, "coco").read_text("utf-8"))
    places = [(one["image_id"], one["track_id"]) for one in value["annotations"]]
    assert len(places) == len(set(places)) == 12
    assert sorted(one["id"] for one in value["annotations"]) == list(range(1, 13))


def test_every_frame_is_an_image_of_the_video(result: Result, export: Write) -> None:
    value = json.loads(export(result, "coco").read_text("utf-8"))
    assert value["videos"] == [{"id": 1, "name": "street 1.mp4", "width": 128, "height": 64, "length": 20, "fps": 25.0}]
    assert [image["frame_id"] for image in value["images"]] == list(range(20))
    assert value["images"][11] == {
        "id": 12, "video_id": 1, "frame_id": 11, "file_name": "000011.jpg", "width": 128, "height": 64
    }  # fmt: skip


def test_pycocotools_finds_the_boxes_to_be_themselves(result: Result, export: Write) -> None:
    path = export(result, "coco")
    coco = COCO(str(path))
    same = [
        {key: one[key] for key in ("image_id", "category_id", "bbox", "score")} for one in coco.dataset["annotations"]
    ]
    evaluation = COCOeval(coco, coco.loadRes(same), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1)


def test_a_result_without_tracks_has_images_alone(empty: Result, export: Write) -> None:
    coco = COCO(str(export(empty, "coco")))
    assert len(coco.getImgIds()) == 10
    assert (coco.getAnnIds(), coco.getCatIds()) == ([], [])
