"""Reading good videos: sizes, orientation, times, formats."""

import hashlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from trackspeak.models.errors import OptionError
from trackspeak.plugins.contract import StreamInfo
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video
from trackspeak.service.pipeline.video_times import Timeline

MakeClip = Callable[..., Path]
RED, GREEN, BLUE, WHITE = (230, 20, 20), (20, 230, 20), (20, 20, 230), (230, 230, 230)
CORNERS = {"upper left": (8, 8), "upper right": (8, -8), "lower left": (-8, 8), "lower right": (-8, -8)}


def corners(rgb: np.ndarray) -> list[tuple[int, ...]]:
    """The colour near each corner, as the nearest of the four that were drawn."""
    palette = np.array([RED, GREEN, BLUE, WHITE])
    found = [rgb[at].astype(int) for at in CORNERS.values()]
    return [tuple(palette[np.abs(palette - color).sum(axis=1).argmin()].tolist()) for color in found]


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mov", "libx264", "yuv444p"),
        ("a.mkv", "libx264", "yuv420p"),
        ("a.webm", "libvpx", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("a.ts", "libx264", "yuv420p"),
        ("a.gif", "gif", "rgb8"),
        ("ten_bits.mp4", "libx265", "yuv420p10le"),
        ("ten_bits.mkv", "ffv1", "yuv420p10le"),
        ("a.h264", "libx264", "yuv420p"),
        ("a.mxf", "mpeg2video", "yuv420p"),
        ("a.wtv", "mpeg4", "yuv420p"),
    ],
)
def test_every_container_and_codec_gives_the_same_frames(
    make_clip: MakeClip, name: str, codec: str, pix_fmt: str
) -> None:
    video = open_video(make_clip(name, codec=codec, pix_fmt=pix_fmt), Limits())
    frames = list(video.frames())
    assert [frame.index for frame in frames] == list(range(10))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(10) / 25, atol=1e-3)
    assert (video.info.width, video.info.height, video.info.frame_rate) == (64, 48, 25)
    assert video.info.stream == StreamInfo(64, 48, 25.0)
    assert all(frame.rgb.shape == (48, 64, 3) and frame.rgb.flags.c_contiguous for frame in frames)
    assert corners(frames[0].rgb) == [RED, GREEN, BLUE, WHITE]
    assert video.warnings == ()
    assert video.facts().frames == 10
    assert video.facts().duration_s == pytest.approx(0.4, abs=2e-3)


def test_gray_frames_have_three_equal_channels(make_clip: MakeClip) -> None:
    frame = next(open_video(make_clip("gray.mkv", codec="ffv1", pix_fmt="gray"), Limits()).frames())
    assert frame.rgb.shape == (48, 64, 3)
    assert (frame.rgb == frame.rgb[:, :, :1]).all()
    assert frame.rgb[-8, -8, 0] > 200  # white
    assert frame.rgb[-8, 8, 0] < 100  # blue


def test_a_container_of_the_nineties_is_read(make_clip: MakeClip) -> None:
    path = make_clip("a.roq", codec="roqvideo", pix_fmt="yuvj444p", rate=30)
    assert len(list(open_video(path, Limits()).frames())) == 10


@pytest.mark.parametrize("size", [(63, 47), (1, 1), (2, 131)])
def test_odd_sizes_are_kept(make_clip: MakeClip, size: tuple[int, int]) -> None:
    video = open_video(make_clip("odd.mkv", codec="ffv1", pix_fmt="yuv444p", size=size), Limits())
    assert {frame.rgb.shape for frame in video.frames()} == {(size[1], size[0], 3)}
    assert (video.info.width, video.info.height) == size


@pytest.mark.parametrize(
    ("rotation", "mirrored", "expected"),
    [
        (90, False, [GREEN, WHITE, RED, BLUE]),
        (180, False, [WHITE, BLUE, GREEN, RED]),
        (270, False, [BLUE, RED, WHITE, GREEN]),
        (0, True, [GREEN, RED, WHITE, BLUE]),
    ],
)
def test_rotation_metadata_is_applied(
    make_clip: MakeClip, rotation: int, mirrored: bool, expected: list[tuple[int, ...]]
) -> None:
    """Degrees are counter-clockwise, as a player turns the stored picture."""
    video = open_video(make_clip("turned.mp4", rotation=rotation, mirrored=mirrored), Limits())
    frame = next(video.frames())
    upright = (48, 64) if rotation in (90, 270) else (64, 48)
    assert (video.info.width, video.info.height) == upright
    assert frame.rgb.shape == (upright[1], upright[0], 3)
    assert frame.rgb.flags.c_contiguous
    assert corners(frame.rgb) == expected


