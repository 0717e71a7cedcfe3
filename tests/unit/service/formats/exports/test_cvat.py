"""`cvat`, against a schema written from CVAT's page "XML annotation format", and read as CVAT interpolates."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import xmlschema

from trackspeak.service.formats.exports.cvat import attribute_names
from trackspeak.service.result import Result

Write = Callable[..., Path]
MakeResult = Callable[..., Result]
Rows = set[tuple[Any, ...]]

# https://docs.cvat.ai/docs/other/xml_format, version 1.1, for a task of a video with boxes alone.
SCHEMA = """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:simpleType name="flag"><xs:restriction base="xs:string"><xs:pattern value="0|1"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="kind"><xs:restriction base="xs:string">
    <xs:pattern value="select|checkbox|radio|number|text"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="name"><xs:restriction base="xs:string">
    <xs:minLength value="1"/><xs:maxLength value="64"/></xs:restriction></xs:simpleType>
  <xs:complexType name="spec"><xs:sequence>
    <xs:element name="name" type="name"/>
    <xs:element name="mutable"><xs:simpleType><xs:restriction base="xs:string">
      <xs:pattern value="True|False"/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name="input_type" type="kind"/>
    <xs:element name="default_value" type="xs:string"/><xs:element name="values" type="xs:string"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="label"><xs:sequence>
    <xs:element name="name" type="name"/><xs:element name="type" fixed="rectangle"/>
    <xs:element name="attributes"><xs:complexType><xs:sequence>
      <xs:element name="attribute" type="spec" minOccurs="0" maxOccurs="unbounded"/>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType>
  <xs:complexType name="segment"><xs:all>
    <xs:element name="id" type="xs:nonNegativeInteger"/><xs:element name="start" type="xs:nonNegativeInteger"/>
    <xs:element name="stop" type="xs:nonNegativeInteger"/><xs:element name="url" type="xs:string"/>
  </xs:all></xs:complexType>
  <xs:complexType name="task"><xs:all>
    <xs:element name="name" type="xs:string"/><xs:element name="size" type="xs:nonNegativeInteger"/>
    <xs:element name="mode" fixed="interpolation"/><xs:element name="overlap" type="xs:nonNegativeInteger"/>
    <xs:element name="start_frame" type="xs:nonNegativeInteger"/>
    <xs:element name="stop_frame" type="xs:nonNegativeInteger"/>
    <xs:element name="labels"><xs:complexType><xs:sequence>
      <xs:element name="label" type="label" maxOccurs="unbounded"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="segments"><xs:complexType><xs:sequence>
      <xs:element name="segment" type="segment" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
    <xs:element name="original_size"><xs:complexType><xs:sequence>
      <xs:element name="width" type="xs:positiveInteger"/><xs:element name="height" type="xs:positiveInteger"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="source" type="xs:string"/>
  </xs:all></xs:complexType>
  <xs:complexType name="attribute"><xs:simpleContent><xs:extension base="xs:string">
    <xs:attribute name="name" type="name" use="required"/></xs:extension></xs:simpleContent></xs:complexType>
  <xs:complexType name="box"><xs:sequence>
      <xs:element name="attribute" type="attribute" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
    <xs:attribute name="frame" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="outside" type="flag" use="required"/><xs:attribute name="occluded" type="flag" use="required"/>
    <xs:attribute name="keyframe" type="flag" use="required"/><xs:attribute name="z_order" type="xs:integer"/>
    <xs:attribute name="xtl" type="xs:double" use="required"/><xs:attribute name="ytl" type="xs:double" use="required"/>
    <xs:attribute name="xbr" type="xs:double" use="required"/><xs:attribute name="ybr" type="xs:double" use="required"/>
  </xs:complexType>
  <xs:complexType name="track"><xs:sequence>
      <xs:element name="box" type="box" maxOccurs="unbounded"/></xs:sequence>
    <xs:attribute name="id" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="label" type="name" use="required"/>
    <xs:attribute name="source" use="required"><xs:simpleType><xs:restriction base="xs:string">
      <xs:pattern value="manual|semi-auto|auto"/></xs:restriction></xs:simpleType></xs:attribute>
  </xs:complexType>
  <xs:element name="annotations"><xs:complexType><xs:sequence>
    <xs:element name="version" fixed="1.1"/>
    <xs:element name="meta"><xs:complexType><xs:sequence>
      <xs:element name="task" type="task"/></xs:sequence></xs:complexType></xs:element>
    <xs:element name="track" type="track" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>
