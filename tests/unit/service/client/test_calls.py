"""The clients over a service that the test plays: what is sent, what is sent again, and what errors become."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from trackspeak.models.errors import BusyError, NotFoundError, OptionError, ServerError, VideoError
from trackspeak.service.client import AsyncClient, Client
from trackspeak.service.client import calls as calls_module

JOB = {"id": "a" * 32, "kind": "track", "state": "queued", "video": "b" * 64, "progress": None, "error": None}
VIDEO = {"id": "b" * 64, "name": "a.mp4", "labels": [], "frames": 36, "bytes": 5, "indexes": [{"id": "c" * 32}]}


def problem(status: int, code: str, detail: str = "wrong", **headers: str) -> httpx.Response:
    body = {"code": code, "detail": detail, "status": status, "request_id": "r1"}
    kind = {"content-type": "application/problem+json", **headers}
    return httpx.Response(status, content=json.dumps(body), headers=kind)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let nobody wait; gives how long they would have."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


def playing(*answers: Any) -> tuple[Client, list[httpx.Request]]:
    """Give a client of a service that answers so, one after the other, and what it is asked."""
    asked: list[httpx.Request] = []
    left = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        asked.append(request)
        given = next(left)
        if isinstance(given, Exception):
            raise given
        return given if isinstance(given, httpx.Response) else httpx.Response(200, json=given)

    return Client("http://x", "tsk_1", transport=httpx.MockTransport(answer)), asked


def test_the_key_goes_along_and_is_shown_nowhere() -> None:
    client, asked = playing([VIDEO])
    (video,) = client.videos("night")
    assert (video.id, video.indexes, video.frames) == ("b" * 64, ("c" * 32,), 36)
    assert asked[0].headers["authorization"] == "Bearer tsk_1"
    assert asked[0].url.params["label"] == "night"
    assert "tsk_1" not in repr(client)


def test_problems_become_our_errors_with_their_request_id() -> None:
    client, _ = playing(problem(404, "not_found", "unknown job 'x'"))
    with pytest.raises(NotFoundError, match="unknown job 'x'") as caught:
        client.job("x")
    assert caught.value.__notes__ == ["request id r1"]


@pytest.mark.parametrize(
    "answer", [httpx.Response(502, text="bad gateway"), httpx.Response(200, text="<html>"), {"id": 3}, [1]]
)
def test_what_is_no_trackspeak_service_is_said_so(answer: Any) -> None:
    client, _ = playing(*[answer] * calls_module.TRIES)
    with pytest.raises(ServerError):
        client.job("x")


def test_fields_of_a_newer_service_are_passed_over() -> None:
    client, _ = playing({**JOB, "mood": "good"})
    assert client.job("x").state == "queued"


def test_a_broken_connection_is_tried_again(no_pauses: list[float]) -> None:
    client, asked = playing(httpx.ConnectError("refused"), problem(503, "worker_died"), JOB)
    assert client.job("x").id == JOB["id"]
    assert (len(asked), no_pauses) == (3, [0.5, 1.0])


def test_it_gives_up_in_the_end() -> None:
    client, asked = playing(*[httpx.ConnectError("refused")] * 9)
    with pytest.raises(ServerError, match="no answer from http://x/v1/jobs/x: refused"):
        client.job("x")
    assert len(asked) == calls_module.TRIES


def test_a_full_queue_is_waited_for(no_pauses: list[float], tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"video")
    client, asked = playing(problem(429, "busy", **{"retry-after": "7"}), JOB)
    client.submit(tmp_path / "a.mp4", ["a car"], top=3)
    assert (len(asked), no_pauses) == (2, [7.0])
    assert b'{"top": 3}' in asked[1].content
    assert b"video" in asked[1].content
    full, _ = playing(*[problem(429, "busy", **{"retry-after": "7"})] * 9)
    with pytest.raises(BusyError):
        full.job("x")


def test_what_the_service_has_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"video")
    client, asked = playing(VIDEO)
    assert client.upload(tmp_path / "a.mp4").name == "a.mp4"
    assert [request.method for request in asked] == ["GET"]


def test_a_small_video_goes_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"video")
    client, asked = playing(problem(404, "not_found"), httpx.Response(201, json=VIDEO))
    told: list[tuple[int, int]] = []
    client.upload(tmp_path / "a.mp4", progress=lambda done, total: told.append((done, total)))
    assert [request.method for request in asked] == ["GET", "POST"]
    assert told == [(5, 5)]


def test_a_large_video_goes_on_where_it_broke_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trackspeak.service.client.waiting.PIECES_FROM", 1)
    monkeypatch.setattr("trackspeak.service.client.sending._PIECE_BYTES", 4)
    (tmp_path / "a.mp4").write_bytes(b"0123456789")
    place = httpx.Response(201, headers={"location": "/v1/uploads/u1"})

    def at(offset: int, **more: str) -> httpx.Response:
        return httpx.Response(204, headers={"upload-offset": str(offset), **more})

    whole = at(10, **{"trackspeak-video": "b" * 64})
    broken = httpx.ReadError("reset")
    client, asked = playing(problem(404, "not_found"), place, at(4), broken, at(6), whole, VIDEO)
    told: list[int] = []
    assert client.upload(tmp_path / "a.mp4", progress=lambda done, _: told.append(done)).id == "b" * 64
    assert [request.method for request in asked] == ["GET", "POST", "PATCH", "PATCH", "HEAD", "PATCH", "GET"]
    assert [request.content for request in asked if request.method == "PATCH"] == [b"0123", b"4567", b"6789"]
    assert told == [4, 6, 10]


def test_a_refused_video_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    client, asked = playing(problem(404, "not_found"), problem(422, "unreadable_video", "it is none"))
    with pytest.raises(VideoError, match="it is none"):
        client.upload(tmp_path / "a.mp4")
    assert len(asked) == 2


@pytest.mark.parametrize("name", ["12345678#2.mp4", "a?b.mp4", "a/b.mp4", "north gate"])
def test_a_name_in_a_path_means_nothing_else(name: str) -> None:
    client, asked = playing(httpx.Response(204))
    client.delete_video(name)
    assert asked[0].url.raw_path.count(b"/") == 3
    assert (asked[0].url.path, asked[0].url.query) == (f"/v1/videos/{name}", b"")


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_no_name_is_not_all_videos(name: str) -> None:
    client, asked = playing()
    with pytest.raises(OptionError, match="must have letters or digits"):
        client.delete_video(name)
    assert asked == []


def test_pieces_that_never_arrive_end_the_upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trackspeak.service.client.waiting.PIECES_FROM", 1)
    (tmp_path / "a.mp4").write_bytes(b"0123456789")
    place = httpx.Response(201, headers={"location": "/v1/uploads/u1"})
    nothing = httpx.Response(200, headers={"upload-offset": "0"})
    tries = [problem(409, "conflict"), nothing, problem(503, "worker_died"), nothing]
    tries += [httpx.ReadError("reset"), nothing] * calls_module.TRIES
    client, _ = playing(problem(404, "not_found"), place, *tries)
    with pytest.raises(ServerError, match="pieces after each other did not arrive"):
        client.upload(tmp_path / "a.mp4")


def test_what_may_have_been_accepted_is_not_sent_again(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"video")
    client, asked = playing(httpx.ReadError("reset"))
    with pytest.raises(ServerError, match="reset"):
        client.submit(tmp_path / "a.mp4", ["a car"])
    assert len(asked) == 1


def test_a_file_that_is_not_there_is_a_bad_video(tmp_path: Path) -> None:
    client, _ = playing()
    for send in (client.upload, lambda path: client.submit(path, ["a car"])):
        with pytest.raises(VideoError, match="cannot be read: No such file"):
            send(tmp_path / "none.mp4")


def test_events_that_break_off_quietly_are_gone_on_with() -> None:
    first = httpx.Response(200, text=event(1, "state", state="running"))
    second = httpx.Response(200, text=event(2, "state", state="succeeded"))
    client, asked = playing(first, JOB, second)
    assert [one.number for one in client.events("x")] == [1, 2]
    assert [request.url.path.rpartition("/")[2] for request in asked] == ["events", "x", "events"]


def event(number: int, kind: str, **data: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps(data)}\nid: {number}\n\n"


def test_events_go_on_after_a_broken_connection() -> None:
    def broken() -> Any:
        yield (event(1, "state", state="queued") + ": still here\n\n" + event(2, "progress", frames_done=8)).encode()
        raise httpx.ReadError("reset")

    first = httpx.Response(200, content=broken())
    second = httpx.Response(200, text=event(3, "state", state="succeeded"))
    client, asked = playing(first, second)
    assert [one.number for one in client.events("x")] == [1, 2, 3]
    assert [request.headers["last-event-id"] for request in asked] == ["0", "2"]


def test_more_is_asked_of_a_job() -> None:
    client, asked = playing({**JOB, "queries": ["a car", "a bus"]})
    assert client.ask_meanwhile(JOB["id"], ["a bus"]).id == JOB["id"]
    assert (asked[0].method, asked[0].url.path) == ("POST", f"/v1/jobs/{JOB['id']}/queries")
    assert json.loads(asked[0].content) == {"queries": ["a bus"]}


def test_whoever_interrupts_waiting_cancels_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mp4").write_bytes(b"video")

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    client, asked = playing(JOB, JOB, {**JOB, "state": "cancelled"})
    monkeypatch.setattr("time.sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        client.track(tmp_path / "a.mp4", ["a car"])
    assert asked[-1].url.path == f"/v1/jobs/{JOB['id']}/cancel"


def test_a_failed_job_is_its_error(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"video")
    failed = {**JOB, "state": "failed", "error": {"code": "unreadable_video", "detail": "it is none"}}
    client, _ = playing(JOB, failed)
    with pytest.raises(VideoError, match="it is none"):
        client.track(tmp_path / "a.mp4", ["a car"])


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    def broken() -> Any:
        yield b"half"
        raise httpx.ReadError("reset")

    client, _ = playing(httpx.Response(200, content=broken()), httpx.Response(200, content=b"whole"))
    with pytest.raises(ServerError):
        client.export("x", "cvat", tmp_path / "a.xml")
    assert list(tmp_path.iterdir()) == []
    client.export("x", "cvat", tmp_path / "a.xml")
    assert (tmp_path / "a.xml").read_bytes() == b"whole"


def test_the_asynchronous_client_does_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mp4").write_bytes(b"video")
    answers = iter([httpx.ConnectError("refused"), JOB, {**JOB, "state": "succeeded"}])

    def answer(_request: httpx.Request) -> httpx.Response:
        given: Any = next(answers)
        if isinstance(given, Exception):
            raise given
        return httpx.Response(200, json=given)

    async def no_pause(_seconds: float) -> None: ...

    monkeypatch.setattr("asyncio.sleep", no_pause)

    async def use() -> Any:
        async with AsyncClient("http://x", transport=httpx.MockTransport(answer)) as client:
            job = await client.submit(tmp_path / "a.mp4", ["a car"])
            return await client.wait(job.id)

    assert asyncio.run(use()).state == "succeeded"


@pytest.mark.parametrize("name", [name for name in dir(Client) if not name.startswith("_")])
def test_both_clients_have_the_same_methods(name: str) -> None:
    import inspect

    sync, other = (inspect.signature(getattr(kind, name)) for kind in (Client, AsyncClient))
    assert list(sync.parameters) == list(other.parameters)
