"""Videos in pieces over HTTP, as tus 1.0.0 has it."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from trackspeak.service.schema_jobs import upload_schema

PIECES = {"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}


@pytest.fixture
def client(make_idle: Callable[..., Any]) -> Any:
    return make_idle(auth="off", max_uploads_per_key=3, max_video_bytes=1_000_000)


def begin(client: Any, size: int, name: str = "street.mp4") -> Any:
    metadata = f"filetype dmlkZW8=,filename {base64.b64encode(name.encode()).decode()}"
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Upload-Metadata": metadata}
    return client.post("/v1/uploads", headers=headers)


def send(client: Any, path: str, offset: int, piece: bytes) -> Any:
    return client.patch(path, headers={**PIECES, "Upload-Offset": str(offset)}, content=piece)


def left(client: Any) -> list[str]:
    folder = client.app.state.context.settings.data / "partial-uploads"
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def test_what_breaks_off_goes_on_where_it_was(client: Any, tiny_clip: Path) -> None:
    content = tiny_clip.read_bytes()
    begun = begin(client, len(content))
    path = begun.headers["location"]
    assert (begun.status_code, begun.headers["tus-resumable"]) == (201, "1.0.0")
    assert send(client, path, 0, content[:5_000]).headers["upload-offset"] == "5000"
    asked = client.head(path, headers={"Tus-Resumable": "1.0.0"})
    assert (asked.headers["upload-offset"], asked.headers["upload-length"]) == ("5000", str(len(content)))
    assert asked.headers["cache-control"] == "no-store"
    last = send(client, path, 5_000, content[5_000:])
    assert last.status_code == 204
    digest = hashlib.sha256(content).hexdigest()
    assert last.headers["trackspeak-video"] == digest
    shown = client.get(path).json()
    jsonschema.validate(shown, upload_schema())
    assert (shown["video"], shown["offset"], shown["name"]) == (digest, len(content), "street.mp4")
    video = client.get(f"/v1/videos/{digest}").json()
    assert (video["name"], video["frames"], video["bytes"]) == ("street.mp4", 36, len(content))
    assert left(client) == []


def test_a_whole_upload_becomes_a_video_also_after_a_crash(client: Any, tiny_clip: Path) -> None:
    content = tiny_clip.read_bytes()
    path = begin(client, len(content)).headers["location"]
    shop = client.app.state.front.shop
    upload = shop.uploads.get(path.rpartition("/")[2], "anonymous")
    with shop.uploads.writing_to(upload, 0) as write:  # the last piece came, and then the service was killed
        write(content)
    asked = client.head(path, headers={"Tus-Resumable": "1.0.0"})
    assert asked.headers["trackspeak-video"] == hashlib.sha256(content).hexdigest()


def test_an_upload_that_is_no_video_is_refused_and_removed(client: Any) -> None:
    path = begin(client, 9).headers["location"]
    refused = send(client, path, 0, b"no video!")
    assert (refused.status_code, refused.json()["code"]) == (422, "unreadable_video")
    assert client.get(path).status_code == 404
    assert left(client) == []


def test_mistakes_of_clients(client: Any) -> None:
    path = begin(client, 100).headers["location"]
    assert send(client, path, 0, b"0123").status_code == 204
    wrong = send(client, path, 3, b"x")
    assert (wrong.status_code, wrong.json()["code"]) == (409, "conflict")
    other_kind = client.patch(path, headers={"Upload-Offset": "4", "Content-Type": "text/plain"}, content=b"x")
    assert (other_kind.status_code, other_kind.json()["code"]) == (415, "unsupported_media_type")
    other_version = client.patch(path, headers={**PIECES, "Tus-Resumable": "0.2.2", "Upload-Offset": "4"}, content=b"x")
    assert (other_version.status_code, other_version.headers["tus-version"]) == (412, "1.0.0")
    for length, status in (("", 422), ("-1", 422), ("0", 422), ("1000001", 413), ("9" * 18, 413)):
        begun = client.post("/v1/uploads", headers={"Upload-Length": length})
        assert begun.status_code == status, length
    odd = client.post("/v1/uploads", headers={"Upload-Length": "5", "Upload-Metadata": "filename ???"})
    assert "Upload-Metadata" in odd.json()["detail"]
    assert client.head("/v1/uploads/nonesuch").status_code == 404


def test_uploads_are_bounded_and_given_up(client: Any) -> None:
    paths = [begin(client, 100).headers["location"] for _ in range(3)]
    full = begin(client, 100)
    assert (full.status_code, full.json()["code"]) == (429, "over_quota")
    assert int(full.headers["retry-after"]) > 0
    assert client.delete(paths[0]).status_code == 204
    assert client.get(paths[0]).status_code == 404
    assert begin(client, 100).status_code == 201


def test_a_name_is_no_path(client: Any, tiny_clip: Path) -> None:
    content = tiny_clip.read_bytes()
    path = begin(client, len(content), "../../etc/a\\b.mp4").headers["location"]
    last = send(client, path, 0, content)
    assert client.get(f"/v1/videos/{last.headers['trackspeak-video']}").json()["name"] == "b.mp4"


def test_what_is_spoken(client: Any) -> None:
    spoken = client.options("/v1/uploads")
    assert spoken.status_code == 204
    assert spoken.headers["tus-version"] == "1.0.0"
    assert set(spoken.headers["tus-extension"].split(",")) == {"creation", "expiration", "termination"}
    assert spoken.headers["tus-max-size"] == "1000000"


def test_uploads_are_their_callers(keyed: Any) -> None:
    mine, other = keyed.headers("index"), keyed.headers("index")
    begun = keyed.client.post("/v1/uploads", headers={**mine, "Upload-Length": "10"})
    path = begun.headers["location"]
    assert [keyed.client.get(path, headers=who).status_code for who in (mine, other)] == [200, 404]
