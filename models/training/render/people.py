"""People on foot, and riders on motorcycles and bicycles."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from trackspeak.models.training.render.mesh import Mesh, MeshBuilder, Point, Surface, surface
from trackspeak.models.training.render.paint import sample_clothing, sample_skin_and_hair, sample_trousers

GAIT_STEPS = 8


@dataclass(frozen=True, slots=True)
class Look:
    """How a person is dressed and built.

    Attributes:
        height: metres.
        stout: width as a share of the usual.
        upper: upper clothing.
        lower: trousers.
        skin: face and hands.
        hair: hair or hat.
        shoes: shoes.
        sleeves: whether the lower arms are covered.
        coat: how far the upper clothing reaches down, as a share of the height.
        backpack: a bag on the back, None for none.
    """

    height: float
    stout: float
    upper: Surface
    lower: Surface
    skin: Surface
    hair: Surface
    shoes: Surface
    sleeves: bool
    coat: float
    backpack: Surface | None


def sample_look(upper_rgb: npt.NDArray[np.uint8], rng: np.random.Generator) -> Look:
    """Draw a person's build and clothes, with that upper clothing (3,) sRGB."""
    skin, hair = sample_skin_and_hair(rng)
    return Look(
        height=float(rng.uniform(1.55, 1.9)),
        stout=float(rng.uniform(0.9, 1.25)),
        upper=surface(upper_rgb),
        lower=surface(sample_trousers(rng)),
        skin=surface(skin),
        hair=surface(hair),
        shoes=surface((30, 28, 28) if rng.random() < 0.7 else (200, 200, 198)),
        sleeves=bool(rng.random() < 0.65),
        coat=float(rng.uniform(0.36, 0.42)) if rng.random() < 0.2 else 0.49,
        backpack=surface(sample_trousers(rng)) if rng.random() < 0.2 else None,
    )


def _head(builder: MeshBuilder, x: float, z: float, look: Look) -> None:
    r = 0.066 * look.height
    builder.part((x, 0.0, z))
    builder.limb((x + 0.03, 0.0, z - 0.02), (x + 0.02, 0.0, z - 0.35 * r), (r * 0.95, r * 0.8), look.skin)
    builder.part((x - 0.02, 0.0, z + 0.02))
    builder.limb((x - 0.03, 0.0, z + 0.02), (x - 0.01, 0.0, z + 0.4 * r), (r, r * 0.9), look.hair)


def build_person(look: Look, phase: float) -> Mesh:
    """Build a walking person.

    Args:
        look: build and clothes.
        phase: where in the stride they are, 0..1; the same legs at 0 and 1.
    """
    builder, h = MeshBuilder(), look.height
    swing, wide = np.sin(2 * np.pi * phase), 0.055 * h
    hip, shoulder = 0.51 * h, 0.8 * h
    for side in (-1.0, 1.0):
        lean = side * swing
        foot, knee = 0.17 * h * lean, 0.1 * h * lean + 0.03
        y, lift = side * wide, 0.02 + max(0.0, -lean) * 0.07
        builder.part((0.5 * foot, y, 0.25 * h))
        builder.limb((foot, y, lift + 0.03), (foot + 0.13, y, lift + 0.02), (0.045, 0.035), look.shoes)
        builder.limb((0.0, y, hip), (knee, y, 0.27 * h), (0.055 * h * look.stout, 0.04 * h), look.lower)
        builder.limb((knee, y, 0.27 * h), (foot, y, lift + 0.07), (0.04 * h, 0.03 * h), look.lower)
        reach = -0.12 * h * lean
        y = side * 0.125 * h * look.stout
        elbow: Point = (0.5 * reach, y + side * 0.02, 0.63 * h)
        hand: Point = (reach + 0.05, y + side * 0.01, 0.5 * h)
        builder.part((0.4 * reach, y + side * 0.05, 0.66 * h))
        builder.limb(elbow, hand, (0.026 * h, 0.022 * h), look.upper if look.sleeves else look.skin)
        builder.limb((0.0, y, shoulder), elbow, (0.034 * h, 0.028 * h), look.upper)
        builder.limb(hand, hand, (0.024 * h, 0.024 * h), look.skin, fine=True)
    builder.part((0.0, 0.0, 0.66 * h))
    a, b = 0.068 * h * look.stout, 0.098 * h * look.stout
    rings = [((0.0, 0.0, look.coat * h), a * 1.05, b), ((0.0, 0.0, 0.62 * h), a * 0.95, b * 0.95)]
    rings += [((0.0, 0.0, 0.77 * h), a * 1.05, b * 1.2), ((0.0, 0.0, 0.83 * h), a * 0.5, b * 0.6)]
    builder.ring(rings, look.upper)
    if look.backpack is not None:
        builder.part((-a * 1.9, 0.0, 0.7 * h))
        builder.box((-a * 2.4, -b * 0.8, 0.58 * h), (-a * 0.9, b * 0.8, 0.8 * h), look.backpack)
    _head(builder, 0.02, 0.92 * h, look)
    return builder.build((0.5, 0.3 * h * look.stout, h))


