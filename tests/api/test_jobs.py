"""Jobs over HTTP: accepted, followed, cancelled, fetched, gone."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from trackspeak.service.schema import result_schema
from trackspeak.service.schema_jobs import indexed_schema, job_schema, jobs_schema

LONG_S = 120


def wait_for(look: Callable[[], Any]) -> Any:
    """Look again and again until there is something; gives that."""
    until = time.monotonic() + LONG_S
    while not (seen := look()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)
    return seen


@pytest.fixture(scope="module")
def made(make_service: Callable[..., Any]) -> Any:
    """A service of these tests alone: the results of jobs stay."""
    return make_service()


def submit(service: Any, video: Path, *queries: str, **options: Any) -> Any:
    chosen = {"set": {"matcher.model": str(service.model)}, "threshold": -100, **options}
    with video.open("rb") as file:
        return service.client.post(
            "/v1/track",
            files={"video": (video.name, file)},
            data={"query": queries, "options": json.dumps(chosen)},
            headers={"Prefer": "respond-async"},
        )


def ended(service: Any, job_id: str) -> Any:
    def look() -> Any:
        job = service.client.get(f"/v1/jobs/{job_id}").json()
        return job if job["state"] in ("succeeded", "failed", "cancelled") else None

    return wait_for(look)


@pytest.fixture(scope="module")
def done(made: Any, tiny_clip: Path) -> Any:
    """A job that is done."""
    response = submit(made, tiny_clip, "the red car", "a bus")
    assert response.status_code == 202
    assert response.headers["preference-applied"] == "respond-async"
    jsonschema.validate(response.json(), job_schema())
    assert response.headers["location"] == f"/v1/jobs/{response.json()['id']}"
    return ended(made, response.json()["id"])


def test_its_result_is_that_of_a_caller_who_waits(made: Any, done: Any, tiny_clip: Path) -> None:
    assert done["state"] == "succeeded"
    result = made.client.get(f"/v1/jobs/{done['id']}/result")
    assert (result.status_code, result.headers["content-type"]) == (200, "application/json")
    jsonschema.validate(result.json(), result_schema())
    waited = made.track(tiny_clip, "the red car", "a bus", threshold=-100)
    assert {**result.json(), "timings_s": 0} == {**waited.json(), "timings_s": 0}
    assert all(query["tracks"] for query in result.json()["queries"])


@pytest.mark.parametrize(("name", "begin"), [("cvat", b"<?xml"), ("coco", b"{"), ("kitti", b"PK"), ("jsonl", b"{")])
def test_its_result_comes_in_every_format(made: Any, done: Any, tiny_clip: Path, name: str, begin: bytes) -> None:
    result = made.client.get(f"/v1/jobs/{done['id']}/result", params={"format": name})
    assert (result.status_code, result.content[: len(begin)]) == (200, begin)
    chosen = json.dumps({"set": {"matcher.model": str(made.model)}, "threshold": -100})
    with tiny_clip.open("rb") as file:
        waited = made.client.post(
            "/v1/track",
            params={"format": name},
            files={"video": (tiny_clip.name, file)},
            data={"query": ["the red car", "a bus"], "options": chosen},
        )
    assert waited.content == result.content


def test_its_video_is_drawn_and_read_in_parts(made: Any, done: Any, tmp_path: Path) -> None:
    import av

    path = f"/v1/jobs/{done['id']}/video"
    whole = made.client.get(path)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    (tmp_path / "a.mp4").write_bytes(whole.content)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 36
    part = made.client.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])


def read_events(service: Any, job_id: str, last: int | None = None) -> list[dict[str, Any]]:
    """Follow a job to its end."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    events = []
    with service.client.stream("GET", f"/v1/jobs/{job_id}/events", headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        text = "".join(response.iter_text())
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            events.append({"event": fields["event"], "id": int(fields["id"]), "data": json.loads(fields["data"])})
    return events


def test_its_events_are_followed_and_gone_on_with(made: Any, done: Any) -> None:
    events = read_events(made, done["id"])
    assert [event["data"].get("state") for event in events if event["event"] == "state"] == [
        "queued",
        "running",
        "succeeded",
    ]
    numbers = [event["id"] for event in events]
    assert numbers == sorted(set(numbers))
    assert [event["id"] for event in read_events(made, done["id"], numbers[1])] == numbers[2:]
    nothing = made.client.get(f"/v1/jobs/{done['id']}/events", headers={"Last-Event-ID": str(numbers[-1])})
    assert nothing.status_code == 204
    wrong = made.client.get(f"/v1/jobs/{done['id']}/events", headers={"Last-Event-ID": "last"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_option")


def test_a_job_that_is_watched_tells_how_far_it_is(made: Any, shared_dir: Path) -> None:
    job = submit(made, shared_dir / "data" / "traffic.mp4", "the red car").json()
    events = read_events(made, job["id"])
    progress = [event["data"] for event in events if event["event"] == "progress"]
    assert [one["frames_done"] for one in progress] == sorted(one["frames_done"] for one in progress)
    assert progress[-1]["frames_total"] == 480
    partial = [event["data"] for event in events if event["event"] == "partial"]
    assert partial
    assert any(track["spans"] for track in partial[-1]["queries"][0]["tracks"])


def test_jobs_are_listed_newest_first_in_pages(made: Any, done: Any, tiny_clip: Path) -> None:
    other = submit(made, tiny_clip, "a van").json()
    ended(made, other["id"])
    listed = made.client.get("/v1/jobs", params={"top": 1}).json()
    jsonschema.validate(listed, jobs_schema())
    assert [job["id"] for job in listed["jobs"]] == [other["id"]]
    following = made.client.get("/v1/jobs", params={"cursor": listed["next"]}).json()
    assert done["id"] in [job["id"] for job in following["jobs"]]
    assert made.client.get("/v1/jobs", params={"state": "failed", "video": done["video"]}).json()["jobs"] == []
    assert made.client.get("/v1/jobs", params={"state": "odd"}).status_code == 422


def test_a_bad_video_is_refused_before_it_becomes_a_job(made: Any, bad_videos: dict[str, Path]) -> None:
    refused = submit(made, bad_videos["text"], "a car")
    assert (refused.status_code, refused.json()["code"]) == (422, "unreadable_video")


def test_a_large_video_becomes_a_job_by_itself(make_brief_service: Callable[..., Any], tiny_clip: Path) -> None:
    service = make_brief_service(async_bytes=100)
    response = service.track(tiny_clip, "a car")
    assert response.status_code == 202
    assert ended(service, response.json()["id"])["state"] == "succeeded"


@pytest.fixture
def slow(make_brief_service: Callable[..., Any], shared_dir: Path) -> tuple[Any, Path]:
    """A service of its own, and a video that takes seconds."""
    return make_brief_service(max_jobs_per_key=3), shared_dir / "data" / "traffic.mp4"


def test_cancelling_and_a_full_queue(slow: tuple[Any, Path]) -> None:
    service, video = slow
    first, second, third = (submit(service, video, text).json() for text in ("a", "b", "c"))
    wait_for(lambda: service.client.get(f"/v1/jobs/{first['id']}").json()["progress"])
    full = submit(service, video, "d")
    assert (full.status_code, full.json()["code"]) == (429, "over_quota")
    assert int(full.headers["retry-after"]) >= 1
    assert service.client.get(f"/v1/jobs/{third['id']}").json()["ahead"] == 1
    early = service.client.get(f"/v1/jobs/{third['id']}/result")
    assert (early.status_code, early.json()["code"]) == (409, "conflict")
    waiting = service.client.post(f"/v1/jobs/{third['id']}/cancel")
    assert (waiting.status_code, waiting.json()["state"]) == (200, "cancelled")
    for job in (first, second):
        assert service.client.post(f"/v1/jobs/{job['id']}/cancel").status_code in (200, 202)
        assert ended(service, job["id"])["state"] == "cancelled"
    gone = service.client.get(f"/v1/jobs/{first['id']}/result")
    assert (gone.status_code, gone.json()["code"]) == (409, "cancelled")
    assert service.client.post(f"/v1/jobs/{first['id']}/cancel").status_code == 200  # it stays as it is


def test_an_expired_result_is_gone(make_brief_service: Callable[..., Any], tiny_clip: Path) -> None:
    service = make_brief_service(keep_results_s=0.01)
    job = submit(service, tiny_clip, "a car").json()
    ended(service, job["id"])
    time.sleep(0.1)  # it may just have ended: its time is over 10 ms later
    service.client.app.state.front.shop.retention.sweep()
    for path in ("result", "video"):
        gone = service.client.get(f"/v1/jobs/{job['id']}/{path}")
        assert (gone.status_code, gone.json()["code"]) == (410, "gone")
    assert service.client.get(f"/v1/jobs/{job['id']}").json()["expired"] is True
    assert service.uploads() == []


def test_jobs_are_their_callers(keyed: Any, tiny_clip: Path) -> None:
    mine, other, admin = keyed.headers("ask", "index"), keyed.headers("ask", "index"), keyed.headers("ask", "admin")
    with tiny_clip.open("rb") as file:
        job = keyed.client.post(
            "/v1/track",
            files={"video": (tiny_clip.name, file)},
            data={"query": "a car"},
            headers={**mine, "Prefer": "respond-async"},
        ).json()
    path = f"/v1/jobs/{job['id']}"
    assert [keyed.client.get(path, headers=who).status_code for who in (mine, other, admin)] == [200, 404, 200]
    assert [len(keyed.client.get("/v1/jobs", headers=who).json()["jobs"]) for who in (mine, other, admin)] == [1, 0, 1]
    assert keyed.client.post(f"{path}/cancel", headers=other).status_code == 404
    assert keyed.client.post(f"{path}/cancel", headers=mine).json()["state"] == "cancelled"


def test_an_index_is_made_over_http(make_brief_service: Callable[..., Any], tiny_clip: Path) -> None:
    service = make_brief_service()
    with tiny_clip.open("rb") as file:
        sent = service.client.post("/v1/videos", files={"video": (tiny_clip.name, file)})
    assert sent.status_code == 201
    video = sent.json()
    video_path = sent.headers["location"]
    assert service.client.get(video_path).json() == video
    early = service.client.post(f"{video_path}/queries", json={"queries": ["a car"]})
    assert (early.status_code, early.json()["code"]) == (409, "conflict")
    made = service.client.post(f"{video_path}/index", json={"queries": ["the red car"]})
    assert made.status_code == 202
    assert ended(service, made.json()["id"])["state"] == "succeeded"
    result = service.client.get(f"/v1/jobs/{made.json()['id']}/result")
    jsonschema.validate(result.json(), indexed_schema())
    assert service.client.get(video_path).json()["indexes"][0]["id"] == result.json()["index"]
    assert service.client.get(f"/v1/jobs/{made.json()['id']}/result", params={"format": "coco"}).status_code == 422
    again = service.client.post(f"{video_path}/index")  # the same is not watched again
    assert ended(service, again.json()["id"])["state"] == "succeeded"
    assert service.client.get(f"/v1/jobs/{again.json()['id']}/result").json() == result.json()
    answer = service.client.post(f"{video_path}/queries", json={"queries": ["the red car"]})
    assert answer.status_code == 200
    whole = service.client.get(f"{video_path}/file")
    assert whole.content == tiny_clip.read_bytes()
    assert service.client.delete(video_path).status_code == 204
    assert service.client.get("/v1/videos").json() == []
    left = [path for path in service.settings.data.rglob("*") if path.is_file()]
    needle = video["id"].encode()
    assert [path.name for path in left if needle in path.read_bytes() or needle.decode() in path.name] == []


def test_the_same_bytes_are_kept_once(make_brief_service: Callable[..., Any], tiny_clip: Path) -> None:
    service = make_brief_service()
    statuses = []
    for name in ("a.mp4", "b.mp4"):
        with tiny_clip.open("rb") as file:
            response = service.client.post("/v1/videos", files={"video": (name, file)})
        statuses.append((response.status_code, response.json()["name"]))
    assert statuses == [(201, "a.mp4"), (200, "a.mp4")]
    kept = [path for path in (service.settings.data / "videos").iterdir() if path.name != ".lock"]
    assert len(kept) == 1


def test_a_video_is_looked_at_before_it_is_kept(made: Any, bad_videos: dict[str, Path]) -> None:
    for path in bad_videos.values():
        with path.open("rb") as file:
            refused = made.client.post("/v1/videos", files={"video": (path.name, file)})
        assert (refused.status_code, refused.json()["code"]) == (422, "unreadable_video")
    unasked = made.client.post("/v1/videos", json={"url": "https://example.org/a.mp4"})
    assert unasked.status_code == 422
