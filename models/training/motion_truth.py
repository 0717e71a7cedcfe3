"""Where an object is and how it moves in a segment, as three-valued facts of its rendered truth.

A fact holds (1), does not hold (0), or is arguable (-1): between the borders, or not to be told from
what is seen. Directions are those of the image: up is towards the top of the frame. Facts of motion are
about the window that ends with the segment (2 s), facts of place about the segment's own frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .trajectories import SceneTrajectories

DIRECTION_CONCEPTS: tuple[str, ...] = ("moves_left", "moves_right", "moves_up", "moves_down", "approaches", "recedes")
STATE_CONCEPTS: tuple[str, ...] = ("moving", "stopped", "turning")
SPEED_CONCEPTS: tuple[str, ...] = ("fast", "slow")
SIDE_CONCEPTS: tuple[str, ...] = ("on_left", "on_right", "at_top", "at_bottom", "in_middle")
LANE_CONCEPTS: tuple[str, ...] = ("top_lane", "middle_lane", "bottom_lane", "left_lane", "right_lane")
FACT_CONCEPTS: tuple[str, ...] = DIRECTION_CONCEPTS + STATE_CONCEPTS + SPEED_CONCEPTS + SIDE_CONCEPTS + LANE_CONCEPTS

Labels = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_AXES_XY = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])
_ALONG_DEG, _ACROSS_DEG = 35.0, 60.0
_TURN_DEG, _STRAIGHT_DEG = 35.0, 12.0
# Speeds in the object's own sizes per second, so that far and near objects are judged alike.
_MOVING_SIZES_S, _CREEPING_SIZES_S, _STANDING_SIZES_S = 0.2, 0.08, 0.02
_GROWING_PER_S, _SAME_SIZE_PER_S = 0.12, 0.03
_LEAST_FRAMES, _LEAST_SPAN_S, _LEAST_MOVERS = 5, 0.5, 3


def segment_facts(
    scene: SceneTrajectories,
    object_indices: npt.NDArray[np.int64],
    first_frames: npt.NDArray[np.int64],
    last_frames: npt.NDArray[np.int64],
    window_s: float = 2.0,
) -> Labels:
    """What holds of an object in a segment.

    The segments may come from a detector's tracks: only the object meant and the frames count here.

    Args:
        scene: from `scene_trajectories`.
        object_indices: (S,) int64, which object each segment is about.
        first_frames: (S,) int64, each segment's first frame.
        last_frames: (S,) int64, each segment's last frame, included.
        window_s: seconds before a segment's end over which motion is judged.

    Returns:
        (S, len(FACT_CONCEPTS)) int8: 1 holds, 0 does not, -1 arguable.
    """
    window = _Window.cut(scene, object_indices, first_frames, last_frames, window_s)
    moving = _moving(window)
    turning = _turning(window, moving)
    directions = _directions(window, moving)
    depth = _depth_motion(window, moving, turning)
    state = np.stack([moving, np.where(moving < 0, -1, 1 - moving), turning], axis=1)
    speed = _relative_speed(scene, window, moving)
    sides, lanes = _places(scene, window, directions)
    facts = np.concatenate([directions, depth, state, speed, sides, lanes], axis=1).astype(np.int8)
    unseen = ~window.in_segment.any(1)
    facts[unseen] = -1
    too_short = window.seen.sum(1) < _LEAST_FRAMES
    facts[too_short, : len(DIRECTION_CONCEPTS + STATE_CONCEPTS + SPEED_CONCEPTS)] = -1
    return facts


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """The windows of S segments, W frames each: (S, W, ...) arrays."""

    frames: npt.NDArray[np.int64]
    seen: Mask
    in_segment: Mask
    whole: Mask
    centres_xy: Floats
    sizes_wh: Floats
    velocities_xy: Floats
    frame_rate: float

    @classmethod
    def cut(
        cls,
        scene: SceneTrajectories,
        objects: npt.NDArray[np.int64],
        first_frames: npt.NDArray[np.int64],
        last_frames: npt.NDArray[np.int64],
        window_s: float,
    ) -> _Window:
        longest = int((last_frames - first_frames).max(initial=0)) + 1
        length = max(longest, round(window_s * scene.frame_rate))
        frames = last_frames[:, None] + np.arange(1 - length, 1)
        known = np.clip(frames, 0, scene.present.shape[1] - 1)
        at = (objects[:, None], known)
        seen = scene.present[at] & (known == frames)
        return cls(
            frames=frames,
            seen=seen,
            in_segment=seen & (frames >= first_frames[:, None]),
            whole=scene.whole[at] & seen,
            centres_xy=scene.centres_xy[at],
            sizes_wh=scene.sizes_wh[at],
            velocities_xy=scene.velocities_xy[at] * seen[..., None],
            frame_rate=scene.frame_rate,
        )

    @property
    def scales(self) -> Floats:
        """(S,) the largest size seen, so that being cut by the image's border does not count."""
        sizes = np.sqrt(self.sizes_wh.prod(-1)) * self.seen
        scales: Floats = np.maximum(sizes.max(1, initial=0.0), 1.0)
        return scales

    @property
    def speeds_sizes_s(self) -> Floats:
        """(S, W) speeds in the object's own sizes per second."""
        speeds: Floats = np.linalg.norm(self.velocities_xy, axis=-1) / self.scales[:, None]
        return speeds


