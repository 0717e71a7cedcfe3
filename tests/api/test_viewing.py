"""What HTTP gives to viewers, who choose among the tracks of an index by themselves."""

from typing import Any

import jsonschema
import numpy as np
import pytest

from trackspeak.plugins.contract import Scores, Segments, Trajectory
from trackspeak.service.pipeline.select import Selection, select
from trackspeak.service.schema_view import scores_schema, tracks_schema

EXPRESSION = '"a car" and not "moving to the left"'
QUERIES = ["the red car", EXPRESSION]


def trajectories_of(told: dict[str, Any]) -> list[Trajectory]:
    times_s = dict(zip(told["frames"], told["times_s"], strict=True))
    found = []
    for track in told["tracks"]:
        frames = np.array(track["frames"], np.int64)
        boxes = np.array(track["boxes_xyxy"], np.float32).reshape(-1, 4)  # (T * 4,) -> (T, 4)
        times = np.array([times_s[frame] for frame in track["frames"]], np.float64)
        found.append(
            Trajectory(track["track_id"], track["class"], frames, times, boxes, np.ones(len(frames), np.float32))
        )
    return found


def segments_of(told: dict[str, Any]) -> Segments:
    ids, firsts, lasts = (
        np.array(told["segments"][name], np.int64) for name in ("track_ids", "first_frames", "last_frames")
    )
    return Segments(ids, firsts, lasts, np.zeros((len(ids), 1), np.int64), np.zeros((len(ids), 1, 1), np.float32))


@pytest.mark.parametrize("threshold", [None, 0.2, 0.7])
def test_who_chooses_by_himself_finds_what_is_answered(keep: Any, threshold: float | None) -> None:
    service, index = keep
    kept = index()
    told = service.client.get(f"/v1/indexes/{kept}/tracks").json()
    jsonschema.validate(told, tracks_schema())
    scored = service.client.post(f"/v1/indexes/{kept}/scores", json={"queries": QUERIES}).json()
    jsonschema.validate(scored, scores_schema())
    assert told["rule"] == {"closed_gap": 4, "shortest_span": 8}
    assert told["name"] == "street.mp4"
    assert told["plugins"]["tracker"] == "bytetrack"
    values = np.array([query["scores"] for query in scored["queries"]], np.float32).T
    limit = scored["threshold"] if threshold is None else threshold
    chosen = select(
        QUERIES, trajectories_of(told), segments_of(told), Scores(values, scored["score_kind"]), Selection(limit)
    )
    options = {} if threshold is None else {"threshold": threshold}
    answer = service.client.post(f"/v1/videos/{kept}/queries", json={"queries": QUERIES, "options": options}).json()
    for mine, theirs in zip(chosen, answer["queries"], strict=True):
        assert [track.track_id for track in mine.tracks] == [track["track_id"] for track in theirs["tracks"]]
        for track, wanted in zip(mine.tracks, theirs["tracks"], strict=True):
            assert track.frame_indices.tolist() == [box["frame"] for box in wanted["boxes"]]
            assert track.boxes_xyxy.tolist() == np.array([box["xyxy"] for box in wanted["boxes"]], np.float32).tolist()
            np.testing.assert_allclose(track.times_s, [box["time_s"] for box in wanted["boxes"]], atol=1e-6)
            np.testing.assert_allclose(track.frame_scores, [box["score"] for box in wanted["boxes"]], atol=1e-5)
    assert any(one.tracks for one in chosen)


def test_scores_are_not_rounded(keep: Any) -> None:
    service, index = keep
    kept = index()
    scored = service.client.post(f"/v1/indexes/{kept}/scores", json={"queries": ["a car"]}).json()
    (scores,) = (np.array(query["scores"], np.float64) for query in scored["queries"])
    assert (scores == scores.astype(np.float32)).all()
    assert (scores != scores.round(6)).any()


def test_an_expression_has_the_scores_of_its_parts(keep: Any) -> None:
    service, index = keep
    scored = service.client.post(f"/v1/indexes/{index()}/scores", json={"queries": QUERIES}).json()
    sentence, expression = scored["queries"]
    assert "parts" not in sentence
    assert [part["text"] for part in expression["parts"]] == ["a car", "moving to the left"]
    car, left = (np.array(part["scores"]) for part in expression["parts"])
    np.testing.assert_allclose(expression["scores"], np.minimum(car, 1 - left), atol=2e-6)


def test_raw_scores_can_be_asked_for(keep: Any) -> None:
    service, index = keep
    path = f"/v1/indexes/{index()}/scores"
    raw = service.client.post(path, json={"queries": QUERIES[:1], "options": {"calibrator": "none"}}).json()
    assert (raw["score_kind"], raw["threshold"]) == ("cosine", 0)
    assert raw["queries"] != service.client.post(path, json={"queries": QUERIES[:1]}).json()["queries"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"queries": []}, "queries"),
        ({"queries": ['"a car" and']}, "column 12"),
        ({"queries": ["a car"], "options": {"top": 3}}, "there are: calibrator, set"),
        ({"queries": ["a car"], "index": "1"}, "unknown field 'index'"),
    ],
)
def test_what_is_wrong_is_said(keep: Any, body: dict[str, Any], said: str) -> None:
    service, index = keep
    answer = service.client.post(f"/v1/indexes/{index()}/scores", json=body)
    assert (answer.status_code, said in answer.json()["detail"]) == (422, True)


def test_an_unknown_index_is_not_found(keep: Any) -> None:
    service, index = keep
    known = index()
    for answer in (
        service.client.get("/v1/indexes/nothing/tracks"),
        service.client.post("/v1/indexes/nothing/scores", json={"queries": ["a car"]}),
    ):
        assert answer.status_code == 404
        assert known in answer.json()["detail"]
