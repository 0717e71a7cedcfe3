"""Trucks and buses as low-polygon bodies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trackspeak.models.training.render.cars import DARK, add_underbody, add_wheels, glass_surface, inset
from trackspeak.models.training.render.mesh import Float, Mesh, MeshBuilder, Surface, surface
from trackspeak.models.training.render.paint import sample_vehicle_paint

_NEUTRAL = ((238, 238, 236), (205, 207, 208), (120, 122, 126), (60, 62, 66))


def _shell(
    builder: MeshBuilder,
    x: tuple[float, float],
    half: float,
    z: tuple[float, float],
    *,
    bands: tuple[tuple[float, Surface, float], ...],
    top: Surface,
) -> None:
    """Add a box whose sides are bands, each (share of the height where it ends, material, lean)."""
    start = 0.0
    for end, material, lean in bands:
        z0, z1 = z[0] + start * (z[1] - z[0]), z[0] + end * (z[1] - z[0])
        for y in (-half, half):
            builder.face([(x[0], y, z0), (x[1], y, z0), (x[1], y, z1), (x[0], y, z1)], material, lean=lean)
        for place in x:
            builder.face(
                [(place, -half, z0), (place, half, z0), (place, half, z1), (place, -half, z1)], material, lean=lean
            )
        start = end
    for y0, y1, lean in ((-1.0, -0.8, 0.0), (-0.8, 0.8, 0.3), (0.8, 1.0, 0.0)):
        quad = [(x[0], y0 * half, z[1]), (x[1], y0 * half, z[1]), (x[1], y1 * half, z[1]), (x[0], y1 * half, z[1])]
        builder.face(quad, top, lean=lean)


def _end_quad(x: float, half: float, z0: float, z1: float) -> Float:
    return np.array([(x, -half, z0), (x, half, z0), (x, half, z1), (x, -half, z1)])


def _side_quad(x0: float, x1: float, y: float, z0: float, z1: float) -> Float:
    return np.array([(x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1)])


def _lamps(builder: MeshBuilder, x: float, half: float, z: float, material: Surface) -> None:
    for side in (-1.0, 1.0):
        low, high = sorted((side * half * 0.66, side * half * 0.95))
        builder.face([(x, low, z), (x, high, z), (x, high, z + 0.18), (x, low, z + 0.18)], material)


def _painted_bands(paint: Surface, low: Surface, split: float) -> tuple[tuple[float, Surface, float], ...]:
    return ((split, low, -0.25), (0.5, paint, -0.02), (1.0, paint, 0.22))


def build_bus(paint_rgb: npt.NDArray[np.uint8], rng: np.random.Generator, *, lights_on: bool) -> Mesh:
    """Build a city bus or coach of that paint (3,) sRGB."""
    builder = MeshBuilder()
    length, half, height = float(rng.uniform(8.5, 12.5)), 1.27, float(rng.uniform(2.9, 3.5))
    paint, glass = surface(paint_rgb, float(rng.uniform(0.02, 0.08))), glass_surface(rng)
    low = surface(DARK) if rng.random() < 0.4 else Surface(paint.albedo * 0.55, 0.03)
    stripe = surface(sample_vehicle_paint(rng), 0.04) if rng.random() < 0.35 else paint
    x0, x1 = -length / 2, length / 2
    wheels = (x1 - 2.4, x0 + 2.6)
    builder.part((0.0, 0.0, 0.0))
    add_underbody(builder, wheels, half * 0.97, 0.5)
    builder.part((0.0, 0.0, height / 2))
    roof = paint if rng.random() < 0.6 else surface((228, 228, 226), 0.03)
    _shell(builder, (x0, x1), half, (0.28, height), bands=_painted_bands(paint, low, 0.14), top=roof)
    windows = int(rng.integers(4, 8))
    z0, z1 = height * 0.44, height * float(rng.uniform(0.76, 0.88))
    for y in (-half - 0.01, half + 0.01):
        builder.face(_side_quad(x0, x1, y, z0 - 0.28, z0 - 0.1), stripe)
        band = _side_quad(x0 + 0.3, x1 - 0.15, y, z0, z1)
        if rng.random() < 0.5:
            builder.face(band, surface(DARK, 0.05))
        for k in range(windows):
            builder.face(inset(band, ((k + 0.06) / windows, (k + 0.94) / windows), (0.05, 0.95)), glass)
    for share in (0.97, 0.5):
        x = x0 + share * length
        builder.face(_side_quad(x - 1.25, x - 0.15, -half - 0.02, 0.4, z1), glass, fine=True)
    builder.face(_end_quad(x1 + 0.01, half * 0.93, height * 0.36, height * 0.86), glass)
    builder.face(_end_quad(x1 + 0.02, half * 0.6, height * 0.88, height * 0.96), surface(DARK, 0.05, 0.5))
    builder.face(_end_quad(x0 - 0.01, half * 0.8, height * 0.55, height * 0.82), glass)
    _lamps(builder, x1 + 0.02, half, 0.62, surface((230, 230, 224), 0.1, 1.5 if lights_on else 0.0))
    _lamps(builder, x0 - 0.02, half, 0.8, surface((165, 20, 20), 0.05, 0.8 if lights_on else 0.0))
    add_wheels(builder, wheels, half, 0.48, rng)
    if rng.random() < 0.6:
        a = float(rng.uniform(-0.3, 0.2)) * length
        builder.part((a, 0.0, height + 0.1))
        builder.box((a - 1.1, -0.8, height), (a + 1.1, 0.8, height + 0.22), surface((215, 215, 214)))
    return builder.build((length, 2 * half, height))


def _cab(
    builder: MeshBuilder, x: tuple[float, float], half: float, top: float, *, paint: Surface, glass: Surface
) -> None:
    """A forward-control cab between two places along the truck."""
    builder.part((0.5 * (x[0] + x[1]), 0.0, 0.5 * top))
    low = surface(DARK, 0.02)
    _shell(builder, x, half, (0.45, top), bands=_painted_bands(paint, low, 0.16), top=paint)
    z0, z1 = 0.45 + 0.5 * (top - 0.45), 0.45 + 0.9 * (top - 0.45)
    builder.face(_end_quad(x[1] + 0.01, half * 0.92, z0 - 0.06, z1 + 0.04), glass)
    builder.face(_end_quad(x[1] + 0.01, half * 0.55, 0.75, 1.15), surface(DARK, 0.03))
    for y in (-half - 0.01, half + 0.01):
        builder.face(_side_quad(x[0] + 0.25 * (x[1] - x[0]), x[1] - 0.15, y, z0, z1), glass)


def _flatbed(builder: MeshBuilder, x: tuple[float, float], half: float, rng: np.random.Generator) -> None:
    wood = surface(_NEUTRAL[2] if rng.random() < 0.5 else (110, 84, 60))
    builder.box((x[0], -half, 0.95), (x[1], half, 1.15), surface(_NEUTRAL[3]), top=wood)
    builder.box((x[1] - 0.12, -half, 1.1), (x[1], half, 2.0), surface(_NEUTRAL[2]))
    if rng.random() < 0.6:
        a, b = sorted(rng.uniform(x[0] + 0.3, x[1] - 0.5, 2))
        load = surface((140, 110, 76) if rng.random() < 0.5 else (90, 92, 96))
        builder.box(
            (float(a), -half * 0.8, 1.15), (float(b) + 0.4, half * 0.8, 1.15 + float(rng.uniform(0.3, 1.0))), load
        )


def build_truck(paint_rgb: npt.NDArray[np.uint8], rng: np.random.Generator, *, lights_on: bool) -> Mesh:
    """Build a box, flatbed or tipper truck; the paint (3,) sRGB is the cab's, often the body's too."""
    builder = MeshBuilder()
    length, half = float(rng.uniform(6.0, 9.5)), float(rng.uniform(1.1, 1.27))
    cab_top, split = float(rng.uniform(2.3, 2.9)), length / 2 - float(rng.uniform(1.7, 2.2))
    paint, glass = surface(paint_rgb, float(rng.uniform(0.02, 0.09))), glass_surface(rng)
    wheels = (length / 2 - 1.2, -length / 2 + 1.5, -length / 2 + 2.6)[: int(rng.integers(2, 4))]
    cargo = (-length / 2, split - 0.15)
    builder.part((0.0, 0.0, 0.0))
    add_underbody(builder, wheels, half * 0.97, 0.48)
    builder.box((-length / 2 + 0.1, -half * 0.5, 0.45), (split, half * 0.5, 0.95), surface(DARK))
    builder.part((0.5 * sum(cargo), 0.0, 1.4))
    add_wheels(builder, wheels[1:], half * 0.98, 0.48, rng)
    height = cab_top
    body = str(rng.choice(["box", "flatbed", "tipper"], p=[0.6, 0.2, 0.2]))
    if body == "flatbed":
        _flatbed(builder, cargo, half, rng)
    else:
        own = rng.random() < 0.55
        material = paint if own else surface(_NEUTRAL[int(rng.integers(4))], 0.02)
        low, height = (0.85, float(rng.uniform(2.7, 3.6))) if body == "box" else (0.8, float(rng.uniform(1.9, 2.4)))
        top = material if body == "box" else surface((64, 56, 48))
        _shell(builder, cargo, half, (low, height), bands=((0.5, material, 0.0), (1.0, material, 0.15)), top=top)
        if rng.random() < 0.3:
            sign = surface(sample_vehicle_paint(rng))
            for y in (-half - 0.01, half + 0.01):
                wall = _side_quad(cargo[0], cargo[1], y, low, height)
                builder.face(inset(wall, (0.3, 0.7), (0.35, 0.7)), sign)
    _lamps(builder, -length / 2 - 0.02, half, 0.7, surface((165, 20, 20), 0.05, 0.8 if lights_on else 0.0))
    _cab(builder, (split, length / 2), half * 0.97, cab_top, paint=paint, glass=glass)
    _lamps(builder, length / 2 + 0.02, half, 0.62, surface((230, 230, 224), 0.1, 1.5 if lights_on else 0.0))
    add_wheels(builder, wheels[:1], half * 0.98, 0.48, rng)
    return builder.build((length, 2 * half, max(height, cab_top)))