def _wheel(builder: MeshBuilder, x: float, radius: float, thick: float) -> None:
    """A standing wheel made of a ring of short limbs, with a few spokes' worth of hub."""
    tyre = surface((24, 24, 25))
    angles = np.linspace(0, 2 * np.pi, 13)
    rim = [(x + radius * np.cos(a), 0.0, radius + thick + radius * np.sin(a)) for a in angles]
    for start, end in pairwise(rim):
        builder.limb(start, end, (thick, thick), tyre)
    builder.limb(
        (x, 0.0, radius + thick), (x, 0.0, radius + thick), (radius * 0.2, radius * 0.2), surface((130, 130, 132))
    )


def _rider(
    builder: MeshBuilder, look: Look, seat: Point, bar: Point, *, pedal: float, helmet: Surface, lean: float
) -> None:
    sx, _, sz = seat
    shoulder: Point = (sx + lean, 0.0, sz + 0.52)
    for side in (-1.0, 1.0):
        spin = pedal * side
        foot: Point = (sx + 0.3 + 0.12 * spin, side * 0.14, max(sz - 0.68 + 0.1 * spin, 0.12))
        knee: Point = (sx + 0.38 + 0.05 * spin, side * 0.17, sz - 0.14 + 0.06 * spin)
        builder.part((sx + 0.25, side * 0.16, sz - 0.2))
        builder.limb((sx, side * 0.1, sz), knee, (0.1, 0.07), look.lower)
        builder.limb(knee, foot, (0.07, 0.05), look.lower)
        builder.limb(foot, (foot[0] + 0.13, foot[1], foot[2] - 0.02), (0.05, 0.04), look.shoes)
        builder.part((sx + lean + 0.15, side * 0.24, sz + 0.35))
        elbow: Point = (0.5 * (shoulder[0] + bar[0]), side * 0.28, 0.5 * (shoulder[2] + bar[2]) - 0.06)
        builder.limb((shoulder[0], side * 0.18, shoulder[2]), elbow, (0.065, 0.05), look.upper)
        builder.limb(elbow, (bar[0], side * 0.26, bar[2]), (0.05, 0.04), look.upper if look.sleeves else look.skin)
    builder.part((sx + 0.5 * lean, 0.0, sz + 0.3))
    for side in (-0.5, 0.5):
        y = side * 0.2
        builder.limb((sx, y, sz + 0.04), (shoulder[0], y * 1.2, shoulder[2]), (0.13, 0.14), look.upper)
    builder.part((shoulder[0] + 0.06, 0.0, shoulder[2] + 0.2))
    x, z = shoulder[0] + 0.07, shoulder[2] + 0.19
    builder.limb((x + 0.03, 0.0, z - 0.02), (x + 0.03, 0.0, z - 0.06), (0.1, 0.08), look.skin)
    builder.limb((x, 0.0, z + 0.03), (x - 0.02, 0.0, z + 0.05), (0.125, 0.12), helmet)


