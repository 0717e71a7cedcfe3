"""One body per object: its kind, its paint and its meshes over a stride."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trackspeak.models.training.render.cars import build_car
from trackspeak.models.training.render.heavy import build_bus, build_truck
from trackspeak.models.training.render.mesh import Mesh
from trackspeak.models.training.render.paint import sample_clothing, sample_vehicle_paint
from trackspeak.models.training.render.people import (
    GAIT_STEPS,
    build_bicycle,
    build_motorcycle,
    build_person,
    sample_helmet,
    sample_look,
)
from trackspeak.models.training.render.styles import CAR_STYLES, VAN_STYLES, pick_style
from trackspeak.models.training.truth import Kind


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """What an object looks like.

    Attributes:
        kind: what it is.
        passes_for: other kinds that some call it.
        paint_rgb: (3,) uint8 sRGB, its paint or upper clothing in neutral light.
        meshes: one mesh, or one per step of the stride.
        sheen: (r, c) uneven brightness over its picture.
        stride_m: distance over which the meshes are gone through once; unused with one mesh.
    """

    kind: Kind
    passes_for: tuple[Kind, ...]
    paint_rgb: npt.NDArray[np.uint8]
    meshes: tuple[Mesh, ...]
    sheen: npt.NDArray[np.float64]
    stride_m: float

    def mesh_at(self, distance_m: float) -> Mesh:
        """The mesh after that distance."""
        return self.meshes[self.step_at(distance_m)]

    def step_at(self, distance_m: float) -> int:
        """Which of the meshes is shown after that distance."""
        return int(np.floor(distance_m / self.stride_m * len(self.meshes))) % len(self.meshes)


def make_body(
    kind: Kind, rng: np.random.Generator, *, paint_rgb: npt.NDArray[np.uint8] | None = None, lights_on: bool = False
) -> Body:
    """Make a body of a kind.

    Args:
        kind: what it is.
        rng: draws its proportions and all colours that are not given.
        paint_rgb: (3,) uint8 sRGB body paint or upper clothing, None to draw one.
        lights_on: whether a vehicle's lamps are lit.
    """
    if paint_rgb is None:
        paint_rgb = sample_clothing(rng) if kind == "person" else sample_vehicle_paint(rng)
    paint = np.asarray(paint_rgb, dtype=np.uint8)
    meshes, stride, passes_for = _meshes(kind, paint, rng, lights_on)
    sheen = rng.uniform(0.86, 1.1, (4, 7)) * np.linspace(1.06, 0.92, 4)[:, None]
    return Body(kind, passes_for, paint, meshes, sheen, stride)


def _meshes(
    kind: Kind, paint: npt.NDArray[np.uint8], rng: np.random.Generator, lights_on: bool
) -> tuple[tuple[Mesh, ...], float, tuple[Kind, ...]]:
    """The meshes of a kind, the distance over which they are gone through once, and what else they pass for."""
    if kind in ("car", "van"):
        style = pick_style(rng, CAR_STYLES if kind == "car" else VAN_STYLES)
        return (build_car(paint, style, rng, lights_on=lights_on),), 1.0, style.passes_for
    if kind in ("truck", "bus"):
        build = build_truck if kind == "truck" else build_bus
        return (build(paint, rng, lights_on=lights_on),), 1.0, ()
    steps = tuple(k / GAIT_STEPS for k in range(GAIT_STEPS))
    if kind == "person":
        look = sample_look(paint, rng)
        return tuple(build_person(look, step) for step in steps), 0.82 * look.height, ()
    look, helmet = sample_look(sample_clothing(rng), rng), sample_helmet(rng)
    if kind == "bicycle":
        return tuple(build_bicycle(paint, look, step, helmet) for step in steps), 4.5, ()
    return (build_motorcycle(paint, look, helmet),), 1.0, ()
