"""Still things that stand around: trees, bushes, buildings, poles, signs, fences."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from trackspeak.models.training.render.camera import Camera
from trackspeak.models.training.render.layout import Layout
from trackspeak.models.training.render.light import Light
from trackspeak.models.training.render.mesh import Mesh, MeshBuilder, surface
from trackspeak.models.training.render.paint import sample_vehicle_paint
from trackspeak.models.training.render.sprites import Pose, Sprite, View, draw_sprite, view_of

_LARGEST_PX = 1400.0


def _tree(rng: np.random.Generator) -> Mesh:
    builder = MeshBuilder()
    height, spread = float(rng.uniform(4.0, 9.0)), float(rng.uniform(1.2, 2.6))
    green = np.array([rng.uniform(40, 96), rng.uniform(78, 122), rng.uniform(30, 62)])
    if rng.random() < 0.12:
        green = np.array([rng.uniform(120, 190), rng.uniform(80, 120), 40.0])
    builder.part((0.0, 0.0, 1.0))
    builder.limb((0.0, 0.0, 0.0), (0.0, 0.0, height * 0.6), (0.16, 0.1), surface((84, 66, 50)))
    builder.part((0.0, 0.0, height * 0.7))
    for _ in range(26):
        place = rng.normal(0, 0.42, 3) * [spread, spread, height * 0.25] + [0, 0, height * 0.68]
        size = float(rng.uniform(0.25, 0.5)) * spread
        x, y, z = (float(v) for v in place)
        builder.limb((x, y, z), (x, y, z), (size, size), surface(np.clip(green * rng.uniform(0.55, 1.25), 0, 255)))
    return builder.build((1.6 * spread, 1.6 * spread, height))


def _bush(rng: np.random.Generator) -> Mesh:
    builder = MeshBuilder()
    green = np.array([rng.uniform(40, 90), rng.uniform(76, 118), rng.uniform(30, 60)])
    length, height = float(rng.uniform(0.8, 4.0)), float(rng.uniform(0.5, 1.1))
    builder.part((0.0, 0.0, height / 2))
    for _ in range(int(8 + 6 * length)):
        x, y, z = (
            float(rng.uniform(-0.5, 0.5) * length),
            float(rng.normal(0, 0.2)),
            float(rng.uniform(0.2, 0.8) * height),
        )
        size = float(rng.uniform(0.15, 0.32))
        builder.limb((x, y, z), (x, y, z), (size, size), surface(np.clip(green * rng.uniform(0.55, 1.25), 0, 255)))
    return builder.build((length, 0.6, height))


def _pole(rng: np.random.Generator) -> Mesh:
    builder = MeshBuilder()
    height, radius = float(rng.uniform(2.4, 8.0)), float(rng.uniform(0.04, 0.12))
    metal = surface(np.full(3, rng.uniform(50, 190)), 0.03)
    builder.part((0.0, 0.0, height / 2))
    builder.limb((0.0, 0.0, 0.0), (0.0, 0.0, height), (radius, radius * 0.8), metal)
    builder.part((0.0, 0.0, height))
    if height > 5.0:
        builder.limb((0.0, 0.0, height), (1.4, 0.0, height + 0.2), (0.06, 0.05), metal)
        builder.limb((1.2, 0.0, height + 0.15), (1.9, 0.0, height + 0.2), (0.12, 0.1), surface((200, 200, 196)))
    else:
        w, h = rng.uniform(0.3, 0.9), rng.uniform(0.3, 0.8)
        sign = surface(sample_vehicle_paint(rng))
        builder.box((-0.03, -w / 2, height - h), (0.03, w / 2, height), sign)
        builder.face(
            [
                (0.04, -w * 0.3, height - h * 0.7),
                (0.04, w * 0.3, height - h * 0.7),
                (0.04, w * 0.3, height - h * 0.3),
                (0.04, -w * 0.3, height - h * 0.3),
            ],
            surface((240, 240, 240)),
        )
    return builder.build((0.3, 0.3, height))


def _building(rng: np.random.Generator) -> Mesh:
    builder = MeshBuilder()
    length, depth, height = float(rng.uniform(8, 24)), float(rng.uniform(6, 12)), float(rng.uniform(3, 11))
    walls = ((176, 164, 146), (150, 96, 76), (206, 204, 198), (128, 128, 130), (186, 172, 128), (120, 72, 58))
    wall = surface(np.clip(np.array(walls[int(rng.integers(6))]) * rng.uniform(0.75, 1.1), 0, 255))
    glass, a, b = surface((46, 52, 58), 0.14), length / 2, depth / 2
    builder.part((0.0, 0.0, height / 2))
    builder.box((-a, -b, 0.0), (a, b, height), wall, top=surface(np.full(3, rng.uniform(70, 150))))
    rise, step = float(rng.uniform(2.8, 3.4)), float(rng.uniform(1.8, 3.2))
    for z in np.arange(0.9, height - 1.6, rise):
        for x in np.arange(-a + 0.6, a - 1.4, step):
            for y in (-b - 0.02, b + 0.02):
                pane = glass if rng.random() < 0.9 else surface((210, 200, 160))
                builder.face([(x, y, z), (x + step * 0.55, y, z), (x + step * 0.55, y, z + 1.3), (x, y, z + 1.3)], pane)
        for y in np.arange(-b + 0.6, b - 1.4, step):
            for x in (-a - 0.02, a + 0.02):
                builder.face(
                    [(x, y, z), (x, y + step * 0.55, z), (x, y + step * 0.55, z + 1.3), (x, y, z + 1.3)], glass
                )
    return builder.build((length, depth, height))


def _fence(rng: np.random.Generator) -> Mesh:
    builder = MeshBuilder()
    length, height = float(rng.uniform(6, 18)), float(rng.uniform(0.6, 1.3))
    bar = surface(np.full(3, rng.uniform(50, 215)))
    for x in np.arange(-length / 2, length / 2, 1.5):
        builder.part((float(x), 0.0, height / 2))
        builder.limb((float(x), 0.0, 0.0), (float(x), 0.0, height), (0.05, 0.05), bar)
    builder.part((0.0, 0.0, height))
    for z in (0.55 * height, 0.95 * height):
        builder.limb((-length / 2, 0.0, z), (length / 2, 0.0, z), (0.05, 0.05), bar)
    return builder.build((length, 0.1, height))


def _block(rng: np.random.Generator) -> Mesh:
    """A bin, a bench, a kiosk: something boxy of any colour."""
    builder = MeshBuilder()
    a, b, height = float(rng.uniform(0.3, 1.2)), float(rng.uniform(0.25, 0.6)), float(rng.uniform(0.5, 2.0))
    builder.part((0.0, 0.0, height / 2))
    builder.box((-a, -b, 0.0), (a, b, height), surface(sample_vehicle_paint(rng)), top=surface((90, 90, 92)))
    return builder.build((2 * a, 2 * b, height))


_MAKERS = MappingProxyType(
    {"tree": _tree, "bush": _bush, "pole": _pole, "building": _building, "fence": _fence, "block": _block}
)


def place_scenery(camera: Camera, light: Light, layout: Layout, rng: np.random.Generator) -> list[tuple[Sprite, View]]:
    """Draw still things beside the road, some of them between the camera and the traffic.

    Returns:
        Each thing's sprite and how the camera sees it, farthest first.
    """
    things = []
    for _ in range(int(rng.integers(0, 15))):
        name = str(rng.choice(list(_MAKERS), p=[0.27, 0.2, 0.23, 0.1, 0.1, 0.1]))
        mesh = _MAKERS[name](rng)
        aside = layout.half_width_m + (6.2 if layout.place == "lot" else 0.5) + float(rng.exponential(3.5))
        aside += 0.5 * max(mesh.size[:2]) if name == "building" else 0.25 * mesh.size[1]
        side = float(rng.choice([-1.0, 1.0]))
        x, y = layout.at(float(rng.uniform(-45, 60)), side * aside)
        pose = Pose(
            float(x),
            float(y),
            layout.angle
            + (np.pi * (side < 0))
            + (float(rng.uniform(0, 6)) if name in ("pole", "tree", "block") else 0.0),
        )
        view = view_of(camera, mesh, [pose])[0]
        extent = max(mesh.size) * view.scale_px
        hides = view.depth_m < float(np.linalg.norm(camera.position)) - layout.half_width_m
        if view.depth_m < 3.0 + max(mesh.size) or extent > _LARGEST_PX or (hides and name in ("tree", "building")):
            continue
        if (
            abs(view.anchor_x - camera.width / 2) > camera.width / 2 + extent
            or not -extent < view.anchor_y < camera.height + extent
        ):
            continue
        things.append(
            (
                draw_sprite(mesh, pose, view, camera, light, blur_xy=np.zeros(2), sheen=rng.uniform(0.85, 1.1, (3, 3))),
                view,
            )
        )
    return sorted(things, key=lambda thing: -thing[1].depth_m)
