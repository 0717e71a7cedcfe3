"""Uploads are read piece by piece, and no further than the limits allow."""

import asyncio
import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from trackspeak.models.errors import InputError, OutputError, VideoLimitError
from trackspeak.service.http.form import TrackForm
from trackspeak.service.http.upload import receive_form
from trackspeak.service.incoming import IncomingVideo, upload_folder, uploads_folder
from trackspeak.service.limits import Limits

PIECE = 10_000
LIMITS = Limits(max_video_bytes=3 * PIECE, max_queries=2)


class Sender:
    """Sends a body in pieces and counts those that were asked for; hangs up where the body is over."""

    def __init__(self, pieces: Iterator[bytes], declared: int | None = None) -> None:
        self.asked = 0
        self._pieces = pieces
        headers = [(b"content-type", b"multipart/form-data; boundary=x")]
        headers += [] if declared is None else [(b"content-length", str(declared).encode())]
        self.request = Request({"type": "http", "headers": headers}, self._receive)

    async def _receive(self) -> Message:
        self.asked += 1
        piece = next(self._pieces, None)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": not piece.endswith(b"--x--\r\n")}


def form_with_video(pieces: int) -> Iterator[bytes]:
    yield b'--x\r\nContent-Disposition: form-data; name="video"; filename="../a/b.MP4"\r\n\r\n'
    for _ in range(pieces):
        yield bytes(PIECE)
    yield b'\r\n--x\r\nContent-Disposition: form-data; name="query"\r\n\r\na car\r\n--x--\r\n'


def receive(sender: Sender, folder: Path) -> TrackForm:
    return asyncio.run(receive_form(sender.request, folder, LIMITS))


def whole_form(folder: Path) -> TrackForm:
    """What `form_with_video(3)` is when it has come."""
    digest = hashlib.sha256(bytes(3 * PIECE)).hexdigest()
    return TrackForm(folder / "video.MP4", "b.MP4", 3 * PIECE, digest, ("a car",), "")


def test_a_form_is_received_whole(tmp_path: Path) -> None:
    form = receive(Sender(form_with_video(3)), tmp_path)
    assert form == whole_form(tmp_path)
    assert form.video.read_bytes() == bytes(3 * PIECE)


def test_where_the_body_is_cut_does_not_matter(tmp_path: Path) -> None:
    body = b"".join(form_with_video(1)).replace(bytes(PIECE), b"\r\n--y\r\n-")
    halves = [iter([body[:cut], body[cut:]]) for cut in range(1, len(body) - 7)]
    forms = [receive(Sender(pieces), tmp_path) for pieces in halves]
    digest = hashlib.sha256(b"\r\n--y\r\n-").hexdigest()
    assert set(forms) == {TrackForm(tmp_path / "video.MP4", "b.MP4", 8, digest, ("a car",), "")}
    assert forms[0].video.read_bytes() == b"\r\n--y\r\n-"


def test_nothing_is_read_of_a_body_too_large_by_its_declared_length(tmp_path: Path) -> None:
    sender = Sender(form_with_video(3), declared=10**9)
    with pytest.raises(VideoLimitError, match="1000000000"):
        receive(sender, tmp_path)
    assert sender.asked == 0


def test_a_body_without_a_declared_length_is_read_up_to_the_limit(tmp_path: Path) -> None:
    sender = Sender(form_with_video(100))
    with pytest.raises(VideoLimitError, match="max_video_bytes"):
        receive(sender, tmp_path)
    assert sender.asked == 5  # the part's head, three pieces, and the one too many
    assert (tmp_path / "video.MP4").stat().st_size <= LIMITS.max_video_bytes


def test_a_sender_who_hangs_up(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ended before"):
        receive(Sender(iter([next(form_with_video(0))])), tmp_path)


def test_a_disk_that_is_full_at_the_end_is_told(tmp_path: Path) -> None:
    class FullAtTheEnd(BytesIO):
        def close(self) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    video = IncomingVideo(tmp_path, "a.mp4", LIMITS)
    video._file.close()
    video._file = FullAtTheEnd()
    with pytest.raises(OutputError, match="No space left"):
        video.close()


def test_the_folder_goes_whatever_happens(tmp_path: Path) -> None:
    with pytest.raises(KeyError), upload_folder(tmp_path) as folder:  # noqa: PT012
        (folder / "video").touch()
        raise KeyError
    assert list(tmp_path.iterdir()) == []


HOLD = """
import sys
from pathlib import Path
from trackspeak.service.incoming import upload_folder, uploads_folder
with uploads_folder(Path(sys.argv[1])) as uploads, upload_folder(uploads) as folder:
    (folder / "video").write_bytes(b"video")
    print(folder / "video", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Callable[[], tuple[subprocess.Popen[str], Path]]]:
    """Start a process that has received an upload; gives it and the upload."""
    processes: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], Path]:
        command = [sys.executable, "-c", HOLD, str(tmp_path)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        return process, Path(process.stdout.readline().strip())

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def held_folders(data: Path) -> list[Path]:
    return [path for path in (data / "uploads").iterdir() if path.is_dir()]


@pytest.mark.skipif(sys.platform == "win32", reason="needs the locks of POSIX, which Windows has not")
def test_uploads_of_a_killed_process_go_and_those_of_a_living_one_stay(tmp_path: Path, hold: Any) -> None:
    (killed, left), (living, used) = hold(), hold()
    killed.kill()
    killed.wait()
    assert left.read_bytes() == used.read_bytes() == b"video"
    with uploads_folder(tmp_path) as mine:
        assert not left.exists()
        assert set(held_folders(tmp_path)) == {used.parents[1], mine}
    living.communicate("")
    assert held_folders(tmp_path) == []


def test_a_data_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(OutputError, match=r"no folder for uploads can be made in .*: Not a directory"):
        uploads_folder(tmp_path / "data").__enter__()
