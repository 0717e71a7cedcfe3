"""Reading what is damaged, hostile, over the limits, or no video at all."""

import os
import struct
import wave
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from trackspeak.models.errors import VideoError, VideoLimitError
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video
from trackspeak.service.pipeline.video_packets import PacketDecoder

MakeClip = Callable[..., Path]


def noise(index: int, width: int, height: int) -> np.ndarray:
    """Pictures that do not compress, so that packets are large."""
    return np.random.default_rng(index).integers(0, 256, (height, width, 3), np.uint8)


def cut(path: Path, share: float) -> Path:
    """Drop the end of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def refusal(path: Path, limits: Limits | None = None) -> str:
    """The message with which a video is refused, while it is opened or read."""
    with pytest.raises(VideoError) as caught:
        list(open_video(path, limits or Limits()).frames())
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.mp4", b"", "empty.mp4 is empty"),
        ("text.mp4", b"this is a text\n" * 100, "not a video that can be read"),
        ("text.txt", b"this is a text\n" * 100, "not a video that can be read"),
        ("zeros.mp4", bytes(10_000), "not a video that can be read"),
        ("page.mp4", b"<html><body>not found</body></html>", "not a video that can be read"),
    ],
)
def test_files_that_are_no_video(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert reason in refusal(path)


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("no image")
    assert "no such file" in refusal(tmp_path / "missing.mp4")
    assert "got neither" in refusal(tmp_path / "pipe.mp4")
    assert "holds no image" in refusal(tmp_path / "folder")
    assert "not the name of a file" in refusal(Path("a\0b.mp4"))


@pytest.fixture
def without_rights(tmp_path: Path) -> Iterator[None]:
    """Take the rights to read from everything in the test's folder, from the superuser too."""
    import av  # noqa: F401 - loaded while files can still be read
    from PIL import Image  # noqa: F401

    superuser = os.geteuid() == 0
    rights = {path: path.stat().st_mode for path in [*tmp_path.rglob("*"), tmp_path]}
    for path in rights:
        path.chmod(0)
    if superuser:
        os.seteuid(65534)
    yield
    if superuser:
        os.seteuid(0)
    for path, mode in reversed(rights.items()):
        path.chmod(mode)


@pytest.fixture
def clip_and_folder(make_clip: MakeClip, tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "images").mkdir()
    return make_clip("a.mp4"), tmp_path / "images"


@pytest.mark.usefixtures("clip_and_folder", "without_rights")
def test_what_may_not_be_read_is_refused(tmp_path: Path) -> None:
    assert "cannot be read: Permission denied" in refusal(tmp_path / "a.mp4")
    assert "cannot be read: Permission denied" in refusal(tmp_path / "images")
    assert "cannot be read: Permission denied" in refusal(tmp_path)


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    import av

    with wave.open(str(tmp_path / "sound.wav"), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(bytes(8_000))
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8_000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1_024), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 8_000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    for name in ("sound.wav", "sound.mp4"):
        assert refusal(tmp_path / name) == f"{name} holds no video stream, only: audio"


def test_a_video_without_frames_is_refused(make_clip: MakeClip) -> None:
    path = make_clip("none.avi", codec="mjpeg", pix_fmt="yuvj420p", frames=0)
    assert refusal(path) == "none.avi holds no frame that can be decoded: the stream is empty"


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{path}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {path}\n",
    ],
)
def test_a_playlist_is_not_followed(make_clip: MakeClip, tmp_path: Path, playlist: str) -> None:
    path = tmp_path / "list.mp4"
    path.write_text(playlist.format(path=make_clip("secret.mp4")))
    assert "not a video that can be read" in refusal(path)