def _mean(values: Floats, mask: Mask) -> Floats:
    weights = mask.reshape(mask.shape + (1,) * (values.ndim - 2))
    return np.asarray((values * weights).sum(1) / np.maximum(weights.sum(1), 1))


def _banded(values: Floats, yes: float, no: float) -> Labels:
    """1 beyond `yes`, 0 beyond `no` on its other side, -1 between; which side follows from their order."""
    sign = 1.0 if yes > no else -1.0
    return np.where(values * sign >= yes * sign, 1, np.where(values * sign <= no * sign, 0, -1)).astype(np.int8)


def _moving(window: _Window) -> Labels:
    speeds = window.speeds_sizes_s
    now, before = _mean(speeds, window.in_segment), _mean(speeds, window.seen)
    moves = np.minimum(now, before) >= _MOVING_SIZES_S
    stands = (speeds * window.seen).max(1, initial=0.0) <= _STANDING_SIZES_S
    return np.where(moves, 1, np.where(stands, 0, -1)).astype(np.int8)


def _directions(window: _Window, moving: Labels) -> Labels:
    labels = []
    for mask in (window.in_segment, window.seen):
        velocities = _mean(window.velocities_xy, mask)
        lengths = np.maximum(np.linalg.norm(velocities, axis=1, keepdims=True), 1e-9)
        angles_deg = np.degrees(np.arccos(np.clip(velocities / lengths @ _AXES_XY.T, -1.0, 1.0)))
        labels.append(_banded(angles_deg, _ALONG_DEG, _ACROSS_DEG))
    agreed = np.where(labels[0] == labels[1], labels[0], -1)
    arguable = np.where(agreed == 1, -1, agreed)
    by_motion = np.where(moving[:, None] < 0, arguable, agreed)
    return np.where(moving[:, None] == 0, 0, by_motion).astype(np.int8)


def _depth_motion(window: _Window, moving: Labels, turning: Labels) -> Labels:
    """Towards the camera and away from it, by the growth of the height, which turning changes least."""
    times_s = window.frames / window.frame_rate
    count = window.whole.sum(1)
    centred_s = (times_s - _mean(times_s, window.whole)[:, None]) * window.whole
    log_heights = np.log(window.sizes_wh[..., 1])
    spread = (centred_s**2).sum(1)
    growth_per_s = (centred_s * log_heights).sum(1) / np.maximum(spread, 1e-9)
    known = (count >= _LEAST_FRAMES) & (count >= _LEAST_SPAN_S * window.frame_rate) & (moving == 1) & (turning == 0)
    labels = np.stack([_banded(sign * growth_per_s, _GROWING_PER_S, _SAME_SIZE_PER_S) for sign in (1, -1)], axis=1)
    labels = np.where(known[:, None], labels, -1)
    return np.where(moving[:, None] == 0, 0, labels).astype(np.int8)


