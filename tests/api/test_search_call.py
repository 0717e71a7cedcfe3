"""The search over all indexed videos, over HTTP."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from trackspeak.service import RunOptions
from trackspeak.service.assemble import assemble
from trackspeak.service.indexing import make_index
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video
from trackspeak.service.schema_search import search_schema
from trackspeak.service.search.asked import SearchOptions
from trackspeak.service.searching import make_searcher, search_to_dict
from trackspeak.service.store.indexes import Indexes

pytest.importorskip("lancedb", reason="needs lancedb")


@pytest.fixture(scope="module")
def searched(make_service: Callable[..., Any], tiny_clip: Path) -> Any:
    """A service with three indexes of the clip."""
    service = make_service()
    for stride in (1, 2, 3):
        options = RunOptions(frame_stride=stride)
        assembly, video = assemble(options), open_video(tiny_clip, Limits())
        stored = make_index(video, "street.mp4", assembly, options, thumbnails=True)
        Indexes(service.settings.indexes_folder).add(stored)
    return service


def test_a_search_answers_as_in_python(searched: Any) -> None:
    answer = searched.client.post("/v1/search", json={"query": "a car", "top": 3})
    assert answer.status_code == 200
    got = answer.json()
    jsonschema.validate(got, search_schema())
    found = make_searcher(searched.settings).search("a car", SearchOptions(top=3))
    assert {**got, "timings_s": 0} == {**search_to_dict(found, searched.settings), "timings_s": 0}
    assert len(got["tracks"]) == 3
    picture = searched.client.get(got["tracks"][0]["thumbnail"])
    assert picture.headers["content-type"] == "image/jpeg"


def test_pages_follow_each_other(searched: Any) -> None:
    whole = searched.client.post("/v1/search", json={"query": "a car", "top": 200}).json()
    assert whole["next"] is None
    tracks, body = [], {"query": "a car", "top": 1}
    while True:
        page = searched.client.post("/v1/search", json=body).json()
        tracks += page["tracks"]
        if page["next"] is None:
            break
        body["cursor"] = page["next"]
    assert tracks == whole["tracks"]
    assert len(tracks) > 2
    other = searched.client.post("/v1/search", json={"query": "a bus", "cursor": body["cursor"]})
    assert (other.status_code, other.json()["code"]) == (422, "bad_option")


def test_a_search_is_narrowed_to_labels_and_videos(searched: Any) -> None:
    (video,) = searched.client.get("/v1/videos").json()
    searched.client.patch(f"/v1/videos/{video['id']}", json={"labels": ["road"]})
    every = searched.client.post("/v1/search", json={"query": "a car", "labels": ["ROAD"]}).json()
    assert every["tracks"]
    assert every["tracks"][0]["labels"] == ["road"]
    none = searched.client.post("/v1/search", json={"query": "a car", "labels": ["road", "night"]}).json()
    assert (none["tracks"], none["searched"]["videos"]) == ([], 0)
    one = video["indexes"][0]["id"]
    narrowed = searched.client.post("/v1/search", json={"query": "a car", "videos": [one]}).json()
    assert {track["index"] for track in narrowed["tracks"]} == {one}
    unknown = searched.client.post("/v1/search", json={"query": "a car", "videos": ["nonesuch"]})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "bad_option")


def test_searches_are_kept_and_asked(searched: Any) -> None:
    path = "/v1/searches/red cars"
    kept = searched.client.put(path, json={"query": "a red car", "top": 2})
    assert kept.json() == {"query": "a red car", "top": 2}
    assert searched.client.get("/v1/searches").json() == {"red cars": {"query": "a red car", "top": 2}}
    answer = searched.client.post("/v1/search", json={"saved": "red cars", "top": 1}).json()
    assert (answer["query"], len(answer["tracks"]) <= 1) == ("a red car", True)
    assert searched.client.delete(path).status_code == 204
    for gone in (searched.client.get(path), searched.client.delete(path)):
        assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert searched.client.post("/v1/search", json={"saved": "red cars"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "query"),
        ({"query": " "}, "white space"),
        ({"query": '"a car" and'}, "column"),
        ({"query": "a car", "top": 0}, "top"),
        ({"query": "a car", "top": "many"}, "top"),
        ({"query": "a car", "nonesuch": 1}, "nonesuch"),
        ({"query": "a car", "first_time_s": 5, "last_time_s": 1}, "first_time_s"),
        ({"query": "a car", "cursor": "abc"}, "cursor"),
        ({"saved": 1}, "saved"),
    ],
)
def test_wrong_searches_are_told(searched: Any, body: dict[str, Any], said: str) -> None:
    answer = searched.client.post("/v1/search", json=body)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert "/" not in answer.json()["detail"]


def test_what_was_deleted_is_in_no_file(searched: Any) -> None:
    """The whole data folder is walked: nothing that was derived of the video is left."""
    (video,) = searched.client.get("/v1/videos").json()
    assert searched.client.post("/v1/search", json={"query": "a car"}).json()["tracks"]
    searched.client.patch(f"/v1/videos/{video['id']}", json={"name": "Hafenstrasse 7", "labels": ["harbour"]})
    indexes = Indexes(searched.settings.indexes_folder)
    traces = [video["id"].encode(), b"Hafenstrasse", b"harbour"]
    for one in video["indexes"]:
        stored = indexes.get(one["id"])
        observed = stored.index.observations
        picture = indexes.thumbnail(stored.id, stored.index.trajectories[0].track_id)
        traces += [stored.id.encode(), stored.index.trajectories[0].boxes_xyxy.tobytes(), picture.jpeg]
        traces += [array[0].astype("float16").tobytes() for array in observed.look_arrays.values()]
    matched = {trace for path in _files(searched.settings.data) for trace in traces if trace in path.read_bytes()}
    assert len(matched) == len(traces)
    assert searched.client.delete(f"/v1/videos/{video['id']}").status_code == 204
    files = _files(searched.settings.data)
    assert [(path.name, trace[:40]) for path in files for trace in traces if trace in path.read_bytes()] == []
    assert searched.client.post("/v1/search", json={"query": "a car"}).json()["tracks"] == []


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
