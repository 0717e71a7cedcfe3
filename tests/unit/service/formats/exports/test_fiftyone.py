"""`fiftyone`, against a schema of what ETA's video labels hold.

FiftyOne itself wants an older OpenCV than trackspeak and a database, so it is not among the test's requirements. The
schema is written from its page "Supported input formats", FiftyOneVideoLabelsDataset, and ETA's video labels guide.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from trackspeak.service.result import Result

Write = Callable[..., Path]


def record(**properties: Any) -> dict[str, Any]:
    """An object that has all of these, and nothing else."""
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False
    }  # fmt: skip


def array(items: dict[str, Any], **more: int) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


TEXT, NUMBER = {"type": "string", "minLength": 1}, {"type": "number"}
FRAME = {"type": "integer", "minimum": 1}
POINT = record(x=NUMBER, y=NUMBER)
ATTRIBUTE = {
    "oneOf": [
        record(type={"const": "eta.core.data.CategoricalAttribute"}, name=TEXT, value=TEXT),
        record(type={"const": "eta.core.data.NumericAttribute"}, name=TEXT, value=NUMBER),
    ]
}
ATTRIBUTES = record(attrs=array(ATTRIBUTE))
OBJECT = record(
    name=TEXT,
    label=TEXT,
    index={"type": "integer"},
    confidence=NUMBER,
    frame_number=FRAME,
    bounding_box=record(top_left=POINT, bottom_right=POINT),
    attrs=ATTRIBUTES,
)
RANGE = array(FRAME, minItems=2, maxItems=2)
EVENT = record(
    name=TEXT, label=TEXT, confidence=NUMBER, support=record(ranges=array(RANGE, minItems=1)), attrs=ATTRIBUTES
)
FRAME_LABELS = record(frame_number=FRAME, objects=record(objects=array(OBJECT, minItems=1)))
LABELS = record(
    filename=TEXT,
    frames={"type": "object", "patternProperties": {"^[1-9][0-9]*$": FRAME_LABELS}, "additionalProperties": False},
    events=record(events=array(EVENT)),
)
MANIFEST = record(
    type={"const": "eta.core.datasets.LabeledVideoDataset"},
    description={"type": "string"},
    index=array(
        record(data={"type": "string", "pattern": "^data/"}, labels={"type": "string", "pattern": "^labels/"}),
        minItems=1,
        maxItems=1,
    ),
)


def read(root: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give manifest and labels, after they were found to keep to their schemas."""
    manifest = json.loads((root / "manifest.json").read_text("utf-8"))
    jsonschema.validate(manifest, MANIFEST)
    labels = json.loads((root / manifest["index"][0]["labels"]).read_text("utf-8"))
    jsonschema.validate(labels, LABELS)
    return manifest, labels


def test_detections_are_the_boxes(result: Result, expected: set[tuple[Any, ...]], unpacked: Write) -> None:
    _, labels = read(unpacked(result, "fiftyone"))
    found = set()
    for number, frame in labels["frames"].items():
        assert frame["frame_number"] == int(number)
        for one in frame["objects"]["objects"]:
            assert one["frame_number"] == int(number)
            (query,) = one["attrs"]["attrs"]
            first, last = one["bounding_box"]["top_left"], one["bounding_box"]["bottom_right"]
            box = tuple(round(v, 2) for v in (first["x"] * 128, first["y"] * 64, last["x"] * 128, last["y"] * 64))
            found.add((query["value"], int(number) - 1, one["index"], one["label"], box, one["confidence"]))
    assert found == expected
    assert list(map(int, labels["frames"])) == sorted(map(int, labels["frames"]))


def test_events_are_the_spans(result: Result, unpacked: Write) -> None:
    _, labels = read(unpacked(result, "fiftyone"))
    found = [
        (event["label"], *(one["value"] for one in event["attrs"]["attrs"]), *event["support"]["ranges"][0])
        for event in labels["events"]["events"]
    ]
    red, other = result.queries[0].query, result.queries[1].query
    assert found == [
        (red, 7, "car", 3, 6),
        (red, 7, "car", 10, 13),
        (red, 3, 'a "b" & <c>', 19, 20),
        (other, 7, "car", 4, 11),
    ]
    assert {event["name"] for event in labels["events"]["events"]} == {"queries"}


def test_the_manifest_says_where_the_video_belongs(result: Result, unpacked: Write) -> None:
    root = unpacked(result, "fiftyone")
    manifest, labels = read(root)
    assert manifest["index"] == [{"data": "data/street-1.mp4", "labels": "labels/street-1.json"}]
    assert labels["filename"] == "street-1.mp4"
    assert {path.relative_to(root).as_posix() for path in root.rglob("*.*")} == {
        "manifest.json",
        "labels/street-1.json",
    }


def test_the_schema_refuses_what_fiftyone_cannot_read(result: Result, unpacked: Write) -> None:
    _, labels = read(unpacked(result, "fiftyone"))
    event = labels["events"]["events"][0]
    event["support"] = {"ranges": [{"first": 3, "last": 6}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(labels, LABELS)


def test_a_result_without_tracks_has_no_labels(empty: Result, unpacked: Write) -> None:
    _, labels = read(unpacked(empty, "fiftyone"))
    assert (labels["frames"], labels["events"]) == ({}, {"events": []})
