"""Who is in a scene and how they move."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from trackspeak.models.training.render.bodies import Body, make_body
from trackspeak.models.training.render.camera import Camera
from trackspeak.models.training.render.layout import LANE_M, Layout
from trackspeak.models.training.render.options import ObjectSpec
from trackspeak.models.training.render.paths import (
    Path,
    constant_speed,
    lane_change,
    make_path,
    stop_and_go,
    straight,
    turning,
)
from trackspeak.models.training.truth import Kind

Float = npt.NDArray[np.float64]
_REACH_M = 130.0
_KIND_WEIGHTS: MappingProxyType[Kind, float] = MappingProxyType(
    {"car": 0.38, "van": 0.13, "truck": 0.14, "bus": 0.11, "motorcycle": 0.06, "bicycle": 0.06, "person": 0.12}
)


@dataclass(frozen=True, slots=True, eq=False)
class Mover:
    """A body and its path."""

    body: Body
    path: Path


def _seen_place(camera: Camera, line_xy: Float, rng: np.random.Generator) -> int | None:
    """Pick a point of a ground line (N, 2), evenly over the pixels it takes up in the image."""
    points = np.concatenate([line_xy, np.full((len(line_xy), 1), 0.7)], axis=1)
    pixels, depth = camera.project(points)
    margin = 0.12 * np.array([camera.width, camera.height])
    size = np.array([camera.width, camera.height])
    inside = ((pixels > -margin) & (pixels < size + margin)).all(axis=1) & (depth > 3.0)
    inside &= camera.focal_px / np.maximum(depth, 1.0) * 4.5 > 15.0
    if not inside.any():
        return None
    steps = np.linalg.norm(np.diff(pixels, axis=0, append=pixels[-1:]), axis=1) * inside
    if steps.sum() <= 0:
        return int(np.flatnonzero(inside)[0])
    return int(rng.choice(len(line_xy), p=steps / steps.sum()))


class TrafficSampler:
    """Fills a layout with movers that do not drive through each other."""

    def __init__(
        self, layout: Layout, camera: Camera, duration_s: float, rng: np.random.Generator, lights_on: bool
    ) -> None:
        self._layout, self._camera, self._rng = layout, camera, rng
        self._duration_s, self._lights_on = duration_s, lights_on
        scale = camera.focal_px / float(np.linalg.norm(camera.position))
        self._view_m = camera.width / scale
        self._speeds = [self._vehicle_speed() for _ in layout.lanes]
        self._checks_s = np.linspace(0.0, duration_s, 9)
        self._taken: list[list[Float]] = []

    def _vehicle_speed(self) -> float:
        return float(np.clip(self._view_m / self._rng.uniform(1.5, 7.0), 1.8, 22.0))

    def sample(self, count: int, kinds: tuple[Kind, ...]) -> list[Mover]:
        """Draw up to `count` movers of these kinds."""
        weights = np.array([_KIND_WEIGHTS[kind] for kind in kinds])
        if self._layout.place == "lot" or self._rng.random() < 0.2:
            weights = weights * np.array([3.0 if kind == "person" else 1.0 for kind in kinds])
        movers: list[Mover] = []
        for _ in range(5 * count):
            if len(movers) == count:
                break
            kind = kinds[int(self._rng.choice(len(kinds), p=weights / weights.sum()))]
            body = make_body(kind, self._rng, lights_on=self._lights_on)
            path = self._parked(body) if self._stands(kind) else self._moving(body)
            if path is not None and self._free(body, path):
                movers.append(Mover(body, path))
        return movers

    def _stands(self, kind: Kind) -> bool:
        share = 0.12 if kind == "person" else 0.45 if self._layout.parking else 0.06
        return bool(kind not in ("bicycle", "motorcycle") and self._rng.random() < share)

    def _free(self, body: Body, path: Path) -> bool:
        """Whether the path keeps clear of everyone's so far; if so it is taken."""
        length, width, _ = body.meshes[0].size
        along = np.linspace(-0.5, 0.5, max(2, int(np.ceil(length / width)) + 1)) * (length - 0.6 * width)
        spots = []
        for pose in path.at(self._checks_s):
            c, s = np.cos(pose.heading), np.sin(pose.heading)
            x, y = pose.x + c * along, pose.y + s * along
            spots.append(np.stack([x, y, np.full_like(x, 0.5 * width + 0.15)], axis=1))
        for other in self._taken:
            for mine, theirs in zip(spots, other, strict=True):
                apart = np.linalg.norm(mine[:, None, :2] - theirs[None, :, :2], axis=2)
                if (apart < mine[:, None, 2] + theirs[None, :, 2]).any():
                    return False
        self._taken.append(spots)
        return True

    def _through(self, aside_m: float) -> Float | None:
        along = np.arange(-_REACH_M, _REACH_M, 0.5)
        line = self._layout.at(along, aside_m)
        place = _seen_place(self._camera, line, self._rng)
        return None if place is None else line[place]

    def _parked(self, body: Body) -> Path | None:
        rng, layout = self._rng, self._layout
        side = float(rng.choice([-1.0, 1.0]))
        length, width, _ = body.meshes[0].size
        if body.kind == "person":
            aside, heading = side * (layout.half_width_m + rng.uniform(0.8, 4.0)), rng.uniform(0, 2 * np.pi)
        elif layout.place == "lot" and layout.parking:
            aside = side * (layout.half_width_m + 0.6 + length / 2 + rng.uniform(0, 0.4))
            heading = layout.angle + np.pi / 2 * rng.choice([-1.0, 1.0]) + rng.normal(0, 0.03)
        else:
            aside = side * (layout.half_width_m - (0.1 if layout.parking else -0.9) + width / 2)
            heading = layout.angle + np.pi * rng.integers(0, 2) + rng.normal(0, 0.02)
        through = self._through(float(aside))
        if through is None:
            return None
        return make_path(straight(through, float(heading), 2.0), constant_speed(0.0, 2.0, self._duration_s))

    def _moving(self, body: Body) -> Path | None:
        rng, layout = self._rng, self._layout
        lane = int(rng.integers(len(layout.lanes)))
        aside, sign, speed = layout.lanes[lane].offset_m, layout.lanes[lane].sign, self._speeds[lane]
        cross = False
        if body.kind == "person":
            speed = float(rng.uniform(0.8, 1.9))
            cross, sign = bool(rng.random() < 0.35), float(rng.choice([-1.0, 1.0]))
            reach = layout.half_width_m
            aside = float(
                rng.uniform(-reach, reach) if cross else rng.choice([-1.0, 1.0]) * (reach + rng.uniform(0.6, 4.0))
            )
        elif body.kind == "bicycle":
            speed = float(rng.uniform(2.5, 6.5))
            aside += float(rng.choice([-1.2, 1.2]))
        through = self._through(aside)
        if through is None:
            return None
        heading = layout.angle + (0.0 if sign > 0 else np.pi) + (np.pi / 2 if cross else 0.0)
        line = self._line(body, through, heading + (rng.normal(0, 0.12) if body.kind == "person" else 0.0))
        met_s = float(rng.uniform(0.0, self._duration_s))
        return make_path(line, self._pace(speed, met_s))

    def _line(self, body: Body, through: Float, heading: float) -> tuple[Float, Float]:
        rng = self._rng
        chance = rng.random()
        turns = 0.3 if self._layout.place == "lot" else 0.12
        reach = 150.0
        if body.kind != "person" and chance < turns:
            radius = float(rng.uniform(6.0, 16.0) if body.kind != "bus" else rng.uniform(12, 20))
            angle = float(rng.choice([-1.0, 1.0]) * np.radians(rng.uniform(25, 100)))
            return turning(through, heading, reach, turn_rad=angle, radius_m=radius)
        if body.kind != "person" and chance < turns + 0.1:
            return lane_change(through, heading, reach, aside_m=float(rng.choice([-1.0, 1.0]) * rng.uniform(2.0, 3.6)))
        return straight(through, heading, reach)

    def _pace(self, speed: float, met_s: float) -> tuple[Float, Float]:
        rng, reach = self._rng, 150.0
        if rng.random() < 0.15:
            ramp = float(rng.uniform(0.3, 1.2))
            stop = float(rng.uniform(-0.5, 0.7) * self._duration_s)
            wait = float(rng.uniform(0.3, 0.8) * self._duration_s)
            times, places = stop_and_go(speed, 0.0, self._duration_s, stop_s=stop, wait_s=wait, ramp_s=ramp)
            return times, places + reach - float(np.interp(met_s, times, places))
        return constant_speed(speed, reach - speed * met_s, self._duration_s)


def fixed_mover(spec: ObjectSpec, camera: Camera, duration_s: float, rng: np.random.Generator) -> Mover:
    """Place an object as its specification says."""
    body = make_body(spec.kind, rng, paint_rgb=np.array(spec.paint_rgb, dtype=np.uint8))
    upright = spec.motion in ("up", "down")
    heading = {"right": 0.0, "left": np.pi, "up": np.pi / 2, "down": -np.pi / 2, "parked": 0.0}[spec.motion]
    grid = np.arange(-100.0, 100.0, 0.1)
    other = np.full_like(grid, spec.lane * LANE_M)
    ground = np.stack([other, grid] if upright else [grid, other], axis=1)
    pixels, depth = camera.project(np.concatenate([ground, np.full((len(grid), 1), 0.5)], axis=1))
    share = pixels[:, 1] / camera.height if upright else pixels[:, 0] / camera.width
    start = ground[int(np.argmin(np.where(depth > 2.0, np.abs(share - spec.place), np.inf)))]
    speed = 0.0 if spec.motion == "parked" else spec.speed_mps
    reach = speed * (duration_s + 2.0) + 2.0
    return Mover(body, make_path(straight(start, heading, reach), constant_speed(speed, reach, duration_s)))
