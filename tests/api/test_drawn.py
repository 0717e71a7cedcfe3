"""The video with the answer drawn in, from an index and a kept file."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from trackspeak.plugins.contract import Frame
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video

QUERY = "the red car"
EXPRESSION = '"a car" and not "moving to the left"'
THERE = 40
"""A pixel that differs by more was drawn over; the encoder changes less, but for edges."""


@pytest.fixture(scope="module")
def drawn(keep: Any, tiny_clip: Path) -> Any:
    """What draws into the clip, which is kept and indexed: gives the response."""
    service, index = keep
    with tiny_clip.open("rb") as file:
        assert service.client.post("/v1/videos", files={"video": ("street.mp4", file)}).status_code in (200, 201)
    kept = index()

    def draw(**asked: Any) -> Any:
        return service.client.get(f"/v1/videos/{kept}/drawn", params=asked)

    return draw


@pytest.fixture
def before(tiny_clip: Path) -> list[Frame]:
    return list(open_video(tiny_clip, Limits()).frames())


def frames_of(response: Any, folder: Path) -> list[Frame]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "video/mp4"
    path = folder / "drawn.mp4"
    path.write_bytes(response.content)
    return list(open_video(path, Limits()).frames())


def changed(one: Frame, other: Frame) -> int:
    """Count the pixels that were drawn over."""
    far = np.abs(one.rgb.astype(int) - other.rgb.astype(int)).max(axis=2) > THERE
    return int(far.sum())


def answer_of(keep: Any, *queries: str, **options: Any) -> list[dict[str, Any]]:
    service, index = keep
    body = {"queries": list(queries), "options": options}
    found: list[dict[str, Any]] = service.client.post(f"/v1/videos/{index()}/queries", json=body).json()["queries"]
    return found


def test_the_answer_is_drawn_into_the_frames_of_its_tracks(
    keep: Any, drawn: Any, before: list[Frame], tmp_path: Path
) -> None:
    response = drawn(query=[QUERY, EXPRESSION])
    assert response.headers["content-disposition"] == 'attachment; filename="street-tracks.mp4"'
    after = frames_of(response, tmp_path)
    assert [frame.index for frame in after] == [frame.index for frame in before]
    np.testing.assert_allclose([one.time_s for one in after], [one.time_s for one in before], atol=1e-4)
    boxed = {
        box["frame"]
        for query in answer_of(keep, QUERY, EXPRESSION)
        for track in query["tracks"]
        for box in track["boxes"]
    }
    plain = frames_of(drawn(query=[QUERY, EXPRESSION], threshold=2), tmp_path)  # the legend alone, with other numbers
    for index, (one, other) in enumerate(zip(after, plain, strict=True)):
        lower = np.abs(one.rgb.astype(int) - other.rgb.astype(int)).max(axis=2)[45:]
        assert ((lower > THERE).sum() > 50) == (index in boxed), index
    assert boxed


def test_a_clip_of_one_track_begins_at_0(keep: Any, drawn: Any, before: list[Frame], tmp_path: Path) -> None:
    (track, *_) = answer_of(keep, QUERY)[0]["tracks"]
    response = drawn(query=QUERY, track=track["track_id"], first_time_s=before[6].time_s, last_time_s=before[15].time_s)
    after = frames_of(response, tmp_path)
    wanted = [frame.time_s - before[6].time_s for frame in before[6:16]]
    with av.open(str(tmp_path / "drawn.mp4")) as container:  # whatever a file begins with, our own reader begins at 0
        np.testing.assert_allclose([frame.time for frame in container.decode(video=0)], wanted, atol=1e-4)
    plain = frames_of(drawn(query=QUERY, threshold=2), tmp_path)
    for number, box in ((box["frame"], box["xyxy"]) for box in track["boxes"] if 6 <= box["frame"] < 16):
        left, top, right, bottom = (round(value) for value in box)
        edge = (slice(top, bottom), slice(max(left - 1, 0), left + 2))
        assert np.abs(after[number - 6].rgb[edge].astype(int) - plain[number].rgb[edge]).mean() > 15
        assert right > left


def test_other_tracks_are_left_out(keep: Any, drawn: Any, before: list[Frame], tmp_path: Path) -> None:
    tracks = answer_of(keep, QUERY, threshold=0)[0]["tracks"]
    assert len(tracks) > 1
    all_of_them = frames_of(drawn(query=QUERY, threshold=0), tmp_path)
    one_of_them = frames_of(drawn(query=QUERY, threshold=0, track=tracks[0]["track_id"]), tmp_path)
    both = set.intersection(*({box["frame"] for box in track["boxes"]} for track in tracks[:2]))
    for frame in sorted(both)[:5]:
        assert changed(before[frame], all_of_them[frame]) > changed(before[frame], one_of_them[frame]) + 50


def test_without_a_question_a_track_is_drawn_over_all_its_frames(
    keep: Any, drawn: Any, before: list[Frame], tmp_path: Path
) -> None:
    service, index = keep
    track = service.client.get(f"/v1/indexes/{index()}/tracks").json()["tracks"][0]
    after = frames_of(drawn(track=track["track_id"]), tmp_path)
    for one, other in zip(before, after, strict=True):
        assert (changed(one, other) > 50) == (one.index in track["frames"]), one.index
    assert len(track["frames"]) > 0


@pytest.mark.parametrize(
    ("asked", "status", "code", "said"),
    [
        ({"query": QUERY, "track": 999}, 404, "not_found", "'999'"),
        ({"track": 999}, 404, "not_found", "unknown track '999'"),
        ({"track": "x"}, 422, "bad_input", "track"),
        ({"query": QUERY, "first_time_s": 2, "last_time_s": 1}, 422, "bad_option", "last_time_s must be at least"),
        ({"query": QUERY, "first_time_s": 1_000}, 422, "bad_option", "1000 s to the end, got none"),
        ({"query": QUERY, "first_time_s": "nan"}, 422, "bad_input", "first_time_s"),
        ({"query": QUERY, "first_time_s": -1}, 422, "bad_input", "first_time_s"),
        ({"query": QUERY, "min_probability": 2}, 422, "bad_option", "min_probability"),
        ({"query": QUERY, "threshold": "inf"}, 422, "bad_input", "threshold"),
        ({"query": QUERY, "index": "nonesuch"}, 422, "bad_option", "index must be one of"),
        ({"query": " "}, 422, "bad_query", "white space"),
        ({"query": '"a" and'}, 422, "bad_query", "column"),
    ],
)
def test_what_is_wrong_is_told(drawn: Any, asked: dict[str, Any], status: int, code: str, said: str) -> None:
    answer = drawn(**asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert said in answer.json()["detail"]


def test_nothing_is_left_of_it(keep: Any, drawn: Any) -> None:
    service, _ = keep
    assert drawn(query=QUERY, last_time_s=0).status_code == 200
    assert drawn(query=QUERY, track=999).status_code == 404
    assert service.uploads() == []


def test_a_video_without_its_file_or_index_is_told(keep: Any, drawn: Any) -> None:
    service, index = keep
    (video,) = service.client.get("/v1/videos").json()
    path = f"/v1/videos/{video['id']}"
    assert service.client.delete(f"/v1/indexes/{index()}").status_code == 204
    answer = service.client.get(f"{path}/drawn", params={"query": QUERY})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert service.client.delete(path).status_code == 204
    index()
    answer = drawn(query=QUERY)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
