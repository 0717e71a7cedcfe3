"""What is made of kept videos for browsers: pictures and playable videos, which go with the video."""

import asyncio
import hashlib
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from threading import Event
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from trackspeak.models.errors import NotFoundError
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video

STAMPS_MS = [0, 20, 100, 500, 510, 3_000]
"""Of a clip of variable frame rate."""

SIZE = (401, 63)
KINDS = ("thumbnail", "playable")


@pytest.fixture(scope="module")
def client(make_service: Callable[..., Any]) -> Any:
    return make_service(run_jobs=False).client


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A clip that no browser plays, of odd size and stored lying on its side; each frame is brighter than the last."""
    path = tmp_path / "odd.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = *reversed(SIZE), "yuv444p"
        stream.set_display_rotation(90)
        stream.codec_context.time_base = Fraction(1, 1000)
        for index, stamp_ms in enumerate(STAMPS_MS):
            picture = np.full((*SIZE, 3), 40 * index, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv444p")
            frame.pts, frame.time_base = stamp_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def sent(client: Any, clip: Path) -> Any:
    """Send the clip, and give its path in the interface; nothing of it is left."""
    with clip.open("rb") as file:
        answer = client.post("/v1/videos", files={"video": (clip.name, file)})
    assert answer.status_code in (200, 201), answer.text
    yield f"/v1/videos/{answer.json()['id']}"
    client.delete(f"/v1/videos/{answer.json()['id']}")


def of_video(client: Any, clip: Path) -> list[str]:
    """Give the names of all files in the data folder that are of a video, wherever they are."""
    digest = hashlib.sha256(clip.read_bytes()).hexdigest()
    data = client.app.state.context.settings.data
    return sorted(path.name.removeprefix(digest) for path in data.rglob("*") if digest in path.name)


def test_a_picture_is_upright_small_and_a_tenth_into_the_video(client: Any, sent: str) -> None:
    answer = client.get(f"{sent}/thumbnail")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.headers["cache-control"] == "private, max-age=3600"
    picture = Image.open(io.BytesIO(answer.content))
    assert (picture.format, picture.size) == ("JPEG", (320, 50))
    shade = np.asarray(picture).mean()
    assert abs(shade - 120) < 8  # of the fourth frame, at 0.5 s of 3.04


def test_a_playable_video_has_the_same_frames_and_times(client: Any, sent: str, clip: Path, tmp_path: Path) -> None:
    answer = client.get(f"{sent}/playable")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    path = tmp_path / "playable.mp4"
    path.write_bytes(answer.content)
    with av.open(str(path)) as container:
        (stream,) = container.streams
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
    before, after = (list(open_video(one, Limits()).frames()) for one in (clip, path))
    assert len(after) == len(STAMPS_MS)
    np.testing.assert_allclose([frame.time_s for frame in after], [frame.time_s for frame in before], atol=1e-4)
    np.testing.assert_allclose([frame.time_s for frame in after], np.array(STAMPS_MS) / 1000, atol=1e-3)
    height, width = before[0].rgb.shape[:2]
    assert (width, height) == SIZE
    for one, other in zip(before, after, strict=True):
        assert other.rgb.shape == (height + 1, width + 1, 3)
        assert np.abs(other.rgb[:height, :width].astype(int) - one.rgb).mean() < 6


def test_a_playable_video_is_given_in_parts(client: Any, sent: str) -> None:
    whole = client.get(f"{sent}/playable").content
    part = client.get(f"{sent}/playable", headers={"Range": "bytes=4-11"})
    assert (part.status_code, part.content) == (206, whole[4:12])


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_made_once(client: Any, sent: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client.get(f"{sent}/{kind}").content

    async def draws(*_: object) -> None:
        raise AssertionError("it was made again")

    monkeypatch.setattr(type(client.app.state.context.drawing), "do", draws)
    assert client.get(f"{sent}/{kind}").content == first


def test_who_comes_meanwhile_waits_and_nobody_else_does(
    client: Any, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = client.get(f"{sent}/thumbnail").content
    drawing = client.app.state.context.drawing
    begun, go_on, made = Event(), Event(), []
    really = type(drawing).do

    async def slowly(desk: Any, request: Any, task: Any) -> Any:
        made.append(task.kind)
        begun.set()
        await asyncio.to_thread(go_on.wait, 20)
        return await really(desk, request, task)

    monkeypatch.setattr(type(drawing), "do", slowly)
    with ThreadPoolExecutor() as pool:
        try:
            waiting = [pool.submit(client.get, f"{sent}/playable") for _ in range(3)]
            assert begun.wait(60)
            assert client.get(f"{sent}/thumbnail").content == picture
            assert not any(one.done() for one in waiting)
        finally:
            go_on.set()
        assert {one.result().status_code for one in waiting} == {200}
    assert made == ["playable"]


def test_all_of_it_goes_with_the_video(client: Any, sent: str, clip: Path) -> None:
    for kind in KINDS:
        assert client.get(f"{sent}/{kind}").status_code == 200
    assert of_video(client, clip) == [".mkv", ".playable.mp4", ".thumbnail.jpg"]
    uploads = client.app.state.context.settings.data / "uploads"
    assert [path for path in uploads.glob("*/*") if path.name != ".lock"] == []
    assert client.delete(sent).status_code == 204
    assert of_video(client, clip) == []
    for kind in KINDS:
        answer = client.get(f"{sent}/{kind}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_what_was_made_of_a_video_that_is_gone_is_not_kept(client: Any, sent: str, clip: Path, tmp_path: Path) -> None:
    videos = client.app.state.front.shop.videos
    video_id = sent.rpartition("/")[2]
    assert client.delete(sent).status_code == 204
    made = tmp_path / "made.jpg"
    made.write_bytes(b"a picture")
    with pytest.raises(NotFoundError, match="unknown video whose file is kept"):
        videos.keep_derived(video_id, "thumbnail", made)
    assert of_video(client, clip) == []


def test_a_video_without_its_file_has_none(keep: Any) -> None:
    service, index = keep
    kept = index()
    for kind in KINDS:
        answer = service.client.get(f"/v1/videos/{kept}/{kind}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
