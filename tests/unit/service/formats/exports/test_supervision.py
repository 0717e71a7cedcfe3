"""`supervision`, read back as supervision's users do: a CSV, and `Detections` of each frame."""

import csv
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import supervision as sv

from trackspeak.service.result import Result

Write = Callable[..., Path]
COLUMNS = ["x_min", "y_min", "x_max", "y_max", "class_id", "confidence", "tracker_id"]
OURS = ["class_name", "frame_index", "query", "time_s"]


def read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        return list(reader.fieldnames or ()), list(reader)


def detections(rows: list[dict[str, str]]) -> sv.Detections:
    return sv.Detections(
        xyxy=np.array([[float(row[name]) for name in COLUMNS[:4]] for row in rows]),
        confidence=np.array([float(row["confidence"]) for row in rows]),
        class_id=np.array([int(row["class_id"]) for row in rows]),
        tracker_id=np.array([int(row["tracker_id"]) for row in rows]),
        data={name: np.array([row[name] for row in rows], object) for name in OURS},
    )


def test_rows_are_the_boxes(result: Result, expected: set[tuple[Any, ...]], export: Write) -> None:
    header, rows = read(export(result, "supervision"))
    assert header == COLUMNS + OURS
    assert len(rows) == len(expected)
    found = set()
    for (query, frame), part in groupby(rows, key=lambda row: (row["query"], row["frame_index"])):
        for box, _, score, class_id, track_id, data in detections(list(part)):
            assert class_id == ['a "b" & <c>', "car"].index(data["class_name"])
            found.add((query, int(frame), int(track_id), data["class_name"], tuple(box.tolist()), float(score)))
    assert found == expected


def test_times_are_those_of_the_result(result: Result, export: Write) -> None:
    _, rows = read(export(result, "supervision"))
    assert {(int(row["frame_index"]), float(row["time_s"])) for row in rows} == {
        (box["frame"], box["time_s"])
        for answer in result.to_dict()["queries"]
        for track in answer["tracks"]
        for box in track["boxes"]
    }


def test_a_result_without_tracks_is_a_table_without_rows(empty: Result, export: Write) -> None:
    assert read(export(empty, "supervision")) == (COLUMNS + OURS, [])
