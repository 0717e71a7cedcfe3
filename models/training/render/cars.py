"""Cars and vans as low-polygon bodies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trackspeak.models.training.render.mesh import Float, Mesh, MeshBuilder, Point, Surface, surface
from trackspeak.models.training.render.styles import BodyStyle

DARK = (24, 24, 26)


def add_wheels(
    builder: MeshBuilder, xs: tuple[float, ...], half_width: float, radius: float, rng: np.random.Generator
) -> None:
    """Add the outer sides of wheels at places `xs` along the body, on both sides, with their arches."""
    tyre, arch = surface((22, 22, 23)), surface((10, 10, 11))
    grey = float(rng.uniform(70, 205))
    rim, hub = surface((grey, grey, grey * 1.02), 0.08), surface((grey * 0.45,) * 3)
    for side in (-1.0, 1.0):
        for x in xs:
            builder.disc((x, side * (half_width + 0.005), radius * 1.05), radius * 1.16, arch)
            builder.disc((x, side * (half_width + 0.01), radius), radius, tyre)
            builder.disc((x, side * (half_width + 0.015), radius), radius * 0.66, rim)
            builder.disc((x, side * (half_width + 0.02), radius), radius * 0.3, hub, fine=True)


def add_underbody(builder: MeshBuilder, xs: tuple[float, ...], half_width: float, radius: float) -> None:
    """Add the tyres' treads, seen under the bumpers from ahead, behind and below the doors."""
    tread = surface((14, 14, 15))
    for side in (-1.0, 1.0):
        inner, outer = side * (half_width - 0.22), side * half_width
        for x in xs:
            builder.box(
                (x - radius * 0.8, min(inner, outer), 0.0), (x + radius * 0.8, max(inner, outer), radius), tread
            )


def inset(quad: Float, u: tuple[float, float], v: tuple[float, float]) -> Float:
    """Cut a smaller quad out of a quad: `u` runs from its first to its second corner, `v` to its last."""

    def at(a: float, b: float) -> Float:
        low, high = quad[0] + a * (quad[1] - quad[0]), quad[3] + a * (quad[2] - quad[3])
        place: Float = low + b * (high - low)
        return place

    return np.stack([at(u[0], v[0]), at(u[1], v[0]), at(u[1], v[1]), at(u[0], v[1])])


def glass_surface(rng: np.random.Generator) -> Surface:
    """Draw window glass: dark behind, with more or less of the sky in it."""
    tone = float(rng.uniform(8, 50))
    return surface((tone * 0.92, tone * 1.0, tone * 1.0), float(rng.uniform(0.05, 0.28)))


class _Stations:
    """Cross-sections of a car's lower body from nose to tail."""

    def __init__(self, style: BodyStyle, low: float) -> None:
        half, length = style.width / 2, style.length
        tail = style.trunk if style.rear_foot > -0.45 else style.belt
        self.x = [length * s for s in (0.5, 0.478, 0.42, style.screen_foot, style.rear_foot, -0.478, -0.5)]
        if style.rear_foot < -0.465:
            self.x[5] = 0.5 * (self.x[4] + self.x[6])
        self.half = [half * w for w in (0.68, 0.88, 0.98, 1.0, 0.99, 0.93, 0.8)]
        hood = style.hood
        self.top = [hood - 0.16, hood - 0.04, hood + 0.03, style.belt, style.trunk, tail - 0.03, tail - 0.12]
        self.low = low


def _lower_body(builder: MeshBuilder, stations: _Stations, paint: Surface, sill: Surface) -> None:
    levels = ((0.0, 0.22, sill, -0.35), (0.22, 0.62, paint, -0.06), (0.62, 1.0, paint, 0.4))
    s = stations

    def corner(i: int, side: float, share: float) -> Point:
        bulge = 1.0 - 0.05 * abs(share - 0.5) * 2
        return s.x[i], side * s.half[i] * bulge, s.low + share * (s.top[i] - s.low)

    for side in (-1.0, 1.0):
        for i in range(6):
            for v0, v1, material, lean in levels:
                quad = [corner(i, side, v0), corner(i + 1, side, v0), corner(i + 1, side, v1), corner(i, side, v1)]
                builder.face(quad, material, lean=lean)
    for i in (0, 6):
        for v0, v1, material, lean in levels:
            quad = [corner(i, -1, v0), corner(i, 1, v0), corner(i, 1, v1), corner(i, -1, v1)]
            builder.face(quad, material, lean=lean)
    for i in range(6):
        for y0, y1, lean in ((-1.0, -0.55, 0.0), (-0.55, 0.55, 0.4), (0.55, 1.0, 0.0)):
            quad = [corner(i, y0, 1), corner(i, y1, 1), corner(i + 1, y1, 1), corner(i + 1, y0, 1)]
            builder.face(quad, paint, lean=lean)


