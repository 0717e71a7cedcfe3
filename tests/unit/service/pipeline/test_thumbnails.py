"""The picture of each track: the best of the looks, few encodings, and no effect on anything else."""

import math
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pipeline_fakes import RATE, FakeVideo, index

from trackspeak.plugins.contract import Frame, Postprocessed, Segments, Trajectory
from trackspeak.service.pipeline import thumbnails
from trackspeak.service.pipeline.refine import postprocess
from trackspeak.service.pipeline.thumbnails import LONGEST_PX, Gallery, view_worth
from trackspeak.service.store.arrays import to_arrays

WIDTH, HEIGHT = 640, 360


def frame(number: int, width: int = WIDTH, height: int = HEIGHT) -> Frame:
    rgb = np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)
    return Frame(number, number / RATE, rgb)


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([left, top, right, bottom], np.float32)


def seen(*views: tuple[np.ndarray, float]) -> int:
    """Show one track in frame 0, 1, ...; give the frame of its picture."""
    gallery = Gallery()
    for number, (where, score) in enumerate(views):
        gallery.look(frame(number), {7: where}, {7: score})
    return gallery.collect({}, {7})[7].frame_index


def picture(where: np.ndarray, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    gallery = Gallery()
    gallery.look(frame(0, width, height), {7: where}, {7: 1.0})
    return Image.open(BytesIO(gallery.collect({}, {7})[7].jpeg))


def test_the_larger_view_counts_if_it_is_clearly_larger() -> None:
    small, hardly, larger = box(50, 50, 100, 100), box(50, 50, 110, 100), box(50, 50, 120, 100)
    assert seen((small, 1.0), (larger, 1.0), (small, 1.0)) == 1
    assert seen((small, 1.0), (hardly, 1.0)) == 0


def test_a_whole_view_counts_more_than_one_that_is_cut() -> None:
    whole = box(100, 100, 200, 200)
    for cut in (box(0, 100, 120, 200), box(100, 0, 200, 120), box(519, 99, 639, 200), box(100, 240, 200, 361)):
        assert seen((cut, 1.0), (whole, 1.0)) == 1
    much_larger = box(0, 50, 250, 250)
    assert seen((whole, 1.0), (much_larger, 1.0)) == 1
    twice_cut, once_cut = box(0, 0, 120, 100), box(100, 0, 220, 100)
    assert seen((twice_cut, 1.0), (once_cut, 1.0)) == 1


def test_the_detector_s_score_counts() -> None:
    where = box(100, 100, 200, 200)
    assert seen((where, 0.2), (where, 0.9)) == 1
    assert seen((where, 0.7), (where, 0.9)) == 0


def test_only_what_is_inside_the_frame_counts() -> None:
    assert view_worth(box(-100, 100, 100, 200), 1.0, WIDTH, HEIGHT) == 100 * 100 / 2
    assert view_worth(box(700, 100, 800, 200), 1.0, WIDTH, HEIGHT) == 0
    gallery = Gallery()
    gallery.look(frame(0), {1: box(-50, 10, -5, 20), 2: box(-1e9, -1e9, 1e9, 1e9)}, {1: 1.0, 2: 1.0})
    assert list(gallery.collect({}, {1, 2})) == [2]


def test_encodings_grow_with_the_logarithm_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[int] = []
    monkeypatch.setattr(thumbnails, "_encode", lambda *_: bytes([encoded.append(1) or 0]))
    gallery, one = Gallery(), frame(0)
    for number in range(1, 200):
        gallery.look(one, {1: box(20, 20, 20 + number, 120)}, {1: 1.0})
    assert 5 < len(encoded) <= 1 + math.log(200) / math.log(1.3)


@pytest.mark.parametrize(
    ("where", "frame_size", "size"),
    [
        (box(100, 100, 200, 160), (640, 360), (130, 78)),  # with a margin of 15 % on each side
        (box(0, 0, 100, 60), (640, 360), (115, 69)),  # but not beyond the frame
        (box(600, 200, 2600, 1200), (3840, 2160), (LONGEST_PX, LONGEST_PX // 2)),
        (box(10, 10, 11, 11), (640, 360), (3, 3)),
    ],
)
def test_pictures_are_small_and_show_what_is_around(where: np.ndarray, frame_size: tuple[int, int], size) -> None:
    shown = picture(where, *frame_size)
    assert shown.format == "JPEG"
    assert shown.mode == "RGB"
    assert shown.size == size


def test_a_picture_shows_its_box_in_its_colours() -> None:
    rgb = np.zeros((100, 200, 3), np.uint8)
    rgb[30:70, 50:130] = (200, 30, 60)
    gallery = Gallery()
    gallery.look(Frame(3, 0.25, rgb), {1: box(50, 30, 130, 70)}, {1: 0.5})
    found = gallery.collect({}, {1})[1]
    assert (found.frame_index, found.time_s) == (3, 0.25)
    pixels = np.asarray(Image.open(BytesIO(found.jpeg))).astype(int)
    assert pixels.shape == (52, 104, 3)
    np.testing.assert_allclose(pixels[26, 52], (200, 30, 60), atol=6)
    np.testing.assert_allclose(pixels[2, 2], (0, 0, 0), atol=6)


def test_joined_tracks_keep_the_better_picture_and_dropped_ones_none() -> None:
    gallery = Gallery()
    boxes = {1: box(10, 10, 40, 40), 2: box(10, 10, 90, 90), 3: box(10, 10, 99, 99), 4: box(10, 10, 60, 60)}
    for number, (track_id, where) in enumerate(boxes.items()):
        gallery.look(frame(number), {track_id: where}, {track_id: 1.0})
    kept = gallery.collect({2: 1}, {1, 4, 5})
    assert [(track_id, one.frame_index) for track_id, one in kept.items()] == [(1, 1), (4, 3)]
    assert gallery.collect({4: 3}, {3})[3].frame_index == 2


def test_what_several_postprocessors_join_is_followed_to_the_end() -> None:
    tracks = tuple(
        Trajectory(number, "car", np.array([number]), np.zeros(1), np.ones((1, 4), np.float32), np.ones(1, np.float32))
        for number in (1, 2, 3)
    )
    no_rows = np.zeros(0, np.int64)
    segments = Segments(no_rows, no_rows, no_rows, np.zeros((0, 2), np.int64), np.zeros((0, 1, 1), np.float32))
    steps = [lambda given, _: Postprocessed(given[:2], {3: 2}), lambda given, _: Postprocessed(given[:1], {2: 1})]
    left, _, joined = postprocess(tracks, segments, steps, np.zeros(9))
    assert [track.track_id for track in left] == [1]
    assert joined == {2: 1, 3: 1}


def test_every_track_that_is_looked_at_has_a_picture_of_a_look() -> None:
    made, parts = index(FakeVideo(100), thumbnails=True)
    assert list(made.thumbnails) == [1, 2]
    for one in made.thumbnails.values():
        assert one.frame_index in parts["matcher"].seen
        assert one.time_s == one.frame_index / RATE
        pixels = np.asarray(Image.open(BytesIO(one.jpeg)))
        np.testing.assert_allclose(pixels.astype(int), one.frame_index, atol=2)  # a frame's level is its index
    assert "thumbnails" in made.timings_s
    strided, parts = index(FakeVideo(100), thumbnails=True, frame_stride=3)
    assert {one.frame_index % 3 for one in strided.thumbnails.values()} == {0}


def test_a_postprocessor_s_joined_track_takes_the_picture_along() -> None:
    class Join:
        def __call__(self, trajectories, frame_times_s) -> Postprocessed:
            return Postprocessed(trajectories[1:], {1: 2})

    plain, _ = index(FakeVideo(100), thumbnails=True)
    made, _ = index(FakeVideo(100), thumbnails=True, postprocessors=(Join(),))
    assert list(made.thumbnails) == [2]
    assert made.thumbnails[2] in plain.thumbnails.values()


def test_nothing_else_depends_on_pictures_and_they_are_the_same_each_time() -> None:
    plain, _ = index(FakeVideo(100))
    made, _ = index(FakeVideo(100), thumbnails=True)
    assert plain.thumbnails == {}
    assert made.thumbnails == index(FakeVideo(100), thumbnails=True)[0].thumbnails
    columns, others = to_arrays(plain, half=False), to_arrays(made, half=False)
    assert {name: array.tobytes() for name, array in columns.items()} == {
        name: array.tobytes() for name, array in others.items()
    }
    assert made.warnings == plain.warnings
