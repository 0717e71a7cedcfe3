"""A video that is decoded in a process of its own is the video that is decoded in this one."""

import struct
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from decoder_processes import decoders

from trackspeak.models.errors import VideoError, VideoLimitError
from trackspeak.plugins.contract import Frame
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import Video, open_video, probe_video

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

MakeClip = Callable[..., Path]
Seen = tuple[list[tuple[int, float, bytes]], object, tuple[str, ...]]


def noise(index: int, width: int, height: int) -> np.ndarray:
    return np.random.default_rng(index).integers(0, 256, (height, width, 3), np.uint8)


def cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    return path


def rot(path: Path) -> Path:
    """Set some runs of bytes in the middle to zero."""
    content = bytearray(path.read_bytes())
    for share in (0.3, 0.5, 0.7):
        at = int(len(content) * share)
        content[at : at + 400] = bytes(400)
    path.write_bytes(content)
    return path


CLIPS: dict[str, Callable[[MakeClip], Path]] = {
    "constant rate": lambda make: make("a.mp4", frames=30),
    "variable rate": lambda make: make("a.mkv", codec="ffv1", frames=6, stamps_ms=[500, 520, 600, 1000, 1010, 3000]),
    "rotated": lambda make: make("a.mov", rotation=90, mirrored=True),
    "odd size": lambda make: make("a.mkv", codec="ffv1", pix_fmt="yuv444p", size=(131, 47)),
    "gray": lambda make: make("a.mkv", codec="ffv1", pix_fmt="gray"),
    "animated": lambda make: make("a.gif", codec="gif", pix_fmt="rgb8"),
    "raw stream": lambda make: make("a.h264"),
    "transport stream": lambda make: make("a.ts"),
    "webm": lambda make: make("a.webm", codec="libvpx"),
    "truncated": lambda make: cut(make("a.mkv", frames=60, draw=noise)),
    "damaged": lambda make: rot(make("a.avi", codec="mjpeg", pix_fmt="yuvj420p", frames=30, draw=noise)),
    "damaged with references": lambda make: rot(make("a.mp4", frames=40, draw=noise)),
}


def seen(video: Video) -> Seen:
    frames = [(frame.index, frame.time_s, frame.rgb.tobytes()) for frame in video.frames()]
    return frames, (video.info, video.facts()), video.warnings


@pytest.mark.parametrize("kind", CLIPS)
def test_frames_times_facts_and_warnings_are_the_same(make_clip: MakeClip, kind: str) -> None:
    path = CLIPS[kind](make_clip)
    here, apart = open_video(path, Limits()), open_video(path, Limits(), isolated=True)
    assert seen(apart) == seen(here)
    assert seen(apart) == seen(here), "a second pass"
    if kind in ("truncated", "damaged", "damaged with references"):
        assert here.warnings