def _lights(builder: MeshBuilder, s: _Stations, rng: np.random.Generator, lit: bool) -> None:
    lamp = surface((232, 232, 226), 0.1, float(rng.uniform(1.0, 3.0)) if lit else 0.0)
    tail = surface((170, 18, 20), 0.06, float(rng.uniform(0.5, 2.5)) if lit or rng.random() < 0.3 else 0.0)
    plate = surface((225, 225, 220) if rng.random() < 0.7 else (226, 190, 60))
    dark = surface(DARK, 0.03)
    for i, j, lamps, sign in ((1, 2, lamp, 1.0), (6, 5, tail, -1.0)):
        end = 0 if sign > 0 else 6
        x, half, top = s.x[end] + sign * 0.01, s.half[end], s.top[end]
        z0, z1 = top - 0.2, top - 0.05
        for side in (-1.0, 1.0):
            inner, y, out = side * half * 0.55, side * half, side * (s.half[i if sign > 0 else j] + 0.01)
            back = s.x[i if sign > 0 else j]
            builder.face([(x, inner, z0), (x, y, z0), (x, y, z1), (x, inner, z1)], lamps)
            builder.face([(x, y, z0), (back, out, z0 + 0.05), (back, out, z1 + 0.07), (x, y, z1)], lamps)
        low = s.low + 0.08
        builder.face(
            [(x, -half * 0.6, low), (x, half * 0.6, low), (x, half * 0.6, low + 0.2), (x, -half * 0.6, low + 0.2)], dark
        )
        zp = low + (0.2 if sign > 0 else 0.3)
        builder.face(
            [(x * 1.002, y, z) for y, z in ((-0.26, zp), (0.26, zp), (0.26, zp + 0.13), (-0.26, zp + 0.13))],
            plate,
            fine=True,
        )
    x, half = s.x[0] + 0.01, s.half[0]
    builder.face(
        [
            (x, y, z)
            for y, z in (
                (-half * 0.5, s.top[0] - 0.2),
                (half * 0.5, s.top[0] - 0.2),
                (half * 0.5, s.top[0] - 0.06),
                (-half * 0.5, s.top[0] - 0.06),
            )
        ],
        dark,
    )


def _door_lines(builder: MeshBuilder, style: BodyStyle, low: float, paint: Surface) -> None:
    half = style.width / 2 + 0.006
    line = Surface(paint.albedo * 0.35, paint.gloss * 0.5)
    for share in (style.screen_foot - 0.06, 0.5 * (style.roof_front + style.roof_rear), style.roof_rear + 0.02):
        x = share * style.length
        for side in (-1.0, 1.0):
            y = side * half
            builder.face(
                [(x, y, low + 0.2), (x + 0.03, y, low + 0.2), (x + 0.03, y, style.belt), (x, y, style.belt)],
                line,
                fine=True,
            )


def _cabin(
    builder: MeshBuilder, style: BodyStyle, rng: np.random.Generator, *, paint: Surface, glass: Surface, roof: Surface
) -> None:
    half, length = style.width / 2 * 0.985, style.length
    r = half * style.roof_width / 0.985
    x0, x1, x2, x3 = (length * s for s in (style.screen_foot, style.roof_front, style.roof_rear, style.rear_foot))
    z0, z3, z1 = style.belt, style.trunk, style.height
    builder.part((0.0, 0.0, 0.5 * (z0 + z1)))
    high = z1 - 0.06
    screen = np.array([(x0, -half * 0.94, z0), (x0, half * 0.94, z0), (x1, r, high), (x1, -r, high)])
    rear = np.array([(x3, half * 0.94, z3), (x3, -half * 0.94, z3), (x2, -r, high), (x2, r, high)])
    trim = Surface(paint.albedo * 0.12, 0.04) if rng.random() < 0.4 else paint
    side_glass = Surface(glass.albedo * 0.5, glass.gloss * 0.6)
    for side in (-1.0, 1.0):
        quad = np.array([(x0, side * half, z0), (x3, side * half, z3), (x2, side * r, high), (x1, side * r, high)])
        builder.face(quad, paint, lean=0.15)
        frame = inset(quad, (style.windows[0][0] - 0.02, style.windows[-1][1] + 0.02), (0.06, 0.92))
        if trim is not paint:
            builder.face(frame, trim, lean=0.1)
        for window in style.windows:
            builder.face(inset(quad, window, (0.1, 0.9)), side_glass, lean=0.05)
    builder.face(screen, paint)
    builder.face(inset(screen, (0.05, 0.95), (0.03, 0.96)), glass)
    builder.face(inset(screen, (0.1, 0.9), (0.05, 0.3)), Surface(glass.albedo * 0.5, glass.gloss), fine=True)
    builder.face(rear, paint)
    if style.rear_window:
        builder.face(inset(rear, (0.07, 0.93), (0.1 if style.rear_foot > -0.45 else 0.02, 0.93)), glass)
    for y0, y1, lift in ((-1.0, -0.86, 0.0), (0.86, 1.0, 0.0), (-0.86, 0.86, 1.0)):
        edge = [high if abs(y) == 1.0 else z1 for y in (y0, y1)]
        strip = [(x1, y0 * r, edge[0]), (x1, y1 * r, edge[1]), (x2, y1 * r, edge[1]), (x2, y0 * r, edge[0])]
        builder.face(strip, roof if lift else paint)
    for x, xe in ((x1, x1 - 0.12), (x2, x2 + 0.12)):
        builder.face([(x, -r, high), (x, r, high), (xe, 0.86 * r, z1), (xe, -0.86 * r, z1)], paint)