def test_a_variable_frame_rate_keeps_its_times(make_clip: MakeClip) -> None:
    stamps = [500, 520, 600, 1_000, 1_010, 3_000]
    video = open_video(make_clip("vfr.mkv", codec="ffv1", frames=6, stamps_ms=stamps), Limits())
    times = [frame.time_s for frame in video.frames()]
    np.testing.assert_allclose(times, [0, 0.02, 0.1, 0.5, 0.51, 2.5], atol=1e-9)


def test_a_size_that_changes_is_scaled_to_the_first(make_clip: MakeClip, tmp_path: Path) -> None:
    joined = tmp_path / "joined.h264"
    parts = [make_clip("one.h264"), make_clip("two.h264", size=(96, 80), frames=4)]
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    video = open_video(joined, Limits())
    frames = list(video.frames())
    assert {frame.rgb.shape for frame in frames} == {(48, 64, 3)}
    assert len(frames) == 14
    assert corners(frames[-1].rgb) == [RED, GREEN, BLUE, WHITE]
    assert video.warnings == ("frames of another size, scaled to 64 x 48: 4",)


def test_each_pass_starts_anew_and_gives_the_same(make_clip: MakeClip) -> None:
    path = make_clip("a.mp4")
    video = open_video(path, Limits())
    next(video.frames())
    first, second = list(video.frames()), list(video.frames())
    assert all((a.rgb == b.rgb).all() and a.time_s == b.time_s for a, b in zip(first, second, strict=True))
    assert video.facts().sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_facts_before_a_full_pass_are_refused(make_clip: MakeClip) -> None:
    video = open_video(make_clip("a.mp4"), Limits())
    next(video.frames())
    with pytest.raises(RuntimeError, match="full pass"):
        video.facts()


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_a_folder_rate_that_is_none_is_refused(tmp_path: Path, rate: float) -> None:
    with pytest.raises(OptionError, match="frame_rate"):
        open_video(tmp_path, Limits(), folder_frame_rate=rate)


def test_a_folder_rate_for_a_file_is_refused(make_clip: MakeClip) -> None:
    with pytest.raises(OptionError, match=r"a\.mp4 is a file and has its own"):
        open_video(make_clip("a.mp4"), Limits(), folder_frame_rate=25)


@pytest.mark.parametrize(
    ("stamps", "times", "breaks"),
    [
        ([2.0, 2.5, 3.0], [0, 0.5, 1.0], 0),
        ([None, None, None], [0, 0.1, 0.2], 0),
        ([None, 5.0, 5.5, None], [0, 0.1, 0.6, 0.7], 0),
        ([0.0, 0.5, 0.4, 0.6], [0, 0.5, 0.5, 0.6], 0),
        ([10.0, 11.0, 0.0, 1.0], [0, 1.0, 1.1, 2.1], 1),
    ],
)
def test_times_start_at_zero_and_never_go_backward(stamps: list[float | None], times: list[float], breaks: int) -> None:
    timeline = Timeline(0.1)
    found = [timeline.time_of(stamp) for stamp in stamps]
    np.testing.assert_allclose(found, times)
    assert timeline.breaks == breaks
    assert all(before <= after for before, after in pairwise(found))


def test_real_clips_have_the_facts_they_are_known_to_have(shared_dir: Path) -> None:
    video = open_video(shared_dir / "data" / "car-detection.mp4", Limits())
    indices = [frame.index for frame in video.frames()]
    facts = video.facts()
    assert indices == list(range(377))
    assert (facts.frames, facts.width, facts.height, facts.frame_rate) == (377, 768, 432, 12.5)
    assert facts.duration_s == pytest.approx(30.16)
    assert video.warnings == ()
