"""The annotated video, read back."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trackspeak.models.errors import VideoError
from trackspeak.plugins.contract import Frame, ReferredTrack, ReferredTracks
from trackspeak.service.formats.draw import Painter
from trackspeak.service.formats.video import write_video
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video
from trackspeak.service.result import Result

MakeClip = Callable[..., Path]


def write(result: Result, source: Path, target: Path) -> list[Frame]:
    write_video(result, source, target, limits=Limits())
    return list(open_video(target, Limits()).frames())


def test_it_is_h264_that_browsers_play(make_clip: MakeClip, make_result: Callable[..., Result], tmp_path: Path) -> None:
    import av

    write_video(make_result(), make_clip("a.mp4"), tmp_path / "out.mp4", limits=Limits())
    content = (tmp_path / "out.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # faststart
    with av.open(str(tmp_path / "out.mp4")) as container:
        (stream,) = container.streams
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.frames == 10


@pytest.mark.parametrize("size", [(63, 47), (65, 48), (1, 1)])
def test_odd_sizes_are_padded(
    make_clip: MakeClip, make_result: Callable[..., Result], tmp_path: Path, size: tuple[int, int]
) -> None:
    source = make_clip("odd.mkv", codec="ffv1", pix_fmt="yuv444p", size=size)
    frames = write(make_result(), source, tmp_path / "out.mp4")
    assert len(frames) == 10
    assert frames[0].rgb.shape == (size[1] + size[1] % 2, size[0] + size[0] % 2, 3)


def test_times_are_kept(make_clip: MakeClip, make_result: Callable[..., Result], tmp_path: Path) -> None:
    source = make_clip("vfr.mkv", codec="ffv1", frames=6, stamps_ms=[0, 20, 100, 500, 510, 3_000])
    frames = write(make_result(), source, tmp_path / "out.mp4")
    np.testing.assert_allclose([frame.time_s for frame in frames], [0, 0.02, 0.1, 0.5, 0.51, 3.0], atol=1e-4)


def test_the_picture_is_the_source_s(make_clip: MakeClip, make_result: Callable[..., Result], tmp_path: Path) -> None:
    """Colours survive the way through the encoder; swscale rounds by a few levels."""
    source = make_clip("a.mkv", codec="ffv1", pix_fmt="yuv444p", size=(128, 96))
    before = list(open_video(source, Limits()).frames())
    after = write(make_result(queries=()), source, tmp_path / "out.mp4")
    for at in [(20, 30), (20, 100), (80, 30), (80, 100)]:
        assert np.abs(before[4].rgb[at].astype(int) - after[4].rgb[at]).max() < 12


def test_the_same_result_gives_the_same_bytes(
    make_clip: MakeClip, make_result: Callable[..., Result], tmp_path: Path
) -> None:
    # of pictures of a few macroblocks, such as 64 x 48, x264 itself makes other bytes about once in a hundred times
    source = make_clip("a.mp4", frames=30, size=(320, 240))
    for name in ("one.mp4", "two.mp4"):
        write_video(make_result(), source, tmp_path / name, limits=Limits())
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_progress_is_told(make_clip: MakeClip, make_result: Callable[..., Result], tmp_path: Path) -> None:
    told: list[int] = []
    write_video(make_result(), make_clip("a.mp4"), tmp_path / "out.mp4", limits=Limits(), progress=told.append)
    assert told == list(range(1, 11))


def test_a_video_that_is_gone_is_the_video_s_error(make_result: Callable[..., Result], tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="no such file"):
        write_video(make_result(), tmp_path / "gone.mp4", tmp_path / "out.mp4", limits=Limits())


@pytest.fixture
def gray() -> Callable[[int], Frame]:
    return lambda index: Frame(index, index / 25, np.full((240, 320, 3), 90, np.uint8))


def placed(track: ReferredTrack) -> ReferredTrack:
    """Move a track's boxes to the middle of a frame of 320 x 240, away from the legend."""
    track.boxes_xyxy[:] = [120, 130, 200, 200]
    return track


def test_boxes_are_drawn_in_referred_frames_alone(
    gray: Callable[[int], Frame], make_track: Callable[..., ReferredTrack]
) -> None:
    painter = Painter([ReferredTracks("the red car", (placed(make_track(3, 2, 5)),))], 320, 240)
    changed = [bool((painter.paint(gray(index))[110:] != 90).any()) for index in range(8)]
    assert changed == [False, False, True, True, True, True, False, False]
    inside = painter.paint(gray(3))[150:180, 140:180]
    assert (inside == 90).all()


def test_each_query_has_its_colour_in_box_and_legend(
    gray: Callable[[int], Frame], make_track: Callable[..., ReferredTrack]
) -> None:
    track = placed(make_track(3, 0, 0))
    answers = [ReferredTracks("the red car", ()), ReferredTracks("the blue car", (track,))]
    scene = Painter(answers, 320, 240).paint(gray(0)).astype(int)
    edge = scene[165, 120]
    legend = scene[:40, :14].reshape(-1, 3)
    assert edge.tolist() == [0xFF, 0xD5, 0x00]  # the second colour, blue first
    # The legend lets a quarter of the picture through
    assert (np.abs(legend - (0.75 * edge + 0.25 * 90)).sum(axis=1) < 6).any()


def test_the_bar_is_as_long_as_the_score_and_inside_the_frame(
    gray: Callable[[int], Frame], make_track: Callable[..., ReferredTrack]
) -> None:
    def filled(score: float) -> int:
        track = make_track(3, 0, 0, score=score)
        track.boxes_xyxy[:] = [120, 130, 200, 240]  # down to the frame's lower edge
        scene = Painter([ReferredTracks("a", (track,))], 320, 240).paint(gray(0))
        bar = scene[230:240, 140:180].reshape(-1, 3)
        return int((bar == [0x0A, 0xD6, 0xFF]).all(axis=1).sum())

    assert filled(0.0) < filled(0.4) < filled(0.9)
    assert filled(-0.3) == filled(0.0)  # a cosine may be below 0


def test_one_track_of_two_queries_has_a_box_for_each(
    gray: Callable[[int], Frame], make_track: Callable[..., ReferredTrack]
) -> None:
    track = placed(make_track(3, 0, 0))
    scene = Painter([ReferredTracks("a", (track,)), ReferredTracks("b", (track,))], 320, 240).paint(gray(0))
    row = {tuple(color) for color in scene[165].tolist()}
    assert {(0x0A, 0xD6, 0xFF), (0xFF, 0xD5, 0x00)} <= row


@pytest.mark.parametrize("size", [(16, 16), (64, 48), (320, 240)])
def test_the_legend_never_covers_the_picture(size: tuple[int, int]) -> None:
    width, height = size
    answers = [ReferredTracks(f"query {number} \u5927 " + "long " * 50, ()) for number in range(256)]
    scene = Painter(answers, width, height).paint(Frame(0, 0.0, np.full((height, width, 3), 90, np.uint8)))
    assert (scene[int(height * 0.3) :] == 90).all()


def test_painting_leaves_the_frame_as_it_is(
    gray: Callable[[int], Frame], make_track: Callable[..., ReferredTrack]
) -> None:
    frame = gray(0)
    Painter([ReferredTracks("a", (placed(make_track(3, 0, 0)),))], 320, 240).paint(frame)
    assert (frame.rgb == 90).all()
