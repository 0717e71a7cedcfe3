"""Bad requests, and failures inside: problem details with a stable code, and nothing left behind."""

import errno
import json
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

import jsonschema
import pytest

from trackspeak.models.errors import OutputError
from trackspeak.service.schema import problem_schema


def problem(response: Any, status: int, code: str) -> str:
    """Check that a response is this problem; gives its detail."""
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert response.headers["content-type"] == "application/problem+json"
    jsonschema.validate(body, problem_schema())
    assert body["status"] == status
    detail: str = body["detail"]
    return detail


@pytest.fixture(autouse=True)
def nothing_left(service: Any) -> Iterator[None]:
    yield
    assert service.uploads() == []


@pytest.mark.parametrize(
    ("video", "message"),
    [
        ("empty", "video.mp4 is empty (0 bytes)"),
        ("text", "video.mp4 is not a video that can be read"),
        ("sound", "video.mp4 holds no video stream, only: audio"),
        ("no frames", "video.avi holds no frame that can be decoded"),
    ],
)
def test_files_that_are_no_video(service: Any, bad_videos: dict[str, Path], video: str, message: str) -> None:
    detail = problem(service.track(bad_videos[video], "a car"), 422, "unreadable_video")
    assert message in detail
    assert str(service.settings.data) not in detail


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        ([], "at least one sentence"),
        ([""], "query 1 must be a sentence, got an empty text"),
        (["a car", " \n"], "query 2 must be a sentence, got only white space"),
        (["red " * 5_000], "over max_query_chars"),
        (["red " * 100], "at most 75 tokens"),
        (["a car"] * 300, "300 is over the limit max_queries of 256"),
    ],
)
def test_bad_queries(service: Any, tiny_clip: Path, queries: list[str], message: str) -> None:
    assert message in problem(service.track(tiny_clip, *queries), 422, "bad_query")


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ({"threshold": float("nan")}, "bad_option", "options.threshold"),
        ({"thresold": 1}, "bad_option", "options.thresold is unknown"),
        ({"set": {"detector.nonesuch": 1}}, "bad_option", "detector.nonesuch is unknown"),
        ({"detector": "nonesuch"}, "unknown_name", "unknown detector 'nonesuch'; there are: "),
        ({"profile": "nonesuch"}, "unknown_name", "unknown profile 'nonesuch'; there are: "),
        ({"profile": "/etc/passwd"}, "bad_option", "plugin_files"),
        ({"tracker": "from_file", "set": {"tracker.path": "/etc/passwd"}}, "bad_option", "plugin_files"),
        ({"set": {"matcher.model": "/etc"}}, "bad_option", "plugin_files"),
    ],
)
def test_bad_options(service: Any, tiny_clip: Path, options: dict[str, Any], code: str, message: str) -> None:
    assert message in problem(service.track(tiny_clip, "a car", **options), 422, code)


@pytest.mark.parametrize("text", ["[1]", "{", "3", '{"set": ' * 50_000, '{"threshold": 1' + "0" * 5_000 + "}"])
def test_options_that_are_no_object_of_options(service: Any, tiny_clip: Path, text: str) -> None:
    files = {"video": tiny_clip.read_bytes()}
    response = service.client.post("/v1/track", files=files, data={"query": "a car", "options": text})
    problem(response, 422, "bad_option")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"json": {"video": "a.mp4"}}, "must be multipart/form-data"),
        ({"data": {"query": "a car"}}, "must be multipart/form-data"),
        ({"files": {"query": (None, "a car")}}, "must have a field video"),
        ({"files": [("video", b"a"), ("video", b"b")]}, "must have the field video once"),
        ({"files": {"video": b"a", "film": (None, "b")}}, "fields must be video, query, options, got 'film'"),
        ({"files": {"video": b"a", "query": (None, b"\xff")}}, "query must be UTF-8"),
        ({"content": b"nonsense", "headers": {"content-type": "multipart/form-data; boundary=x"}}, "form-data"),
        ({"content": b"", "headers": {"content-type": "multipart/form-data; boundary=x"}}, "ended before"),
        ({"content": b"--x\r\n", "headers": {"content-type": "multipart/form-data; boundary=x"}}, "ended before"),
        ({"content": b"", "headers": {"content-type": f"multipart/form-data; boundary={'x' * 300}"}}, "oundary"),
        ({"content": b"", "headers": {"content-type": "multipart/form-data"}}, "with a boundary"),
    ],
)
def test_bodies_that_are_no_such_form(service: Any, body: dict[str, Any], message: str) -> None:
    assert message in problem(service.client.post("/v1/track", **body), 422, "bad_input")


