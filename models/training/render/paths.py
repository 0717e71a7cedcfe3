"""How objects move over the ground: a line to follow and a speed profile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trackspeak.models.training.render.sprites import Pose

Float = npt.NDArray[np.float64]
_STEP_M = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A line on the ground and when which part of it is reached.

    Attributes:
        line_xy: (N, 2) points every `_STEP_M` metres.
        headings: (N,) heading along the line, unwrapped, radians.
        times_s: (K,) increasing knots.
        distances_m: (K,) distance along the line at the knots.
    """

    line_xy: Float
    headings: Float
    times_s: Float
    distances_m: Float

    def at(self, times_s: Float) -> list[Pose]:
        """Where the object is at these times (T,)."""
        places = np.interp(times_s, self.times_s, self.distances_m) / _STEP_M
        index = np.arange(len(self.line_xy), dtype=np.float64)
        x, y = (np.interp(places, index, self.line_xy[:, k]) for k in (0, 1))
        headings = np.interp(places, index, self.headings)
        return [Pose(float(a), float(b), float(h)) for a, b, h in zip(x, y, headings, strict=True)]


def _follow(start_xy: Float, heading: float, curvature: Float) -> tuple[Float, Float]:
    headings = heading + np.concatenate([[0.0], np.cumsum(curvature) * _STEP_M])
    middle = 0.5 * (headings[:-1] + headings[1:])
    steps = _STEP_M * np.stack([np.cos(middle), np.sin(middle)], axis=1)
    return np.concatenate([start_xy[None], start_xy + np.cumsum(steps, axis=0)]), headings


def straight(through_xy: Float, heading: float, reach_m: float) -> tuple[Float, Float]:
    """A straight line of 2 x reach through a point, which lies at its middle."""
    start = through_xy - reach_m * np.array([np.cos(heading), np.sin(heading)])
    return _follow(start, heading, np.zeros(int(2 * reach_m / _STEP_M)))


def turning(
    through_xy: Float, heading: float, reach_m: float, *, turn_rad: float, radius_m: float
) -> tuple[Float, Float]:
    """As `straight`, with a turn (positive to the left) that starts at the point."""
    count = int(2 * reach_m / _STEP_M)
    curvature = np.zeros(count)
    arc = max(int(abs(turn_rad) * radius_m / _STEP_M), 1)
    curvature[count // 2 : count // 2 + arc] = np.sign(turn_rad) / radius_m
    start = through_xy - reach_m * np.array([np.cos(heading), np.sin(heading)])
    return _follow(start, heading, curvature)


def lane_change(through_xy: Float, heading: float, reach_m: float, *, aside_m: float) -> tuple[Float, Float]:
    """As `straight`, moving over to the left by `aside_m` around the point."""
    count, length = int(2 * reach_m / _STEP_M), 18.0
    half = int(length / 2 / _STEP_M)
    bend = 4.0 * aside_m / length**2
    curvature = np.zeros(count)
    curvature[count // 2 - half : count // 2] = bend
    curvature[count // 2 : count // 2 + half] = -bend
    start = through_xy - reach_m * np.array([np.cos(heading), np.sin(heading)])
    return _follow(start, heading, curvature)


def constant_speed(speed: float, distance_at_0: float, duration_s: float) -> tuple[Float, Float]:
    """Knots (times, distances) of an even speed in m/s; 0 stands still."""
    times = np.array([-1.0, duration_s + 1.0])
    return times, distance_at_0 + speed * times


def stop_and_go(
    speed: float, distance_at_0: float, duration_s: float, *, stop_s: float, wait_s: float, ramp_s: float
) -> tuple[Float, Float]:
    """Knots of driving, braking from `stop_s` over `ramp_s`, waiting, and driving off again."""
    times = np.arange(-1.0, duration_s + 1.0, 0.05)
    braking = np.clip((stop_s + ramp_s - times) / ramp_s, 0.0, 1.0)
    leaving = np.clip((times - stop_s - ramp_s - wait_s) / ramp_s, 0.0, 1.0)
    pace = speed * np.where(times < stop_s + ramp_s, braking, leaving)
    travelled = np.concatenate([[0.0], np.cumsum(0.5 * (pace[1:] + pace[:-1]) * np.diff(times))])
    travelled -= np.interp(0.0, times, travelled)
    return times, distance_at_0 + travelled


def make_path(line: tuple[Float, Float], knots: tuple[Float, Float]) -> Path:
    """Join a line and a speed profile."""
    return Path(line[0], line[1], knots[0], knots[1])