def build_bicycle(paint_rgb: npt.NDArray[np.uint8], look: Look, phase: float, helmet: Surface) -> Mesh:
    """Build a bicycle with that frame paint (3,) sRGB and its rider; `phase` turns the pedals."""
    builder, frame = MeshBuilder(), surface(paint_rgb, 0.05)
    radius = 0.33
    rear, front, seat, head = (-0.52, 0.0, 0.35), (0.55, 0.0, 0.35), (-0.2, 0.0, 0.85), (0.4, 0.0, 0.85)
    crank = (-0.03, 0.0, 0.32)
    builder.part((0.0, 0.0, 0.3))
    _wheel(builder, rear[0], radius, 0.025)
    _wheel(builder, front[0], radius, 0.025)
    for start, end in ((rear, seat), (rear, crank), (crank, seat), (crank, head), (seat, head), (head, front)):
        builder.limb(start, end, (0.034, 0.034), frame)
    builder.limb((seat[0] - 0.1, 0.0, 0.95), (seat[0] + 0.1, 0.0, 0.95), (0.06, 0.04), surface((28, 28, 28)))
    builder.limb((0.42, -0.28, 1.0), (0.42, 0.28, 1.0), (0.025, 0.025), surface((50, 50, 52)))
    _rider(
        builder,
        look,
        (-0.2, 0.0, 0.98),
        (0.42, 0.0, 1.02),
        pedal=float(np.sin(2 * np.pi * phase)),
        helmet=helmet,
        lean=0.28,
    )
    return builder.build((1.75, 0.6, 1.75))


def build_motorcycle(paint_rgb: npt.NDArray[np.uint8], look: Look, helmet: Surface) -> Mesh:
    """Build a motorcycle with that paint (3,) sRGB and its rider."""
    builder, paint = MeshBuilder(), surface(paint_rgb, 0.07)
    black, engine = surface((26, 26, 27)), surface((92, 92, 95), 0.08)
    builder.part((0.0, 0.0, 0.3))
    for x in (-0.68, 0.7):
        _wheel(builder, x, 0.27, 0.06)
    builder.limb((-0.25, 0.0, 0.42), (0.25, 0.0, 0.42), (0.17, 0.17), engine)
    builder.limb((0.7, 0.0, 0.33), (0.48, 0.0, 0.9), (0.05, 0.06), engine)
    builder.limb((-0.68, 0.0, 0.33), (-0.2, 0.0, 0.5), (0.06, 0.08), black)
    builder.part((0.1, 0.0, 0.65))
    builder.limb((-0.75, 0.0, 0.78), (-0.3, 0.0, 0.72), (0.13, 0.15), paint)
    builder.limb((-0.55, 0.0, 0.84), (-0.02, 0.0, 0.8), (0.11, 0.12), black)
    builder.limb((-0.05, 0.0, 0.82), (0.32, 0.0, 0.88), (0.15, 0.19), paint)
    builder.limb((0.42, 0.0, 0.86), (0.62, 0.0, 0.72), (0.17, 0.13), paint)
    builder.limb((0.55, 0.0, 0.6), (0.86, 0.0, 0.56), (0.08, 0.07), paint)
    builder.limb((0.35, -0.36, 1.02), (0.35, 0.36, 1.02), (0.03, 0.03), black)
    builder.limb((0.62, 0.0, 0.85), (0.64, 0.0, 0.85), (0.08, 0.08), surface((235, 235, 225), 0.1, 1.0))
    _rider(builder, look, (-0.22, 0.0, 0.92), (0.36, 0.0, 1.0), pedal=0.0, helmet=helmet, lean=0.2)
    return builder.build((2.1, 0.75, 1.7))


def sample_helmet(rng: np.random.Generator) -> Surface:
    """Draw a rider's helmet or hair."""
    colour = sample_clothing(rng) if rng.random() < 0.5 else np.array([30, 30, 32], np.uint8)
    return surface(colour, 0.04)