def test_an_upload_that_is_cut_off(service: Any, tiny_clip: Path) -> None:
    begin = b'--x\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    response = service.client.post("/v1/track", content=begin + tiny_clip.read_bytes(), headers=headers)
    assert "ended before" in problem(response, 422, "bad_input")


@pytest.fixture(scope="session")
def strict(make_service: Any) -> Any:
    """A service with small limits, and no files for options."""
    return make_service(max_video_bytes=20_000, max_queries=2, max_frames=20, plugin_files=None)


def test_a_video_too_large(strict: Any, tmp_path: Path) -> None:
    (tmp_path / "large.mp4").write_bytes(bytes(30_000))
    detail = problem(strict.track(tmp_path / "large.mp4", "a car"), 413, "video_over_limit")
    assert "bytes of the video: 30,000 is over the limit max_video_bytes of 20,000" in detail
    assert strict.uploads() == []


def test_fields_too_large_are_stopped(strict: Any) -> None:
    response = strict.client.post("/v1/track", files={"query": (None, "a" * 1_060_000)})
    assert "the form without its video must have at most" in problem(response, 422, "bad_input")


def test_limits_of_the_decoded_video_are_413(make_service: Any, service: Any, tiny_clip: Path) -> None:
    other = make_service(max_frames=20)
    assert "max_frames of 20" in problem(other.track(tiny_clip, "a car"), 413, "video_over_limit")
    assert other.uploads() == []
    other.worker.stop()


def test_files_in_options_need_the_setting(strict: Any, tiny_clip: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.mp4"
    small.write_bytes(tiny_clip.read_bytes()[:10_000])
    assert "plugin_files is unset" in problem(strict.track(small, "a car"), 422, "bad_option")
    assert "max_queries of 2" in problem(strict.track(small, "a", "b", "c"), 422, "bad_query")


def test_failures_inside_tell_no_paths(service: Any, tiny_clip: Path, tmp_path_factory: Any) -> None:
    broken = service.model.parent / "broken"
    broken.mkdir(exist_ok=True)
    response = service.track(tiny_clip, "a car", set={"matcher.model": str(broken)})
    detail = problem(response, 500, "bad_weights")
    assert str(broken) not in detail
    assert "log" in detail


def no_space(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class FullFile(BytesIO):
    write = no_space


def test_a_full_disk_while_the_upload_is_written(
    service: Any, tiny_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"video": tiny_clip.read_bytes()}
    monkeypatch.setattr(Path, "open", lambda *_: FullFile())
    problem(service.client.post("/v1/track", files=files, data={"query": "a car"}), 500, "output_failed")


def test_no_folder_for_uploads(service: Any, tiny_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.mkdtemp", no_space)
    problem(service.track(tiny_clip, "a car"), 500, OutputError.code)


def test_a_mistake_of_the_program(service: Any, tiny_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> NoReturn:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(service.worker, "do", fail)
    assert "secret" not in problem(service.track(tiny_clip, "a car"), 500, "internal_error")


def test_paths_and_methods_that_are_not_there(service: Any) -> None:
    problem(service.client.get("/v2/track"), 404, "not_found")
    response = service.client.get("/v1/track")
    problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


def test_the_frameworks_own_checks_have_the_same_shape(tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    from trackspeak.service.http.app import create_app
    from trackspeak.service.settings import Settings

    app = create_app(Settings(data=tmp_path))

    @app.get("/square")
    async def square(side: int) -> int:
        return side * side

    client = TestClient(app)  # not entered: no worker is started
    assert "query.side" in problem(client.get("/square?side=a"), 422, "bad_input")
    assert json.loads(client.get("/square?side=3").text) == 9