def test_a_name_like_a_protocol_is_a_file(make_clip: MakeClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_clip("a.mp4").rename(tmp_path / "concat:a.mp4")
    monkeypatch.chdir(tmp_path)
    assert len(list(open_video(Path("concat:a.mp4"), Limits()).frames())) == 10


@pytest.mark.parametrize(
    ("name", "codec", "options", "declared"),
    [
        ("cut.mp4", "libx264", {"movflags": "faststart"}, "of 2.40 s"),
        ("cut.mkv", "libx264", {}, "of 2.40 s"),
        ("cut.avi", "mpeg4", {}, "of 60 frames"),
    ],
)
def test_a_truncated_file_is_decoded_as_far_as_it_goes(
    make_clip: MakeClip, name: str, codec: str, options: dict[str, str], declared: str
) -> None:
    path = cut(make_clip(name, codec=codec, options=options, frames=60, draw=noise), 0.6)
    video = open_video(path, Limits())
    frames = list(video.frames())
    assert 10 < len(frames) < 60
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert f"decoded {len(frames)}" in video.warnings[-1]
    assert declared in video.warnings[-1]
    assert video.facts().frames == len(frames)


def test_an_mp4_without_its_index_is_refused(make_clip: MakeClip) -> None:
    assert "not a video that can be read" in refusal(cut(make_clip("cut.mp4", frames=60, draw=noise), 0.6))


def test_what_the_decoder_holds_is_given_where_reading_fails(
    make_clip: MakeClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    import av

    path = make_clip("bframes.mp4", frames=30, draw=noise)

    class Failing:
        """A container whose disk fails after 20 packets."""

        def __init__(self, container: object) -> None:
            self._container = container

        def demux(self, stream: object) -> Iterator[object]:
            yield from islice(self._container.demux(stream), 20)  # type: ignore[attr-defined]
            raise av.OSError(5, "Input/output error")

    with av.open(str(path)) as container:
        decoder = PacketDecoder(Limits(), "bframes.mp4")
        frames = list(decoder.frames(Failing(container), container.streams.video[0]))  # type: ignore[arg-type]
    assert len(frames) == 20
    assert "reading stopped before the end of the file (Input/output error)" in decoder.warnings()


def test_damaged_packets_are_skipped_with_a_warning(make_clip: MakeClip) -> None:
    path = make_clip("rot.avi", codec="mjpeg", pix_fmt="yuvj420p", frames=30, draw=noise)
    content = bytearray(path.read_bytes())
    pictures = [at for at in range(len(content)) if content.startswith(b"\xff\xd8\xff", at)]
    for number in (7, 19):
        start, end = pictures[number], pictures[number + 1] - 8  # up to the next chunk's header
        content[start:end] = bytes(end - start)
    path.write_bytes(content)
    video = open_video(path, Limits())
    frames = list(video.frames())
    assert len(pictures) == 30
    assert len(frames) == 28
    assert "packets that could not be decoded and were skipped: 2" in video.warnings
    assert frames[-1].time_s == pytest.approx(29 / 25)  # what is left keeps its time


def test_a_frame_over_the_limit_is_refused_before_it_is_decoded(make_clip: MakeClip) -> None:
    path = make_clip("large.mp4", size=(640, 480))
    with pytest.raises(VideoLimitError, match=r"640 x 480.*max_pixels_per_frame of 307,199"):
        open_video(path, Limits(max_pixels_per_frame=640 * 480 - 1))
    assert open_video(path, Limits(max_pixels_per_frame=640 * 480)).info.width == 640


def test_a_bomb_is_refused(make_clip: MakeClip) -> None:
    """A file of a few kilobytes whose header asks for 40,000 x 40,000 pixels, and one whose pictures do."""
    gif = make_clip("bomb.gif", codec="gif", pix_fmt="rgb8")
    content = bytearray(gif.read_bytes())
    content[6:10] = struct.pack("<HH", 40_000, 40_000)
    gif.write_bytes(content)
    jpeg = make_clip("bomb.avi", codec="mjpeg", pix_fmt="yuvj420p")
    header = b"\xff\xc0\x00\x11\x08"  # start of frame: length, precision, height, width
    jpeg.write_bytes(
        jpeg.read_bytes().replace(header + struct.pack(">HH", 48, 64), header + struct.pack(">HH", 16_000, 16_000))
    )
    assert "max_pixels_per_frame of 33,177,600" in refusal(gif)
    assert "max_pixels_per_frame of 33,177,600" in refusal(jpeg)


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        (Limits(max_video_bytes=100), "max_video_bytes"),
        (Limits(max_frames=9), "max_frames"),
        (Limits(max_duration_s=0.3), "max_duration_s"),
        (Limits(max_decode_s=1e-9), "max_decode_s"),
    ],
)
@pytest.mark.parametrize("name", ["a.mp4", "a.h264"])
def test_limits_hold_with_and_without_a_header(make_clip: MakeClip, name: str, limits: Limits, field: str) -> None:
    path = make_clip(name)
    with pytest.raises(VideoLimitError, match=field):
        list(open_video(path, limits).frames())


def test_a_header_that_claims_too_much_costs_nothing(make_clip: MakeClip) -> None:
    path = make_clip("lie.avi", codec="mjpeg", pix_fmt="yuvj420p")
    content = bytearray(path.read_bytes())
    at = content.index(b"strh") + 8 + 32  # the stream header's length in frames
    content[at : at + 4] = struct.pack("<I", 2**31 - 1)
    path.write_bytes(content)
    assert "2,147,483,647 is over the limit max_frames of 1,000,000" in refusal(path)
    video = open_video(path, Limits(max_frames=2**31, max_duration_s=1e9))
    assert len(list(video.frames())) == 10
    assert "may be truncated" in video.warnings[-1]
