"""The renderer's clips: the same bytes from the same seed, and truth that agrees with the pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trackspeak.models.training.render import ObjectSpec, RenderOptions, demo_clip, render_clip
from trackspeak.models.training.truth import KINDS, ClipTruth, Kind

SMALL = RenderOptions(frames=10, width=240, height=144)
CLEAN = replace(SMALL, frame_rate=15.0, effects="clean")
SATURATED = {"red": (200, 24, 30), "blue": (30, 64, 186), "green": (30, 120, 56), "yellow": (240, 196, 24)}


def one_object(spec: ObjectSpec, **changes: object) -> ClipTruth:
    return render_clip(3, replace(CLEAN, objects=(spec,), **changes))  # type: ignore[arg-type]


def body_pixels(clip: ClipTruth, frame: int) -> np.ndarray:
    """Pixels (N, 3) of the only object: those in its box that differ from the even grey ground."""
    (thing,) = clip.objects
    x0, y0, x1, y1 = thing.boxes_xyxy[list(thing.frame_indices).index(frame)].astype(int)
    crop = clip.rgb[frame, y0:y1, x0:x1].reshape(-1, 3).astype(np.float64)
    return crop[np.abs(crop - clip.rgb[frame, 2, 2]).max(axis=1) > 12]


def test_the_same_seed_makes_the_same_bytes_and_another_does_not():
    first, second, other = render_clip(5, SMALL), render_clip(5, SMALL), render_clip(6, SMALL)
    assert first.rgb.tobytes() == second.rgb.tobytes()
    assert [thing.boxes_xyxy.tobytes() for thing in first.objects] == [
        thing.boxes_xyxy.tobytes() for thing in second.objects
    ]
    assert first.rgb.tobytes() != other.rgb.tobytes()


@pytest.mark.parametrize("seed", range(8))
def test_truth_lies_inside_the_clip(seed):
    clip = render_clip(seed, SMALL)
    assert clip.rgb.shape == (10, 144, 240, 3)
    assert clip.rgb.dtype == np.uint8
    assert clip.rgb.std() > 3
    assert 10 <= clip.frame_rate <= 30
    assert clip.objects
    for thing in clip.objects:
        assert thing.kind in KINDS
        assert thing.paint_rgb.dtype == np.uint8
        count = len(thing.frame_indices)
        assert thing.frame_indices.dtype == np.int64
        assert thing.boxes_xyxy.shape == (count, 4)
        assert thing.velocities_xy.shape == (count, 2)
        assert (np.diff(thing.frame_indices) > 0).all()
        assert thing.frame_indices.min() >= 0
        assert thing.frame_indices.max() < 10
        assert (thing.boxes_xyxy >= 0).all()
        assert (thing.boxes_xyxy <= [240, 144, 240, 144]).all()
        assert (thing.boxes_xyxy[:, 2:] - thing.boxes_xyxy[:, :2] >= 5).all()
        assert ((thing.visible >= 0) & (thing.visible <= 1)).all()


@pytest.mark.parametrize("motion", ["left", "right", "up", "down"])
def test_boxes_move_as_the_velocities_say(motion):
    clip = one_object(ObjectSpec("car", (200, 24, 30), motion, place=0.5, speed_mps=2.0))
    (thing,) = clip.objects
    centres = 0.5 * (thing.boxes_xyxy[:, :2] + thing.boxes_xyxy[:, 2:])
    whole = (thing.boxes_xyxy[:, :2] > 0).all(axis=1) & (thing.boxes_xyxy[:, 2:] < [240, 144]).all(axis=1)
    assert whole.sum() >= 8
    moved = (centres[whole][-1] - centres[whole][0]) * clip.frame_rate / (whole.sum() - 1)
    expected = thing.velocities_xy[whole].mean(axis=0)
    np.testing.assert_allclose(moved, expected, atol=0.12 * float(np.abs(expected).max()))
    axis, sign = {"left": (0, -1), "right": (0, 1), "up": (1, -1), "down": (1, 1)}[motion]
    assert sign * expected[axis] > 5
    assert abs(expected[1 - axis]) < 0.1 * abs(expected[axis])


def test_what_is_parked_has_no_velocity_and_stays():
    (thing,) = one_object(ObjectSpec("car", (30, 64, 186), "parked")).objects
    assert (thing.velocities_xy == 0).all()
    assert (thing.boxes_xyxy == thing.boxes_xyxy[0]).all()
    np.testing.assert_allclose(thing.visible, 1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_shows_its_paint(kind: Kind):
    for name, rgb in SATURATED.items():
        clip = one_object(ObjectSpec(kind, rgb, "parked", lane=-0.5), width=640, height=384)
        assert [(thing.kind, tuple(thing.paint_rgb)) for thing in clip.objects] == [(kind, rgb)]
        pixels = body_pixels(clip, 0)
        assert len(pixels) > 60
        chroma = pixels - pixels.mean(axis=1, keepdims=True)
        wanted = np.array(rgb) - np.mean(rgb)
        alike = (chroma @ wanted) / (np.linalg.norm(wanted) * np.maximum(np.linalg.norm(chroma, axis=1), 12.0))
        least = 0.04 if kind in ("bicycle", "motorcycle") else 0.25
        assert (alike > 0.9).mean() > least, name


def test_paint_in_neutral_light_is_seen_nearly_as_it_is():
    for rgb in ((196, 22, 28), (26, 62, 176), (178, 180, 184)):
        clip = one_object(ObjectSpec("car", rgb, "parked", lane=-0.5), width=640, height=384)
        assert np.abs(clip.objects[0].seen_rgb - rgb).max() < 45


def test_white_is_brighter_than_grey_and_grey_than_black():
    def brightness(rgb: tuple[int, int, int]) -> float:
        return float(np.median(body_pixels(one_object(ObjectSpec("van", rgb, "parked"), width=480, height=288), 0)))

    assert brightness((240, 240, 240)) > brightness((120, 120, 122)) + 25 > brightness((20, 20, 22)) + 50


def test_a_nearer_object_hides_a_farther_one():
    far = ObjectSpec("car", (200, 24, 30), "parked", lane=0.6)
    alone = one_object(far).objects[0]
    near = ObjectSpec("bus", (240, 196, 24), "parked", lane=-0.3)
    both = render_clip(3, replace(CLEAN, objects=(far, near)))
    hidden, front = both.objects
    assert alone.visible[0] == 1.0
    assert hidden.visible[0] < 0.7
    assert front.visible[0] == 1.0
    np.testing.assert_array_equal(hidden.boxes_xyxy, alone.boxes_xyxy)


def test_what_enters_is_clipped_and_seen_in_part():
    (thing,) = one_object(ObjectSpec("car", (200, 24, 30), "right", place=-0.15, speed_mps=9.0)).objects
    assert thing.frame_indices[0] > 0
    assert thing.boxes_xyxy[0, 0] == 0.0
    assert thing.visible[0] < 0.9
    assert thing.visible[-1] > thing.visible[0]


def test_a_box_is_tight_around_the_body():
    clip = one_object(ObjectSpec("van", (30, 64, 186), "parked"), width=480, height=288)
    blue = clip.rgb[0, :, :, 2].astype(int) - clip.rgb[0, :, :, 0] > 20
    rows, columns = np.flatnonzero(blue.any(axis=1)), np.flatnonzero(blue.any(axis=0))
    x0, y0, x1, y1 = clip.objects[0].boxes_xyxy[0]
    assert abs(columns[0] - x0) < 5
    assert abs(columns[-1] + 1 - x1) < 5
    assert abs(rows[0] - y0) < 5
    assert rows[-1] < y1


def test_options_are_respected():
    clip = render_clip(2, replace(SMALL, frames=4, frame_rate=12.5, kinds=("bus", "person")))
    assert clip.rgb.shape[0] == 4
    assert clip.frame_rate == 12.5
    assert {thing.kind for thing in clip.objects} <= {"bus", "person"}


@pytest.mark.parametrize(
    ("field", "value"), [("frames", 0), ("width", 8), ("height", 0), ("frame_rate", 0.0), ("kinds", ("tram",))]
)
def test_a_wrong_option_is_named(field, value):
    with pytest.raises(ValueError, match=field):
        replace(SMALL, **{field: value})


def test_the_demo_shows_what_it_promises():
    clip = demo_clip()
    assert clip.rgb.shape == (135, 360, 640, 3)
    assert clip.frame_rate == 15.0
    seen = {(thing.kind, tuple(int(v) for v in thing.paint_rgb)): thing for thing in clip.objects}
    assert seen[("car", (200, 20, 28))].velocities_xy[:, 0].min() > 0
    assert seen[("car", (30, 64, 186))].velocities_xy[:, 0].max() < 0
    assert seen[("bus", (246, 200, 30))].velocities_xy[:, 0].max() < 0
    assert ("person", (228, 110, 24)) in seen
    assert all(len(thing.frame_indices) >= 30 for thing in clip.objects)
