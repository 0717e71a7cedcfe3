"""No answer tells a path or a traceback of the server, and no name that a caller gives reaches its disk."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from trackspeak.models import errors
from trackspeak.models.errors import OutputError, TrackspeakError, VideoError

NAMES = [
    "../../../../outside.mp4",
    "..\\..\\outside.mp4",
    "/outside.mp4",
    "C:\\outside.mp4",
    "a\0outside.mp4",
    "..",
    ".",
    "",
    "x" * 5_000 + ".mp4",
    "a.mp4/../../outside",
    "~/outside.mp4",
    "outside.mp4\r\nX: y",
    "%2e%2e%2foutside.mp4",
]


@pytest.fixture
def client(make_idle: Any) -> TestClient:
    made: TestClient = make_idle(auth="off")
    return made


@pytest.fixture
def data(client: TestClient) -> Path:
    folder: Path = client.app.state.context.settings.data  # type: ignore[attr-defined]
    return folder


def tree() -> Iterator[type[TrackspeakError]]:
    kinds = [TrackspeakError]
    for kind in kinds:
        yield kind
        kinds += [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", list(tree()))
def test_no_error_tells_where_the_data_lies(
    client: TestClient, data: Path, kind: type[TrackspeakError], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        error = kind.__new__(kind)
        error.args = (f"{data}/videos/ab.mp4 in {data} cannot be read",)
        raise error

    monkeypatch.setattr("trackspeak.service.http.search.KeptSearches.all", fail)
    response = client.get("/v1/searches")
    assert response.json()["code"] == kind.code
    assert str(data) not in response.text
    if response.status_code != 500:
        assert response.json()["detail"] == "videos/ab.mp4 in the data folder cannot be read"


@pytest.mark.parametrize("error", [ZeroDivisionError("secret"), OSError(5, "secret"), KeyError("secret")])
def test_a_mistake_tells_nothing_of_itself(
    client: TestClient, data: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("trackspeak.service.http.search.KeptSearches.all", fail)
    response = client.get("/v1/searches")
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    for unwanted in (str(data), "secret", "Traceback", type(error).__name__, ".py"):
        assert unwanted not in response.text


@pytest.mark.parametrize("name", NAMES)
def test_names_of_videos_never_reach_the_disk(client: TestClient, data: Path, tiny_clip: Path, name: str) -> None:
    before = {path for path in data.parent.rglob("*") if not path.is_relative_to(data)}
    response = client.post("/v1/videos", files={"video": (name, tiny_clip.read_bytes())})
    metadata = base64.b64encode(name.encode()).decode()
    size = str(tiny_clip.stat().st_size)
    begun = client.post("/v1/uploads", headers={"Upload-Length": size, "Upload-Metadata": f"filename {metadata}"})
    assert (response.status_code, begun.status_code) in ((201, 201), (422, 201), (422, 422))
    assert {path for path in data.parent.rglob("*") if not path.is_relative_to(data)} == before
    kept = [path for path in data.rglob("*") if path.is_file()]
    assert [path for path in kept if "outside" in path.name or "xxx" in path.name] == []
    if response.status_code == 201:
        assert not {"/", "\\"} & set(response.json()["name"])


@pytest.mark.parametrize("content", [b"", b"nonsense", b"#EXTM3U\n/etc/passwd\n"])
def test_what_is_no_video_is_told_without_its_place(client: TestClient, data: Path, content: bytes) -> None:
    response = client.post("/v1/videos", files={"video": ("a.mp4", content)})
    assert (response.status_code, response.json()["code"]) == (422, VideoError.code)
    assert str(data) not in response.text
    assert list(data.rglob("*.mp4")) == []


def test_a_data_folder_that_is_gone_is_told_without_its_place(
    client: TestClient, data: Path, tiny_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No such file or directory", f"{data}/uploads")

    monkeypatch.setattr("tempfile.mkdtemp", fail)
    response = client.post("/v1/videos", files={"video": tiny_clip.read_bytes()})
    assert (response.status_code, response.json()["code"]) == (500, OutputError.code)
    assert str(data) not in response.text


@pytest.mark.parametrize(
    "path",
    ["/v1/videos/..%2f..%2fetc%2fpasswd", "/v1/videos/%00", "/docs/..%2fapp.py", "/docs/../app.py", "/v1/jobs/%ff"],
)
def test_paths_that_lead_elsewhere_lead_nowhere(client: TestClient, data: Path, path: str) -> None:
    response = client.get(path)
    assert response.status_code in (404, 422), response.text
    assert str(data) not in response.text