@pytest.mark.parametrize(
    ("name", "content"),
    [("text.mp4", b"a text\n" * 100), ("zeros.mp4", bytes(10_000)), ("list.mp4", b"ffconcat version 1.0\nfile a\n")],
)
def test_errors_are_the_same(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    messages = []
    for isolated in (False, True):
        with pytest.raises(VideoError) as caught:
            open_video(path, Limits(), isolated=isolated)
        messages.append((type(caught.value), str(caught.value)))
    assert messages[0] == messages[1]


@pytest.mark.parametrize(
    "limits",
    [
        Limits(max_frames=9),
        Limits(max_duration_s=0.3),
        Limits(max_pixels_per_frame=64 * 48 - 1),
        Limits(max_video_bytes=100),
    ],
)
@pytest.mark.parametrize("name", ["a.mp4", "a.h264"])
def test_limits_of_the_video_are_the_same(make_clip: MakeClip, name: str, limits: Limits) -> None:
    path, messages = make_clip(name), []
    for isolated in (False, True):
        with pytest.raises(VideoLimitError) as caught:
            list(open_video(path, limits, isolated=isolated).frames())
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert decoders() == []


def test_a_name_that_is_no_text_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "a\udcff.mp4"
    path.write_bytes(b"this is a text\n" * 100)
    with pytest.raises(VideoError, match=r"a\\udcff\.mp4 is not a video"):
        probe_video(path, Limits())


def test_frames_stay_as_they_are_while_they_are_kept(make_clip: MakeClip) -> None:
    path = make_clip("a.mp4", frames=40, draw=noise)
    kept = list(open_video(path, Limits(), isolated=True).frames())
    assert len(kept) == 40
    for frame, again in zip(kept, open_video(path, Limits()).frames(), strict=True):
        assert (frame.rgb == again.rgb).all()
        assert frame.rgb.flags.c_contiguous
        assert frame.rgb.flags.owndata


def test_several_are_read_at_once(make_clip: MakeClip) -> None:
    paths = [make_clip(f"{number}.mp4", frames=20, draw=noise) for number in range(3)]
    passes = [open_video(path, Limits(), isolated=True).frames() for path in [*paths, paths[0]]]
    rows: list[tuple[Frame, ...]] = list(islice(zip(*passes, strict=False), 20))
    assert len(rows) == 20
    assert len(decoders()) <= 4
    assert all((row[0].rgb == row[3].rgb).all() for row in rows)


def test_ending_in_the_middle_ends_the_process(make_clip: MakeClip) -> None:
    frames = open_video(make_clip("a.mp4", frames=60, draw=noise), Limits(), isolated=True).frames()
    next(frames)
    assert len(decoders()) == 1
    frames.close()
    assert decoders() == []


def test_a_probe_gives_what_opening_does(make_clip: MakeClip, tmp_path: Path) -> None:
    path = make_clip("a.mp4", rotation=90)
    assert probe_video(path, Limits()) == open_video(path, Limits()).info
    assert decoders() == []
    with pytest.raises(VideoError, match="must be a file, got a folder"):
        probe_video(tmp_path, Limits())


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "rate", "reason"),
    [
        ("a.roq", "roqvideo", "yuvj444p", 30, "a.roq is not a video that can be read"),
        ("a.avi", "snow", "yuv420p", 25, "of the codec snow, which is not accepted here"),
    ],
)
def test_what_is_rare_is_read_in_this_process_alone(
    make_clip: MakeClip, name: str, codec: str, pix_fmt: str, rate: int, reason: str
) -> None:
    path = make_clip(name, codec=codec, pix_fmt=pix_fmt, rate=rate)
    assert len(list(open_video(path, Limits()).frames())) == 10
    with pytest.raises(VideoError, match=reason):
        open_video(path, Limits(), isolated=True)


def test_nothing_of_ffmpeg_is_loaded_by_who_asks(make_clip: MakeClip) -> None:
    code = (
        "import sys; from pathlib import Path; from trackspeak.service.limits import Limits; "
        "from trackspeak.service.pipeline.decode import open_video; "
        "video = open_video(Path(sys.argv[1]), Limits(), isolated=True); "
        "print(len(list(video.frames())), video.facts().frames, 'av' in sys.modules)"
    )
    command = [sys.executable, "-W", "error", "-c", code, make_clip("a.mp4")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("10 10 False\n", "")


def test_a_frame_over_the_limit_of_memory_is_an_error(make_clip: MakeClip) -> None:
    jpeg = make_clip("bomb.avi", codec="mjpeg", pix_fmt="yuvj420p")
    header = b"\xff\xc0\x00\x11\x08"  # start of frame: length, precision, height, width
    jpeg.write_bytes(
        jpeg.read_bytes().replace(header + struct.pack(">HH", 48, 64), header + struct.pack(">HH", 16_000, 16_000))
    )
    limits = Limits(max_pixels_per_frame=10**9, max_decoder_bytes=200_000_000)
    with pytest.raises(VideoError, match="max_decoder_bytes of 200,000,000"):
        open_video(jpeg, limits, isolated=True)


@pytest.mark.parametrize("mebibytes", [1, 8, 40])
def test_too_little_memory_is_an_error(make_clip: MakeClip, mebibytes: int) -> None:
    """It does not suffice for a thread, for a decoded frame, or for one that was converted."""
    path = make_clip("large.mkv", codec="mjpeg", pix_fmt="yuvj420p", frames=1, size=(4_000, 3_000))
    limits = Limits(max_decoder_bytes=mebibytes * 1024**2)
    with pytest.raises(VideoError, match=f"max_decoder_bytes of {limits.max_decoder_bytes:,}"):
        list(open_video(path, limits, isolated=True).frames())
    assert probe_video(path, Limits()).width == 4_000
