"""The static ground: surfaces, markings, textures, stains."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from trackspeak.models.training.render.camera import Camera
from trackspeak.models.training.render.layout import Layout
from trackspeak.models.training.render.light import Light
from trackspeak.models.training.render.paint import to_linear, to_srgb

Float = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]
_SHIFT = 4
FAR_M = 240.0


class GroundPainter:
    """Paints flat shapes on the ground into a picture."""

    def __init__(self, camera: Camera, light: Light) -> None:
        self._camera, self._light = camera, light
        self.image: Image = np.zeros((camera.height, camera.width, 3), np.uint8)

    def fill(self, corners: Float, albedo_rgb: npt.ArrayLike) -> None:
        """Fill a ground polygon (N, 3) with a surface of that sRGB albedo."""
        outline = self._camera.project_polygon(corners)
        if len(outline) < 3:
            return
        distance = float(np.linalg.norm(corners.mean(axis=0) - self._camera.position))
        colour = self._light.flat(to_linear(albedo_rgb), min(distance, 60.0))
        points = np.rint((outline - 0.5) * 2**_SHIFT).astype(np.int32)
        cv2.fillConvexPoly(self.image, points, colour, cv2.LINE_AA, _SHIFT)


def _grey(rng: np.random.Generator, low: float, high: float, tint: float = 3.0) -> Float:
    return np.clip(rng.uniform(low, high) + rng.normal(0, tint, 3) * [1.0, 0.4, 1.0], 5, 250)


def _ground_colour(rng: np.random.Generator) -> Float:
    grass = np.array([rng.uniform(72, 118), rng.uniform(88, 124), rng.uniform(48, 80)])
    dirt = np.array([rng.uniform(120, 170), rng.uniform(105, 150), rng.uniform(80, 120)])
    options = (grass, dirt, _grey(rng, 110, 185), _grey(rng, 60, 110))
    return options[int(rng.choice(4, p=[0.4, 0.12, 0.3, 0.18]))]


def _markings(painter: GroundPainter, layout: Layout, rng: np.random.Generator, lane_m: float) -> None:
    white = _grey(rng, 165, 235, 3)
    yellow = np.array([210, 150, 50]) * rng.uniform(0.8, 1.1)
    wide, dash, gap = rng.uniform(0.1, 0.18), rng.uniform(2, 4), rng.uniform(3, 8)
    offsets = sorted(lane.offset_m for lane in layout.lanes)
    signs = {lane.offset_m: lane.sign for lane in layout.lanes}
    for a, b in pairwise(offsets):
        middle = 0.5 * (a + b)
        if signs[a] != signs[b] and rng.random() < 0.75:
            for aside in (middle - 0.15, middle + 0.15):
                painter.fill(
                    layout.strip((-FAR_M, FAR_M), (aside - wide / 2, aside + wide / 2)),
                    yellow if rng.random() < 0.6 else white,
                )
            continue
        start = -70.0 + rng.uniform(0, dash + gap)
        while start < 90.0:
            painter.fill(layout.strip((start, start + dash), (middle - wide / 2, middle + wide / 2)), white)
            start += dash + gap
    if rng.random() < 0.65:
        for aside in (offsets[0] - lane_m / 2 + 0.1, offsets[-1] + lane_m / 2 - 0.1):
            painter.fill(layout.strip((-FAR_M, FAR_M), (aside - wide / 2, aside + wide / 2)), white)
    if rng.random() < 0.2:
        at = rng.uniform(-8, 8)
        for aside in np.arange(-layout.half_width_m + 0.4, layout.half_width_m - 0.4, 1.0):
            painter.fill(layout.strip((at - 1.6, at + 1.6), (aside, aside + 0.5)), white)


def _bays(painter: GroundPainter, layout: Layout, rng: np.random.Generator) -> None:
    white = _grey(rng, 170, 235, 3) if rng.random() < 0.8 else np.array([220, 180, 60])
    pitch, depth = rng.uniform(2.4, 2.9), rng.uniform(4.6, 5.6)
    for side in (-1.0, 1.0):
        near = side * (layout.half_width_m + 0.3)
        for along in np.arange(-45, 60, pitch):
            painter.fill(layout.strip((along - 0.06, along + 0.06), (near, near + side * depth)), white)


def _decals(painter: GroundPainter, layout: Layout, rng: np.random.Generator, asphalt: Float) -> None:
    """Patches, cracks, manholes, stains and arrows on the road."""
    reach = layout.half_width_m
    for _ in range(int(rng.integers(0, 6))):
        along, aside = rng.uniform(-30, 30), rng.uniform(-reach, reach)
        size = rng.uniform(0.4, 5.0), rng.uniform(0.3, 2.0)
        shade = asphalt * rng.uniform(0.8, 1.15)
        painter.fill(layout.strip((along, along + size[0]), (aside, aside + size[1])), np.clip(shade, 5, 250))
    for _ in range(int(rng.integers(0, 6))):
        along, aside, heading = rng.uniform(-30, 30), rng.uniform(-reach, reach), rng.uniform(0, np.pi)
        for _ in range(int(rng.integers(3, 9))):
            heading += rng.normal(0, 0.35)
            step = rng.uniform(0.4, 1.5)
            ends = np.array([[along, aside], [along + step * np.cos(heading), aside + step * np.sin(heading)]])
            off = rng.uniform(0.012, 0.03) * np.array([-np.sin(heading), np.cos(heading)])
            quad = np.concatenate([ends - off, (ends + off)[::-1]])
            flat = layout.at(quad[:, 0], quad[:, 1])
            painter.fill(np.concatenate([flat, np.zeros((4, 1))], axis=1), asphalt * 0.55)
            along, aside = ends[1]
    for _ in range(int(rng.integers(0, 4))):
        centre, radius = np.array([rng.uniform(-25, 25), rng.uniform(-reach, reach)]), rng.uniform(0.25, 0.5)
        angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        flat = layout.at(centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle))
        painter.fill(np.concatenate([flat, np.zeros((14, 1))], axis=1), asphalt * rng.uniform(0.5, 0.9))


def _mirrored(value: npt.NDArray[np.float32], size: int) -> npt.NDArray[np.float32]:
    """Fold coordinates into a tile without seams."""
    folded: npt.NDArray[np.float32] = np.abs(np.mod(value, 2 * size - 2) - (size - 1))
    return folded


def _texture(image: Image, camera: Camera, rng: np.random.Generator) -> Image:
    """Multiply fine and coarse noise that lies on the ground into the picture."""
    size = 512
    tile = np.zeros((size, size), np.float32)
    for cells, weight in ((256, 0.9), (64, 0.8), (16, 1.3), (5, 1.8)):
        coarse = rng.normal(0, 1, (cells, cells)).astype(np.float32)
        tile += weight * cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    tile *= float(rng.uniform(0.008, 0.04))
    step = 4
    ys, xs = np.arange(0, camera.height + step, step), np.arange(0, camera.width + step, step)
    rays_x, rays_y = np.meshgrid(
        (xs - camera.centre_xy[0]) / camera.focal_px, (ys - camera.centre_xy[1]) / camera.focal_px
    )
    rays = np.stack([rays_x, rays_y, np.ones_like(rays_x)], axis=-1) @ camera.rotation
    down = np.minimum(rays[..., 2], -2e-3)
    reach = -camera.position[2] / down
    metres = camera.position[:2] + rays[..., :2] * reach[..., None]
    spread = camera.focal_px / np.maximum(reach, 1.0)
    grid = (metres * min(14.0, float(camera.focal_px / np.linalg.norm(camera.position)))).astype(np.float32)
    full = (camera.width + step, camera.height + step)
    grid = cv2.resize(grid, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)[: camera.height, : camera.width]
    contrast = cv2.resize(np.clip(spread / 6.0, 0.1, 1.0).astype(np.float32), full)[: camera.height, : camera.width]
    noise = cv2.remap(tile, _mirrored(grid[..., 0], size), _mirrored(grid[..., 1], size), cv2.INTER_LINEAR)
    textured: Image = np.clip(image * (1.0 + noise * contrast)[..., None], 0, 255).astype(np.uint8)
    return textured


def _light_patches(image: Image, rng: np.random.Generator) -> Image:
    """Soft wide brightness changes: shade of trees, wear, reflections."""
    height, width = image.shape[:2]
    coarse = rng.normal(0, 1, (4, 6)).astype(np.float32)
    field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) * float(rng.uniform(0.0, 0.1))
    patched: Image = np.clip(image * (1.0 + field)[..., None], 0, 255).astype(np.uint8)
    return patched


def _sky(image: Image, camera: Camera, light: Light, rng: np.random.Generator) -> None:
    # What lies beyond the drawn ground fades into the horizon.
    image[:] = np.rint(to_srgb(light.gain * light.horizon_rgb)).astype(np.uint8)
    bottom = int(np.clip(camera.horizon_y() + 4, 0, camera.height))
    if bottom <= 0:
        return
    share = np.linspace(0, 1, bottom)[:, None]
    rows = to_srgb(light.gain * (light.zenith_rgb * (1 - share) + light.horizon_rgb * share))
    clouds = cv2.resize(
        rng.normal(0, 7, (3, 8)).astype(np.float32), (camera.width, bottom), interpolation=cv2.INTER_CUBIC
    )
    image[:bottom] = np.clip(rows[:, None] + clouds[..., None], 0, 255).astype(np.uint8)


def paint_ground(camera: Camera, light: Light, layout: Layout, rng: np.random.Generator, *, clean: bool) -> Image:
    """Paint sky and ground, without anything that stands on it: (H, W, 3) uint8.

    With `clean` the ground is an even grey.
    """
    painter = GroundPainter(camera, light)
    _sky(painter.image, camera, light, rng)
    asphalt = np.array([96.0, 96.0, 98.0]) if clean else _grey(rng, 40, 125, 2.5)
    base = asphalt if clean or layout.place == "lot" else _ground_colour(rng)
    painter.fill(layout.strip((-2 * FAR_M, 2 * FAR_M), (-2 * FAR_M, 2 * FAR_M)), base)
    if clean:
        return painter.image
    half = layout.half_width_m
    if layout.place == "road":
        for side in (-1.0, 1.0):
            walk = half + rng.uniform(1.0, 5.0)
            if rng.random() < 0.7:
                painter.fill(layout.strip((-FAR_M, FAR_M), (side * half, side * walk)), _grey(rng, 115, 190))
            if rng.random() < 0.7:
                painter.fill(layout.strip((-FAR_M, FAR_M), (side * half, side * (half + 0.25))), _grey(rng, 130, 200))
        painter.fill(layout.strip((-FAR_M, FAR_M), (-half, half)), asphalt)
    _decals(painter, layout, rng, asphalt)
    if layout.place == "lot":
        _bays(painter, layout, rng)
    elif rng.random() < 0.9:
        gaps = np.diff(sorted(lane.offset_m for lane in layout.lanes))
        _markings(painter, layout, rng, float(gaps.min()) if len(gaps) else 3.4)
    return _light_patches(_texture(painter.image, camera, rng), rng)