"""


def read(path: Path) -> dict[str, Any]:
    """Give what the file says, after it was found to keep to the schema."""
    value = xmlschema.XMLSchema(SCHEMA).to_dict(str(path))
    assert isinstance(value, dict)
    return value


def shown(track: dict[str, Any], frames: int) -> dict[int, dict[str, Any]]:
    """Give what CVAT shows of a track by frame: from a keyframe on until the next, unless it is outside.

    Between two keyframes CVAT moves the box, and after the last one it lets it stand; here it always stands.
    """
    keys = {box["@frame"]: box for box in track["box"]}
    visible, current = {}, None
    for frame in range(frames):
        current = keys.get(frame, current)
        if current is not None and current["@outside"] == "0":
            visible[frame] = current
    return visible


def ticked(box: dict[str, Any]) -> set[str]:
    return {one["@name"] for one in box["attribute"] if one.get("$") == "true"}


def track_id(box: dict[str, Any]) -> int:
    return next(int(one["$"]) for one in box["attribute"] if one["@name"] == "track_id")


def test_what_cvat_shows_are_the_boxes(result: Result, expected: Rows, export: Write) -> None:
    value = read(export(result, "cvat"))
    found = set()
    for track in value["track"]:
        for frame, box in shown(track, result.video.frames).items():
            corners = tuple(float(box[f"@{name}"]) for name in ("xtl", "ytl", "xbr", "ybr"))
            assert ticked(box)
            found |= {(query, frame, track_id(box), track["@label"], corners) for query in ticked(box)}
    assert found == {(row.query, row.frame, row.track_id, row.class_name, row.xyxy) for row in expected}


def test_outside_follows_where_boxes_stop_but_at_the_end(result: Result, export: Write) -> None:
    tracks = read(export(result, "cvat"))["track"]
    outside = {
        track_id(track["box"][0]): [box["@frame"] for box in track["box"] if box["@outside"] == "1"] for track in tracks
    }
    assert outside == {7: [4, 13], 3: []}
    for track in tracks:
        frames = [box["@frame"] for box in track["box"]]
        assert frames == sorted(set(frames))
        assert max(frames) < result.video.frames


def test_labels_have_the_sentences_as_checkboxes(result: Result, export: Write) -> None:
    task = read(export(result, "cvat"))["meta"]["task"]
    queries = list(dict.fromkeys(answer.query for answer in result.queries))
    assert [label["name"] for label in task["labels"]["label"]] == ['a "b" & <c>', "car"]
    for label in task["labels"]["label"]:
        specs = label["attributes"]["attribute"]
        assert [(one["name"], one["input_type"]) for one in specs] == [
            ("track_id", "text"),
            *((query, "checkbox") for query in queries),
        ]
    assert (task["size"], task["stop_frame"], task["name"]) == (20, 19, "street 1.mp4")
    assert task["original_size"] == {"width": 128, "height": 64}


def test_names_are_apart_and_fit() -> None:
    long = "the red car that " * 10
    names = attribute_names([long + "a", long + "b", "track_id", "a\0b", "a\x01b", "a bus"])
    assert names["a bus"] == "a bus"
    assert len(set(names.values()) | {"track_id"}) == 7
    assert max(map(len, names.values())) == 64


@pytest.mark.parametrize("text", ["a\0b", "line\r\nbreak\ttab", "]]>", "\ufffe", "'\"&<>", "🚗"])
def test_any_text_gives_well_formed_xml(text: str, result: Result, export: Write) -> None:
    first = result.queries[0]
    renamed = tuple(replace(track, class_name=text) for track in first.tracks)
    value = read(export(replace(result, queries=(replace(first, query=text, tracks=renamed),)), "cvat", text))
    (label,) = value["meta"]["task"]["labels"]["label"]
    assert {track["@label"] for track in value["track"]} == {label["name"]}
    name = label["attributes"]["attribute"][1]["name"]
    assert {one for track in value["track"] for box in track["box"] for one in ticked(box)} == {name}
    assert name == text.replace("\0", "\ufffd").replace("\ufffe", "\ufffd")


def test_a_result_without_tracks_is_a_task_with_a_label(empty: Result, export: Write) -> None:
    value = read(export(empty, "cvat"))
    assert "track" not in value
    assert [label["name"] for label in value["meta"]["task"]["labels"]["label"]] == ["object"]


def test_classes_of_tracks_that_nothing_refers_to_are_labels_too(make_result: MakeResult, export: Write) -> None:
    seen = [replace(track, class_name=name) for track, name in zip(make_result().trajectories, "ba", strict=True)]
    value = read(export(make_result(queries=(), trajectories=tuple(seen)), "cvat"))
    assert [label["name"] for label in value["meta"]["task"]["labels"]["label"]] == ["a", "b"]
