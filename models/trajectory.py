"""The trajectory window: the last seconds of a path as a few well-conditioned numbers per point. Pure numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import ContractError

POINTS = 16
"""Points that a window is resampled to."""

WINDOW_S = 2.0
"""Seconds before a segment's last frame that a window reaches back."""

FEATURES = (
    "center_x",  # centre, -1 at the left edge of the frame, 1 at the right
    "center_y",  # -1 at the top, 1 at the bottom
    "log_width",  # 1 + log(box width / frame width) / 3: 1 fills the frame, 0 is 5% of it
    "log_height",  # the same of heights
    "shift_x_frame",  # from the last point to this one, centre, in frame diagonals x 4, squashed
    "shift_y_frame",
    "shift_x_object",  # the same in sizes of the object (root of its median area), halved, squashed
    "shift_y_object",
    "foot_shift_x_object",  # the same of the bottom centre, which shadows and occlusion jitter otherwise
    "foot_shift_y_object",
    "velocity_x_frame",  # centre, in frame diagonals per second x 4, squashed
    "velocity_y_frame",
    "velocity_x_object",  # in sizes of the object per second, halved, squashed
    "velocity_y_object",
    "foot_velocity_x_object",  # the same of the bottom centre
    "foot_velocity_y_object",
    "growth",  # log(root of box area / that of the last point), squashed
    "time_offset",  # from the last point, in windows: -1 to 0
    "frame_aspect",  # log(frame width / frame height)
)
"""The columns of a window, in order; "squashed" is tanh."""

_FRAME_GAIN = 4.0  # a quarter of the frame's diagonal is a long way in two seconds
_OBJECT_GAIN = 0.5  # two lengths of a car are
_LEAST_SIDE = 1.0  # pixels; keeps logarithms and quotients finite for degenerate boxes
_LEAST_ELAPSED_S = 0.25  # over a shorter time jitter would look like speed: a young path counts as slow


def trajectory_window(
    times_s: npt.NDArray[np.float64],
    boxes_xyxy: npt.NDArray[np.float32],
    frame_size: tuple[int, int],
    window_s: float = WINDOW_S,
    points: int = POINTS,
) -> npt.NDArray[np.float32]:
    """Describe the end of a trajectory, independent of frame rate, frame size and object size.

    The last `window_s` seconds are resampled linearly to `points` points; a younger trajectory gives what it
    has (its `time_offset` starts above -1), a single frame the same point all along. Velocities are differences
    over a quarter of the window on either side, so that one jittery box cannot make a movement.

    Args:
        times_s: (T,) strictly increasing, T at least 1; the last is the segment's last frame.
        boxes_xyxy: (T, 4) pixels, possibly outside the frame.
        frame_size: width and height in pixels, at least 1.
        window_s: above 0.
        points: at least 1.

    Returns:
        (points, len(FEATURES)) float32, finite, oldest point first; every value is in [-3, 3].

    Raises:
        ContractError: if the arrays do not fit each other or hold no frame, or a size is out of range.
    """
    _check(times_s, boxes_xyxy, frame_size, window_s, points)
    end = float(times_s[-1])
    at_s = np.linspace(max(float(times_s[0]), end - window_s), end, points)
    boxes = np.stack([np.interp(at_s, times_s, column) for column in boxes_xyxy.T.astype(np.float64)], axis=1)
    center = (boxes[:, :2] + boxes[:, 2:]) / 2
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], _LEAST_SIDE)
    foot = np.stack([center[:, 0], boxes[:, 3]], axis=1)
    frame = np.array(frame_size, np.float64)
    diagonal = float(np.hypot(*frame))
    size = np.sqrt(sides.prod(axis=1))
    object_size = float(np.median(size))
    columns = (
        np.clip(2 * center / frame - 1, -2, 2),
        np.clip(1 + np.log(sides / frame) / 3, -2, 2),
        np.tanh((center - center[-1]) / diagonal * _FRAME_GAIN),
        np.tanh((center - center[-1]) / object_size * _OBJECT_GAIN),
        np.tanh((foot - foot[-1]) / object_size * _OBJECT_GAIN),
        np.tanh(_velocity(at_s, center) / diagonal * _FRAME_GAIN),
        np.tanh(_velocity(at_s, center) / object_size * _OBJECT_GAIN),
        np.tanh(_velocity(at_s, foot) / object_size * _OBJECT_GAIN),
        np.tanh(np.log(size / size[-1]))[:, None],
        ((at_s - end) / window_s)[:, None],
        np.full((points, 1), np.clip(np.log(frame[0] / frame[1]), -3, 3)),
    )
    return np.concatenate(columns, axis=1).astype(np.float32)


def _velocity(at_s: npt.NDArray[np.float64], positions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Pixels per second at each of (points, 2) positions, from the points a quarter of the window before and after."""
    count = len(at_s)
    reach = max(1, count // 4)
    before = np.maximum(np.arange(count) - reach, 0)
    after = np.minimum(np.arange(count) + reach, count - 1)
    elapsed_s = np.maximum(at_s[after] - at_s[before], _LEAST_ELAPSED_S)
    return (positions[after] - positions[before]) / elapsed_s[:, None]


def _check(
    times_s: npt.NDArray[np.float64],
    boxes_xyxy: npt.NDArray[np.float32],
    frame_size: tuple[int, int],
    window_s: float,
    points: int,
) -> None:
    """Say what is wrong with the arguments of `trajectory_window`."""
    if times_s.ndim != 1 or not len(times_s):
        raise ContractError(f"times_s must have shape (T,) with T at least 1, got {times_s.shape}")
    if boxes_xyxy.shape != (len(times_s), 4):
        raise ContractError(f"boxes_xyxy must have shape {(len(times_s), 4)}, got {boxes_xyxy.shape}")
    if (np.diff(times_s) <= 0).any():
        raise ContractError("times_s must be strictly increasing")
    if min(frame_size) < 1:
        raise ContractError(f"frame_size must be at least 1 x 1, got {frame_size[0]} x {frame_size[1]}")
    if not window_s > 0 or points < 1:
        raise ContractError(f"window_s must be above 0 and points at least 1, got {window_s} and {points}")
