"""Published weights are fetched from a server on this machine: resumed, verified, kept."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from trackspeak.models.errors import DownloadError, OptionError, UnknownNameError
from trackspeak.service.assemble import assemble
from trackspeak.service.options import RunOptions
from trackspeak.service.pull import PublishedFile, published, pull, resolve

CONTENT = bytes(range(256)) * 20_000


class Server:
    """Serves `CONTENT`.

    Attributes:
        ranges: the Range header of each request, "" for none.
        cut_after: bytes after which it hangs up; None: never.
        knows_ranges: whether it gives parts.
    """

    def __init__(self) -> None:
        self.ranges: list[str] = []
        self.cut_after: int | None = None
        self.knows_ranges = True
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers.get("Range", "")
                server.ranges.append(asked)
                start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and server.knows_ranges else 0
                if start >= len(CONTENT):
                    self.send_error(416)
                    return
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(CONTENT) - start))
                self.end_headers()
                self.wfile.write(CONTENT[start : server.cut_after])

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.file = PublishedFile(
            "a.bin", f"http://127.0.0.1:{self.http.server_port}/a.bin", hashlib.sha256(CONTENT).hexdigest(), "MIT"
        )


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, daemon=True)
    thread.start()
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join()


def test_a_file_is_fetched_once_and_kept(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = pull(server.file, tmp_path / "new", offline=False, progress=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert pull(server.file, tmp_path / "new", offline=True) == path
    assert server.ranges == [""]
    assert [file.name for file in path.parent.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_download_that_was_cut_off_goes_on(server: Server, tmp_path: Path, knows_ranges: bool) -> None:
    server.cut_after = 3_000_000
    with pytest.raises(DownloadError, match="ended after 3,000,000 of 5,120,000 bytes"):
        pull(server.file, tmp_path, offline=False)
    server.cut_after, server.knows_ranges = None, knows_ranges
    assert pull(server.file, tmp_path, offline=False).read_bytes() == CONTENT
    assert server.ranges == ["", "bytes=3000000-"]


def test_a_part_that_is_all_there_is_taken(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.bin.partial").write_bytes(CONTENT)
    assert pull(server.file, tmp_path, offline=False).read_bytes() == CONTENT


def test_another_hash_is_refused_and_not_kept(server: Server, tmp_path: Path) -> None:
    wanted = PublishedFile("a.bin", server.file.url, "0" * 64, "MIT")
    with pytest.raises(DownloadError, match="must have SHA-256 0000"):
        pull(wanted, tmp_path, offline=False)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_fetched_is_told(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"a\.bin is not in .*, and nothing is fetched offline"):
        pull(server.file, tmp_path, offline=True)
    nowhere = PublishedFile("a.bin", "http://127.0.0.1:9/a.bin", "0" * 64, "MIT")
    with pytest.raises(DownloadError, match=r"could not be fetched from http://127\.0\.0\.1:9/a\.bin"):
        pull(nowhere, tmp_path, offline=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match="could not be written"):
        pull(server.file, tmp_path / "file" / "folder", offline=False)


def test_the_manifest_is_whole() -> None:
    for file in published("clip"):
        assert file.url.startswith("https://")
        assert file.url.endswith(file.name)
        assert len(file.sha256) == 64
        assert file.licence
    with pytest.raises(UnknownNameError, match="there are: clip"):
        published("nonesuch")


def test_pulled_files_are_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"")
    assert resolve({"path": "pulled:a.pt", "n": 3}, tmp_path) == {"path": str(tmp_path / "a.pt"), "n": 3}
    with pytest.raises(OptionError, match=r"path: b\.pt is not on this machine; `trackspeak pull clip` fetches it"):
        resolve({"path": "pulled:b.pt"}, tmp_path)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "/etc/hosts", "../secret.pt", "sub/a.pt", "..\\secret.pt", "C:secret.pt", "C:\\secret.pt"]
)
def test_pulled_files_are_named_by_their_plain_names_alone(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "weights"
    (folder / "sub").mkdir(parents=True)
    for path in (tmp_path / "secret.pt", folder / "sub" / "a.pt", folder / "..\\secret.pt", folder / "C:secret.pt"):
        path.touch()
    with pytest.raises(OptionError, match="path must have the plain name of a file behind pulled:, got 'pulled:"):
        resolve({"path": f"pulled:{name}"}, folder)


@pytest.mark.parametrize("name", ["a" * 5_000, "a\0b"])
def test_names_that_no_file_can_have_are_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match="is not on this machine"):
        resolve({"path": f"pulled:{name}"}, tmp_path)


def test_the_profile_without_its_weights_says_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path))
    with pytest.raises(OptionError, match="`trackspeak pull clip` fetches it"):
        assemble(RunOptions(profile="clip"))


def test_the_command_offline(command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path))
    done = command("pull", "clip", "--offline")
    assert done.code == 1
    assert "yolo11n.pt is not in" in done.err
