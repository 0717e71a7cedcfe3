"""Facts of hand-made trajectories."""

from __future__ import annotations

import numpy as np
import pytest

from trackspeak.models.training.motion_truth import FACT_CONCEPTS, segment_facts
from trackspeak.models.training.trajectories import scene_trajectories
from trackspeak.models.training.truth import ObjectTruth

FRAME_RATE, SIZE_WH = 25.0, (640, 360)
FRAMES = 75


def truth(
    velocities_xy: np.ndarray, centre_xy: tuple[float, float] = (320, 180), growth_per_s: float = 0.0
) -> ObjectTruth:
    """An object of 40x30 pixels that is at `centre_xy` in the last frame."""
    steps = np.cumsum(velocities_xy, axis=0) / FRAME_RATE
    centres = np.array(centre_xy) + steps - steps[-1]
    sizes = np.array([40.0, 30.0]) * np.exp(growth_per_s * np.arange(-FRAMES + 1, 1) / FRAME_RATE)[:, None]
    boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)
    return ObjectTruth(
        kind="car",
        passes_for=(),
        paint_rgb=np.array([200, 20, 20], np.uint8),
        seen_rgb=np.array([200, 20, 20], np.float32),
        trim_rgb=np.full(3, np.nan, np.float32),
        frame_indices=np.arange(FRAMES, dtype=np.int64),
        boxes_xyxy=boxes.astype(np.float32),
        visible=np.ones(FRAMES, np.float32),
        velocities_xy=np.asarray(velocities_xy, np.float32),
    )


def straight(angle_deg: float, speed: float = 60.0) -> np.ndarray:
    """(FRAMES, 2) velocities; 0 degrees is right, 90 down."""
    angle = np.radians(angle_deg)
    return np.tile(speed * np.array([np.cos(angle), np.sin(angle)]), (FRAMES, 1))


def facts(*objects: ObjectTruth, last_frame: int = FRAMES - 1) -> dict[str, int]:
    """The first object's facts in the segment that ends with `last_frame`."""
    scene = scene_trajectories(objects, FRAME_RATE, SIZE_WH)
    row = segment_facts(scene, np.array([0]), np.array([last_frame - 7]), np.array([last_frame]))[0]
    return dict(zip(FACT_CONCEPTS, row.tolist(), strict=True))


@pytest.mark.parametrize(
    ("angle_deg", "expected"),
    [
        (0, (0, 1, 0, 0)),
        (180, (1, 0, 0, 0)),
        (90, (0, 0, 0, 1)),
        (-90, (0, 0, 1, 0)),
        (25, (0, 1, 0, 0)),
        (45, (0, -1, 0, -1)),
        (-130, (-1, 0, -1, 0)),
    ],
)
def test_directions_hold_along_an_axis_and_are_arguable_across(angle_deg: float, expected: tuple[int, ...]) -> None:
    found = facts(truth(straight(angle_deg)))
    assert tuple(found[f"moves_{side}"] for side in ("left", "right", "up", "down")) == expected
    assert (found["moving"], found["stopped"], found["turning"]) == (1, 0, 0)


def test_what_stands_has_no_direction_and_is_stopped() -> None:
    found = facts(truth(np.zeros((FRAMES, 2))))
    assert (found["moving"], found["stopped"], found["turning"], found["fast"]) == (0, 1, 0, 0)
    assert not any(found[name] for name in ("moves_left", "moves_right", "moves_up", "moves_down", "approaches"))


def test_stopping_within_the_window_is_arguable_until_the_window_has_passed() -> None:
    velocities = straight(0)
    velocities[20:] = 0.0
    assert facts(truth(velocities), last_frame=30)["stopped"] == -1
    assert facts(truth(velocities), last_frame=FRAMES - 1)["stopped"] == 1


def test_creeping_is_arguable_but_never_the_other_way() -> None:
    found = facts(truth(straight(0, speed=4.0)))
    assert (found["moving"], found["stopped"]) == (-1, -1)
    assert (found["moves_right"], found["moves_left"]) == (-1, 0)


def test_turning_is_a_change_of_heading_that_still_goes_on() -> None:
    bend = np.radians(np.linspace(0, 90, FRAMES))
    turning = 60 * np.stack([np.cos(bend), np.sin(bend)], axis=1)
    slight = np.radians(np.linspace(0, 30, FRAMES))
    assert facts(truth(turning))["turning"] == 1
    assert facts(truth(60 * np.stack([np.cos(slight), np.sin(slight)], axis=1)))["turning"] == -1
    swerve = np.radians(10 * np.sin(np.linspace(0, 6 * np.pi, FRAMES)))
    assert facts(truth(60 * np.stack([np.cos(swerve), np.sin(swerve)], axis=1)))["turning"] == 0


def test_growing_approaches_and_shrinking_recedes() -> None:
    assert facts(truth(straight(90), growth_per_s=0.3))["approaches"] == 1
    assert facts(truth(straight(90), growth_per_s=0.3))["recedes"] == 0
    assert facts(truth(straight(-90), growth_per_s=-0.3))["recedes"] == 1
    same = facts(truth(straight(0)))
    assert (same["approaches"], same["recedes"]) == (0, 0)


def test_growth_is_not_told_from_boxes_cut_by_the_border() -> None:
    cut = truth(straight(90), growth_per_s=0.3)
    cut.boxes_xyxy[:, 3] = SIZE_WH[1]
    assert facts(cut)["approaches"] == -1


def test_speed_is_relative_to_at_least_three_movers() -> None:
    fast, slow, usual = truth(straight(0, 150)), truth(straight(0, 25)), truth(straight(0, 60))
    assert (facts(fast, usual, usual)["fast"], facts(fast, usual, usual)["slow"]) == (1, 0)
    assert (facts(slow, usual, usual)["fast"], facts(slow, usual, usual)["slow"]) == (0, 1)
    assert facts(usual, usual, usual)["fast"] == 0
    assert facts(fast, usual)["fast"] == -1
    standing = truth(np.zeros((FRAMES, 2)))
    assert facts(fast, usual, standing)["fast"] == -1


def test_places_and_their_margins() -> None:
    corner = facts(truth(straight(0), centre_xy=(100, 60)))
    assert (corner["on_left"], corner["on_right"], corner["at_top"], corner["at_bottom"]) == (1, 0, 1, 0)
    assert corner["in_middle"] == 0
    centre = facts(truth(straight(0), centre_xy=(320, 180)))
    assert (centre["on_left"], centre["on_right"], centre["in_middle"]) == (0, 0, 1)
    assert facts(truth(straight(0), centre_xy=(265, 180)))["on_left"] == -1


def test_lanes_lie_along_the_motion() -> None:
    across = facts(truth(straight(0), centre_xy=(320, 260)))
    assert (across["bottom_lane"], across["middle_lane"], across["top_lane"]) == (1, 0, 0)
    along = facts(truth(straight(-90), centre_xy=(100, 260)))
    assert (along["bottom_lane"], along["left_lane"], along["right_lane"]) == (-1, 1, 0)


def test_little_or_nothing_seen_is_arguable() -> None:
    seen = truth(straight(0))
    late = ObjectTruth(
        seen.kind,
        seen.passes_for,
        seen.paint_rgb,
        seen.seen_rgb,
        seen.trim_rgb,
        seen.frame_indices[-3:],
        seen.boxes_xyxy[-3:],
        seen.visible[-3:],
        seen.velocities_xy[-3:],
    )
    found = facts(late)
    assert found["moving"] == found["moves_right"] == -1
    assert found["in_middle"] == 1
    assert set(facts(late, last_frame=40).values()) == {-1}