def _turning(window: _Window, moving: Labels) -> Labels:
    """Whether the heading has changed, and still did in the window's second half."""
    steady = window.seen & (window.speeds_sizes_s >= _CREEPING_SIZES_S)
    heading = np.arctan2(window.velocities_xy[..., 1], window.velocities_xy[..., 0])
    columns = np.arange(steady.shape[1])
    # Frames without a heading take the last one known, those before the first one that first one.
    latest = np.maximum.accumulate(np.where(steady, columns, -1), axis=1)
    filled = np.take_along_axis(heading, np.where(latest >= 0, latest, steady.argmax(1)[:, None]), axis=1)
    steps_deg = np.degrees((np.diff(filled, axis=1) + np.pi) % (2 * np.pi) - np.pi)
    change_deg = np.abs(steps_deg.sum(1))
    recent_deg = np.abs(steps_deg[:, steps_deg.shape[1] // 2 :].sum(1))
    turns = (change_deg >= _TURN_DEG) & (recent_deg >= _STRAIGHT_DEG)
    long_enough = steady.sum(1) >= _LEAST_SPAN_S * window.frame_rate
    straight = (change_deg <= _STRAIGHT_DEG) & long_enough & (moving == 1)
    return np.where(turns, 1, np.where(straight | (moving == 0), 0, -1)).astype(np.int8)


def _relative_speed(scene: SceneTrajectories, window: _Window, moving: Labels) -> Labels:
    """Fast and slow against the median mover, both in pixels and in own sizes per second."""
    known = np.clip(window.frames, 0, scene.present.shape[1] - 1)
    speeds = np.linalg.norm(scene.velocities_xy, axis=-1)
    sizes = np.sqrt(scene.sizes_wh.prod(-1))
    # (O, T) -> (O, S, W) -> (S, O): every object's mean speed over every segment's window.
    there = scene.present[:, known] & (known == window.frames)
    seen = there.sum(-1).T
    pixels_s = (speeds[:, known] * there).sum(-1).T / np.maximum(seen, 1)
    scales = np.maximum((sizes[:, known] * there).max(-1, initial=0.0).T, 1.0)
    movers = (seen >= _LEAST_FRAMES) & (pixels_s / scales >= _MOVING_SIZES_S)
    own_pixels_s = _mean(np.linalg.norm(window.velocities_xy, axis=-1), window.seen)
    ratios = np.stack(
        [
            own_pixels_s / _masked_median(pixels_s, movers),
            own_pixels_s / window.scales / _masked_median(pixels_s / scales, movers),
        ]
    )
    fast = np.where(ratios.min(0) >= 1.4, 1, np.where(ratios.max(0) <= 1.15, 0, -1))
    slow = np.where(ratios.max(0) <= 0.65, 1, np.where(ratios.min(0) >= 0.9, 0, -1))
    labels = np.stack([fast, slow], axis=1)
    comparable = (moving == 1) & (movers.sum(1) >= _LEAST_MOVERS)
    labels = np.where(comparable[:, None], labels, -1)
    # What stands is not fast; whether it is slow is a matter of taste.
    labels[moving == 0, 0] = 0
    return labels.astype(np.int8)


def _masked_median(values: Floats, mask: Mask) -> Floats:
    """(S, O) -> (S,), 1 where nothing is masked in."""
    count = mask.sum(1)
    if not values.shape[1]:
        return np.ones(len(values))
    ordered = np.sort(np.where(mask, values, np.inf), axis=1)
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    rows = np.arange(len(values))
    middle = (ordered[rows, low] + ordered[rows, np.minimum(high, values.shape[1] - 1)]) / 2
    return np.where(count > 0, middle, 1.0)


def _places(scene: SceneTrajectories, window: _Window, directions: Labels) -> tuple[Labels, Labels]:
    x, y = (_mean(window.centres_xy, window.in_segment) / np.array(scene.frame_size_wh)).T
    sides = [_banded(x, 0.33, 0.46), _banded(x, 0.67, 0.54), _banded(y, 0.33, 0.46), _banded(y, 0.67, 0.54)]
    middle_x, middle_y = _banded(np.abs(x - 0.5), 0.1, 0.2), _banded(np.abs(y - 0.5), 0.17, 0.3)
    # "In the middle" is said of the sides first; far up or down there it is arguable.
    sides.append(np.where(middle_x == 1, np.where(middle_y == 1, 1, -1), middle_x))
    along_x = (directions[:, 0] == 1) | (directions[:, 1] == 1)
    along_y = (directions[:, 2] == 1) | (directions[:, 3] == 1)
    lanes_y = [_banded(y, 0.32, 0.4), _banded(np.abs(y - 0.5), 0.1, 0.18), _banded(y, 0.68, 0.6)]
    lanes_x = [_banded(x, 0.32, 0.4), _banded(np.abs(x - 0.5), 0.1, 0.18), _banded(x, 0.68, 0.6)]
    # Lanes lie along the motion: a side of the frame is a lane only of a road that runs along it.
    lanes = [
        _only_where(lanes_y[0], along_x),
        np.where(along_x, lanes_y[1], np.where(along_y, lanes_x[1], -1)),
        _only_where(lanes_y[2], along_x),
        _only_where(lanes_x[0], along_y),
        _only_where(lanes_x[2], along_y),
    ]
    return np.stack(sides, axis=1), np.stack(lanes, axis=1)


def _only_where(labels: Labels, clear: Mask) -> Labels:
    return np.where(clear | (labels == 0), labels, -1).astype(np.int8)
