"""The contract types refuse what breaks them, saying what was wanted and what came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

from trackspeak.models.errors import ContractError
from trackspeak.plugins import contract
from trackspeak.plugins.contract import (
    Detections,
    Frame,
    Observations,
    Phrases,
    Sampling,
    Scores,
    Segments,
    StreamInfo,
    TrackedFrame,
    Trajectory,
)


def boxes(count: int) -> Any:
    return np.tile(np.array([0, 0, 2, 2], np.float32), (count, 1))


def zeros(shape: int | tuple[int, ...], dtype: Any = np.int64) -> Any:
    return np.zeros(shape, dtype)


def detections(**changes: Any) -> Detections:
    values = {
        "boxes_xyxy": boxes(2), "scores": np.array([0, 1], np.float32), "class_ids": zeros(2), "class_names": ("car",)
    }  # fmt: skip
    return Detections(**{**values, **changes})


def tracked(**changes: Any) -> TrackedFrame:
    values = {
        "frame_index": 4, "time_s": 0.4, "boxes_xyxy": boxes(2), "track_ids": np.array([3, 1]),
        "scores": zeros(2, np.float32), "class_names": ("car", "bus"),
    }  # fmt: skip
    return TrackedFrame(**{**values, **changes})


def trajectory(**changes: Any) -> Trajectory:
    values = {
        "track_id": 7, "class_name": "car", "frame_indices": np.array([1, 3]), "times_s": zeros(2, np.float64),
        "boxes_xyxy": boxes(2), "scores": zeros(2, np.float32),
    }  # fmt: skip
    return Trajectory(**{**values, **changes})


def segments(**changes: Any) -> Segments:
    values = {
        "track_ids": zeros(2), "first_frames": np.array([0, 4]), "last_frames": np.array([7, 11]),
        "look_rows": zeros((2, 2)), "windows": zeros((2, 16, 6), np.float32),
    }  # fmt: skip
    return Segments(**{**values, **changes})


def observations(**changes: Any) -> Observations:
    values = {
        "look_arrays": {"crop": zeros((3, 5))}, "look_frame_rows": np.array([0, 1, 1]),
        "frame_arrays": {"map": zeros((2, 4))}, "frame_indices": np.array([10, 20]),
    }  # fmt: skip
    return Observations(**{**values, **changes})


Maker = Callable[..., Any]

INVERTED = np.array([[0, 0, 2, 2], [0, 0, -7, 2]], np.float32)

BROKEN: list[tuple[Maker, dict[str, Any], str]] = [
    (detections, {"boxes_xyxy": [[0, 0, 1, 1]]}, "boxes_xyxy must be a numpy array, got list"),
    (detections, {"boxes_xyxy": boxes(2).astype(float)}, "boxes_xyxy must have dtype float32, got float64"),
    (detections, {"boxes_xyxy": zeros((2, 5), np.float32)}, "boxes_xyxy must have shape ('any', 4), got (2, 5)"),
    (detections, {"boxes_xyxy": boxes(2) * [1, 1, -1, 1]}, "boxes_xyxy must have dtype float32"),
    (detections, {"boxes_xyxy": INVERTED}, "must have x2 >= x1 and y2 >= y1, got [0.0, 0.0, -7.0, 2.0] in row 1"),
    (detections, {"boxes_xyxy": boxes(2) * np.float32(np.nan)}, "boxes_xyxy must be finite, got nan at (0, 0)"),
    (detections, {"scores": zeros(3, np.float32)}, "scores must have shape (2,), got (3,)"),
    (detections, {"scores": np.array([0, 1.5], np.float32)}, "scores must be in [0, 1], got 0.0 to 1.5"),
    (detections, {"scores": np.array([0, np.inf], np.float32)}, "scores must be finite, got inf at (1,)"),
    (detections, {"class_ids": np.array([0, 1])}, "class_ids must be below 1, got 1"),
    (detections, {"class_ids": zeros(2, np.int32)}, "class_ids must have dtype int64, got int32"),
    (tracked, {"track_ids": np.array([3, 3])}, "track_ids must be unique within frame 4"),
    (tracked, {"class_names": ("car",)}, "class_names must have one entry per box, 2, got 1"),
    (trajectory, {"frame_indices": np.array([3, 3])}, "frame_indices of track 7 must be strictly increasing"),
    (trajectory, {"boxes_xyxy": boxes(3)}, "boxes_xyxy must have shape (2, 4), got (3, 4)"),
    (segments, {"last_frames": np.array([7, 3])}, "last_frames must not be before first_frames"),
    (segments, {"look_rows": zeros((3, 2))}, "look_rows must have shape (2, 'any'), got (3, 2)"),
    (observations, {"look_arrays": {"crop": zeros((2, 5))}}, "look array 'crop' must have 3 rows, got 2"),
    (observations, {"frame_arrays": {"map": zeros((3, 4))}}, "frame array 'map' must have 2 rows, got 3"),
    (observations, {"look_frame_rows": np.array([0, 1, 2])}, "look_frame_rows must be below 2, got 2"),
    (Frame, {"index": 0, "time_s": 0.0, "rgb": zeros((4, 4), np.uint8)}, "rgb must have shape ('any', 'any', 3)"),
    (StreamInfo, {"width": 0, "height": 4, "frame_rate": 1.0}, "width and height must be at least 1, got 0 x 4"),
    (StreamInfo, {"width": 4, "height": 4, "frame_rate": float("nan")}, "frame_rate must be above 0 and finite"),
    (StreamInfo, {"width": 4, "height": 4, "frame_rate": float("inf")}, "frame_rate must be above 0 and finite"),
    (Sampling, {"length": 8, "stride": 9}, "stride must be 1 to length (8), got 9"),
    (Sampling, {"length": 8, "looks": 0}, "looks must be 1 to length (8), got 0"),
    (Phrases, {"texts": ("a",), "arrays": {"word": zeros((2, 3))}}, "phrase array 'word' must have 1 rows, got 2"),
    (Scores, {"values": zeros((1, 1), np.float32), "kind": "logit"}, "kind must be one of cosine, probability, got"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "values", "reason"), BROKEN)
def test_what_breaks_a_contract_is_refused(make: Maker, values: dict[str, Any], reason: str) -> None:
    with pytest.raises(ContractError) as caught:
        make(**values)
    assert reason in str(caught.value)


@pytest.mark.parametrize("make", [detections, tracked, trajectory, segments, observations])
def test_what_keeps_a_contract_is_taken_and_stays_as_it_is(make: Maker) -> None:
    made = make()
    with pytest.raises(FrozenInstanceError):
        setattr(made, made.__slots__[0], None)


def test_empty_ones_are_taken() -> None:
    assert len(Detections.empty(("car",))) == 0
    assert len(detections()) == 2
    empty = segments(
        track_ids=zeros(0), first_frames=zeros(0), last_frames=zeros(0), look_rows=zeros((0, 2)),
        windows=zeros((0, 16, 6), np.float32),
    )  # fmt: skip
    assert (len(empty), len(segments())) == (0, 2)


def test_observations_are_put_below_each_other() -> None:
    first = observations(look_arrays={"crop": np.array([1, 2, 3])}, frame_arrays={"map": np.array([4, 5])})
    second = observations(
        look_arrays={"crop": np.array([6])}, look_frame_rows=np.array([0]), frame_arrays={"map": np.array([7])},
        frame_indices=np.array([30]),
    )  # fmt: skip
    joined = Observations.concatenate([first, second, first])
    assert joined.look_arrays["crop"].tolist() == [1, 2, 3, 6, 1, 2, 3]
    assert joined.frame_arrays["map"].tolist() == [4, 5, 7, 4, 5]
    assert joined.look_frame_rows.tolist() == [0, 1, 1, 2, 3, 4, 4]
    assert joined.frame_indices.tolist() == [10, 20, 30, 10, 20]


def test_only_observations_of_one_kind_are_put_below_each_other() -> None:
    with pytest.raises(ContractError, match="at least one"):
        Observations.concatenate([])
    with pytest.raises(ContractError, match="arrays named"):
        Observations.concatenate([observations(), observations(look_arrays={})])


def test_everything_public_is_exported() -> None:
    assert [name for name in contract.__all__ if not hasattr(contract, name)] == []
    assert len(set(contract.__all__)) == len(contract.__all__)
