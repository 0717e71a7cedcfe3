"""What HTTP does with videos that were indexed: list, name, label, ask, export, delete."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from trackspeak.service import RunOptions
from trackspeak.service.asking import ask, make_asker
from trackspeak.service.schema import result_schema
from trackspeak.service.schema_search import video_schema
from trackspeak.service.store.indexes import Indexes

QUERIES = ["the red car", '"a car" and not "moving to the left"']


def test_an_index_answers_as_in_python(keep: Any) -> None:
    service, index = keep
    kept = index()
    (video,) = service.client.get("/v1/videos").json()
    answer = service.client.post(f"/v1/videos/{video['id']}/queries", json={"queries": QUERIES, "options": {"top": 1}})
    assert answer.status_code == 200
    jsonschema.validate(answer.json(), result_schema())
    stored = Indexes(service.settings.indexes_folder).get(kept)
    wanted = json.loads(ask(stored, QUERIES, make_asker(stored), RunOptions(top=1)).to_json())
    got = answer.json()
    assert {**got, "timings_s": 0} == {**wanted, "timings_s": 0}
    assert any(query["tracks"] for query in got["queries"])
    by_index = service.client.post(f"/v1/videos/{kept}/queries", json={"queries": QUERIES, "options": {"top": 1}})
    assert by_index.json()["queries"] == got["queries"]


def test_videos_are_named_labelled_and_listed(keep: Any) -> None:
    service, index = keep
    index()
    listed = service.client.get("/v1/videos").json()
    jsonschema.validate(listed[0], video_schema())
    path = f"/v1/videos/{listed[0]['id']}"
    assert listed[0]["name"] == "street.mp4"
    changed = service.client.patch(path, json={"name": "Main street", "labels": ["road", "day"]}).json()
    assert (changed["name"], changed["labels"]) == ("Main street", ["day", "road"])
    assert service.client.patch(path, json={"labels": ["Day", "wet"]}).json()["labels"] == ["day", "wet"]
    assert service.client.get("/v1/videos", params={"label": "DAY"}).json() == [service.client.get(path).json()]
    assert service.client.get("/v1/videos", params={"label": "night"}).json() == []
    assert service.client.patch(path, json={"name": None}).json()["name"] == "street.mp4"


def test_the_answer_comes_in_other_formats(keep: Any) -> None:
    service, index = keep
    path = f"/v1/videos/{index()}/queries"
    wanted = {
        "cvat": ("application/xml", b"<?xml"),
        "coco": ("application/json", b"{"),
        "mot": ("application/zip", b"PK"),
    }
    for name, (kind, begin) in wanted.items():
        answer = service.client.post(path, params={"format": name}, json={"queries": QUERIES})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == kind
        assert "attachment" in answer.headers["content-disposition"]
        assert answer.content.startswith(begin)
    assert service.uploads() == []
    wrong = service.client.post(path, params={"format": "docx"}, json={"queries": QUERIES})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown_name")


def test_a_video_posted_once_comes_in_other_formats(service: Any, tiny_clip: Path) -> None:
    with tiny_clip.open("rb") as file:
        form = {"files": {"video": ("street.mp4", file)}, "data": {"query": ["the red car"]}}
        answer = service.client.post("/v1/track", params={"format": "supervision"}, **form)
    assert answer.status_code == 200
    assert answer.text.startswith("x_min,y_min,x_max,y_max")
    assert service.uploads() == []


def test_pictures_of_tracks_are_given(keep: Any) -> None:
    service, index = keep
    kept = index()
    answer = service.client.post(f"/v1/videos/{kept}/queries", json={"queries": ["a car"]})
    track = answer.json()["queries"][0]["tracks"][0]
    picture = service.client.get(f"/v1/indexes/{kept}/tracks/{track['track_id']}/thumbnail")
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content.startswith(b"\xff\xd8")
    assert service.client.get(f"/v1/indexes/{kept}/tracks/999/thumbnail").status_code == 404
    assert service.client.get(f"/v1/indexes/{'0' * 32}/tracks/1/thumbnail").status_code == 404


def test_of_several_indexes_one_is_to_be_named(keep: Any) -> None:
    service, index = keep
    first, second = index(), index(frame_stride=2)
    (video,) = service.client.get("/v1/videos").json()
    path = f"/v1/videos/{video['id']}/queries"
    unnamed = service.client.post(path, json={"queries": QUERIES})
    assert (unnamed.status_code, first in unnamed.json()["detail"]) == (422, True)
    assert service.client.post(path, json={"queries": QUERIES, "index": second}).status_code == 200
    assert service.client.post(path, json={"queries": QUERIES, "index": "nonesuch"}).status_code == 422
    assert service.client.delete(f"/v1/indexes/{second}").status_code == 204
    assert service.client.post(path, json={"queries": QUERIES}).status_code == 200


def test_a_deleted_video_is_gone(keep: Any) -> None:
    service, index = keep
    kept = index()
    (video,) = service.client.get("/v1/videos").json()
    path = f"/v1/videos/{video['id']}"
    assert service.client.post(f"{path}/queries", json={"queries": QUERIES}).status_code == 200
    assert service.client.delete(path).status_code == 204
    for answer in (
        service.client.get(path),
        service.client.delete(path),
        service.client.post(f"{path}/queries", json={"queries": QUERIES}),
        service.client.delete(f"/v1/indexes/{kept}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ({}, "bad_input", "queries must be a list of texts"),
        ({"queries": "a car"}, "bad_input", "queries must be a list of texts"),
        ({"queries": []}, "bad_query", ""),
        ({"queries": [" "]}, "bad_query", "white space"),
        ({"queries": ['"a']}, "bad_query", "column"),
        ({"queries": ["a"], "extra": 1}, "bad_input", "extra"),
        ({"queries": ["a"], "options": {"tracker": "sort"}}, "bad_option", "tracker"),
        ({"queries": ["a"], "options": {"threshold": "high"}}, "bad_option", "threshold"),
        ({"queries": ["a"], "options": {"set": {"detector.min_area": 1}}}, "bad_option", "calibrator"),
        ({"queries": ["a"], "options": {"set": {"calibrator.slope": 1}}}, "bad_option", "calibrator"),
        ({"queries": ["a"], "options": {"calibrator": "nonesuch"}}, "unknown_name", "platt"),
        ({"queries": ["a"], "options": {"calibrator": "none", "min_probability": 0.5}}, "bad_option", "probabilities"),
        (
            {"queries": ["a"], "options": {"calibrator": "frequency", "set": {"calibrator.path": "/etc/passwd"}}},
            "bad_option",
            "plugin_files",
        ),
    ],
)
def test_wrong_questions_are_told(keep: Any, body: dict[str, Any], code: str, said: str) -> None:
    service, index = keep
    answer = service.client.post(f"/v1/videos/{index()}/queries", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert said in answer.json()["detail"]


def test_a_body_that_is_no_object_is_told(keep: Any) -> None:
    service, index = keep
    path = f"/v1/videos/{index()}/queries"
    for body in (b"", b"[1]", b"{", b'"a"', b"\xff"):
        assert service.client.post(path, content=body).status_code == 422
    assert service.client.post(path, content=b" " * 3_000_000).status_code == 422
