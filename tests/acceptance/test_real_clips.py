"""The profile `embedded` with its defaults on two real clips, against answers found by eye.

Points (x, y) are on an object's body at a frame; spans are about +-5 frames.
"""

from pathlib import Path

import numpy as np
import pytest

from trackspeak.plugins.contract import ReferredTrack, Trajectory
from trackspeak.service import Result, RunOptions, track

Point = tuple[int, int, int]

RED_CAR: Point = (210, 393, 244)
WHITE_CAR_DOWN: Point = (330, 225, 170)
SILVER_BLUE_CAR: Point = (210, 160, 274)
WHITE_CAR_UP_SPAN = (56, 105)
BLUE_SEDAN: Point = (180, 316, 175)
RED_CARS: tuple[Point, ...] = ((3, 575, 262), (330, 352, 166), (470, 243, 170))
NAVY_MINIVAN_SPAN, PALE_BLUE_SEDAN_FROM = (0, 75), 455
TOP_LANE_BELOW_Y = 110


QUESTIONS = {
    "car-detection.mp4": ["the red car", "a white car", "the light blue car", "a yellow bus"],
    "traffic.mp4": ["the blue car", "red cars", "vehicles moving to the left", "a green truck"],
}


def ask(shared_dir: Path, clip: str, **options: str) -> Result:
    return track(shared_dir / "data" / clip, QUESTIONS[clip], RunOptions(profile="embedded", set=options))


@pytest.fixture(scope="module")
def car_park(shared_dir: Path) -> Result:
    return ask(shared_dir, "car-detection.mp4")


@pytest.fixture(scope="module")
def road(shared_dir: Path) -> Result:
    return ask(shared_dir, "traffic.mp4")


def answer(result: Result, query: str) -> tuple[ReferredTrack, ...]:
    return next(one.tracks for one in result.queries if one.query == query)


def ids(tracks: tuple[ReferredTrack, ...]) -> set[int]:
    return {one.track_id for one in tracks}


def at_point(result: Result, point: Point) -> int:
    """The track whose box holds a point."""
    frame, x, y = point
    for path in result.trajectories:
        for left, top, right, bottom in path.boxes_xyxy[path.frame_indices == frame].tolist():
            if left <= x <= right and top <= y <= bottom:
                return path.track_id
    pytest.fail(f"no track at {point}")


def within(result: Result, first: int, last: int) -> set[int]:
    """The tracks that live in a span of frames, +-5."""
    return {
        path.track_id
        for path in result.trajectories
        if path.frame_indices[0] >= first - 5 and path.frame_indices[-1] <= last + 5
    }


def centre_y(path: Trajectory) -> float:
    return float(np.median((path.boxes_xyxy[:, 1] + path.boxes_xyxy[:, 3]) / 2))


def test_the_red_car_is_one_track_over_most_of_its_frames(car_park: Result) -> None:
    (found,) = answer(car_park, "the red car")
    assert found.track_id == at_point(car_park, RED_CAR)
    assert len(set(found.frame_indices.tolist()) & set(range(188, 239))) >= 0.7 * 51


def test_a_white_car_is_both_white_ones_and_not_the_red_one(car_park: Result) -> None:
    found = ids(answer(car_park, "a white car"))
    first = within(car_park, *WHITE_CAR_UP_SPAN)
    assert len(first) == 1
    assert first | {at_point(car_park, WHITE_CAR_DOWN)} <= found
    assert at_point(car_park, RED_CAR) not in found


def test_the_light_blue_car_is_the_silver_blue_one_first(car_park: Result) -> None:
    assert answer(car_park, "the light blue car")[0].track_id == at_point(car_park, SILVER_BLUE_CAR)


def test_there_is_no_yellow_bus(car_park: Result) -> None:
    assert answer(car_park, "a yellow bus") == ()


def test_the_blue_car_is_the_sedan_and_at_most_the_two_arguable_ones(road: Result) -> None:
    found = ids(answer(road, "the blue car"))
    sedan = at_point(road, BLUE_SEDAN)
    assert sedan in found
    pale = {path.track_id for path in road.trajectories if path.frame_indices[0] >= PALE_BLUE_SEDAN_FROM - 5}
    assert found - {sedan} <= within(road, *NAVY_MINIVAN_SPAN) | pale
    assert len(found) <= 3


def test_red_cars_are_all_three_and_at_most_one_other(road: Result) -> None:
    found = ids(answer(road, "red cars"))
    assert {at_point(road, point) for point in RED_CARS} <= found
    assert len(found) <= len(RED_CARS) + 1


def test_vehicles_moving_to_the_left_are_those_of_the_top_lane(road: Result) -> None:
    found = ids(answer(road, "vehicles moving to the left"))
    top = {path.track_id for path in road.trajectories if centre_y(path) < TOP_LANE_BELOW_Y}
    assert found <= top
    assert len(found) >= 6


def test_there_is_no_green_truck(road: Result) -> None:
    assert answer(road, "a green truck") == ()


@pytest.mark.parametrize(("clip", "expected"), [("car-detection.mp4", "car_park"), ("traffic.mp4", "road")])
def test_bfloat16_refers_to_the_same_tracks(
    clip: str, expected: str, shared_dir: Path, request: pytest.FixtureRequest
) -> None:
    whole: Result = request.getfixturevalue(expected)
    half = ask(shared_dir, clip, **{"matcher.precision": "bfloat16"})
    for query in QUESTIONS[clip]:
        assert ids(answer(half, query)) == ids(answer(whole, query)), query