def _roof_extras(builder: MeshBuilder, style: BodyStyle, glass: Surface, rng: np.random.Generator) -> None:
    r, z = style.width / 2 * style.roof_width, style.height + 0.01
    x1, x2 = style.roof_front * style.length - 0.2, style.roof_rear * style.length + 0.2
    if rng.random() < 0.22 and x1 - x2 > 0.6:
        far = x1 - min(0.8, x1 - x2) if rng.random() < 0.7 else x2
        builder.face([(x1, -r * 0.62, z), (x1, r * 0.62, z), (far, r * 0.62, z), (far, -r * 0.62, z)], glass)
    if rng.random() < 0.25:
        rail = surface((60, 60, 62) if rng.random() < 0.6 else (190, 190, 194), 0.05)
        for side in (-1.0, 1.0):
            y = side * r * 0.8
            builder.box((x2, min(y, y + side * 0.06), z), (x1, max(y, y + side * 0.06), z + 0.06), rail, fine=True)


def _bed(builder: MeshBuilder, style: BodyStyle) -> None:
    half, top = style.width / 2 * 0.82, style.trunk + 0.012
    x0, x1 = style.rear_foot * style.length - 0.1, -0.48 * style.length
    builder.face([(x0, -half, top), (x0, half, top), (x1, half, top), (x1, -half, top)], surface((40, 40, 42)))


def build_car(paint_rgb: npt.NDArray[np.uint8], style: BodyStyle, rng: np.random.Generator, *, lights_on: bool) -> Mesh:
    """Build a car or van.

    Args:
        paint_rgb: (3,) sRGB body paint.
        style: its proportions.
        rng: draws glass, wheels and extras.
        lights_on: whether its lamps are lit.
    """
    builder = MeshBuilder()
    low, radius = float(rng.uniform(0.16, 0.24)), style.height * 0.12 + 0.145
    half = style.width / 2
    gloss = float(rng.uniform(0.02, 0.085))
    paint, glass = surface(paint_rgb, gloss), glass_surface(rng)
    sill = surface(DARK, 0.02) if rng.random() < 0.45 else Surface(paint.albedo * 0.6, gloss)
    wheels = (0.5 * style.length - 0.2 - 2 * radius, -0.5 * style.length + 0.28 + 2 * radius)
    builder.part((0.0, 0.0, 0.0))
    add_underbody(builder, wheels, half * 0.97, radius)
    builder.part((0.0, 0.0, 0.55))
    stations = _Stations(style, low)
    _lower_body(builder, stations, paint, sill)
    _door_lines(builder, style, low, paint)
    add_wheels(builder, wheels, half, radius, rng)
    _lights(builder, stations, rng, lights_on)
    if style.bed:
        _bed(builder, style)
    roof = surface(DARK, 0.08) if rng.random() < 0.06 else paint
    _cabin(builder, style, rng, paint=paint, glass=glass, roof=roof)
    _roof_extras(builder, style, glass, rng)
    x, z = style.screen_foot * style.length - 0.25, style.belt + 0.02
    for side in (-1.0, 1.0):
        y0, y1 = sorted((side * half, side * (half + 0.16)))
        builder.part((x, side * (half + 0.08), z + 0.07))
        builder.box((x - 0.08, y0, z), (x + 0.06, y1, z + 0.15), paint if rng.random() < 0.8 else sill, fine=True)
    return builder.build((style.length, style.width, style.height))
