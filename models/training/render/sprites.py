"""Draws a mesh as the camera sees it from one place: a sprite that is then moved with sub-pixel steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from trackspeak.models.training.render.camera import Camera
from trackspeak.models.training.render.light import Light
from trackspeak.models.training.render.mesh import Mesh
from trackspeak.models.training.render.paint import to_linear

Float = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]
_SHIFT = 3
_FINE_SCALE_PX = 11.0
LEAST_PAINT = 0.12
"""Share of what is drawn of a body that its paint must have for the body to be called by it ..."""
LEAST_AGAINST_TRIM = 0.5
"""... and against the largest other surface."""
LEAST_TRIM = 0.6
"""Size against the paint from which another surface may name the body as well."""
_CIRCLE = np.stack(
    [np.cos(np.linspace(0, 2 * np.pi, 10, endpoint=False)), np.sin(np.linspace(0, 2 * np.pi, 10, endpoint=False))],
    axis=1,
)


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a body stands: ground place in metres and heading in radians from the x axis."""

    x: float
    y: float
    heading: float


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """A body drawn at one pose, with places relative to its anchor (the projected body centre).

    Attributes:
        rgba: (h, w, 4) uint8, colours multiplied by alpha.
        origin_xy: (2,) image place of the array's upper left corner, relative to the anchor.
        box_xyxy: (4,) the body's extent relative to the anchor.
        shadow: (hs, ws) uint8 darkness of its shadow, empty when it has none.
        shadow_origin_xy: (2,) as `origin_xy`, for the shadow.
        scale_px: pixels per metre where it was drawn.
        view: (2,) azimuth and elevation under which the body was seen, radians.
        blur_xy: (2,) motion blur in pixels that was drawn in.
        paint_rgb: (3,) mean colour of its painted faces, NaN if too little of them shows.
        trim_rgb: (3,) mean colour of the largest other surface, NaN if it is small against the paint.
    """

    rgba: npt.NDArray[np.uint8]
    origin_xy: Float
    box_xyxy: Float
    shadow: npt.NDArray[np.uint8]
    shadow_origin_xy: Float
    scale_px: float
    view: Float
    blur_xy: Float
    paint_rgb: Float
    trim_rgb: Float


@dataclass(frozen=True, slots=True)
class View:
    """How a body is seen from the camera: anchor in pixels, depth, scale and viewing angles."""

    anchor_x: float
    anchor_y: float
    depth_m: float
    scale_px: float
    azimuth: float
    elevation: float


def view_of(camera: Camera, mesh: Mesh, poses: Sequence[Pose]) -> list[View]:
    """See where a body's centre appears at each pose, how large, and from which side."""
    centres = np.array([[pose.x, pose.y, 0.5 * mesh.size[2]] for pose in poses])
    headings = np.array([pose.heading for pose in poses])
    pixels, depths = camera.project(centres)
    towards = camera.position - centres
    flat = np.hypot(towards[:, 0], towards[:, 1])
    azimuths = np.arctan2(towards[:, 1], towards[:, 0]) - headings
    elevations = np.arctan2(towards[:, 2], flat)
    return [
        View(float(xy[0]), float(xy[1]), float(depth), camera.focal_px / max(float(depth), 0.1), float(az), float(el))
        for xy, depth, az, el in zip(pixels, depths, azimuths, elevations, strict=True)
    ]


def _to_world(points: Float, pose: Pose) -> Float:
    c, s = np.cos(pose.heading), np.sin(pose.heading)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    moved: Float = points @ turn.T + np.array([pose.x, pose.y, 0.0])
    return moved


def _turned(vectors: Float, heading: float) -> Float:
    return _to_world(vectors, Pose(0.0, 0.0, heading))


def _face_colours(
    mesh: Mesh, pose: Pose, world: Float, camera: Camera, light: Light, *, depth: float
) -> tuple[Float, Float]:
    """Colours (F, 3) in sRGB 0..255 and how much each face looks at the camera (F,)."""
    counts = np.diff(mesh.starts)
    centres = np.add.reduceat(world, mesh.starts[:-1], axis=0) / counts[:, None]
    towards = camera.position - centres
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    normals = _turned(mesh.normals, pose.heading)
    shading = _turned(mesh.shading, pose.heading)
    limb = ~mesh.normals.any(axis=1)
    if limb.any():
        mixed = 0.45 * shading[limb] + 0.8 * towards[limb]
        shading[limb] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    colours = light.shade(mesh.albedo, shading, towards, mesh.gloss, mesh.emission)
    facing = np.where(limb, 1.0, (normals * towards).sum(axis=1))
    return light.haze(colours, depth), facing


def _outline(mesh: Mesh, pixels: Float, scale: float, face: int) -> Float:
    start, end = int(mesh.starts[face]), int(mesh.starts[face + 1])
    corners: Float = pixels[start:end]
    if end - start > 2:
        return corners
    rings = [corners[k] + _CIRCLE * mesh.radii[start + k] * scale for k in (0, 1)]
    hull: Float = cv2.convexHull(np.concatenate(rings).astype(np.float32))[:, 0, :].astype(np.float64)
    return hull


def _shadow(
    mesh: Mesh, pose: Pose, camera: Camera, light: Light, *, anchor: Float, scale: float
) -> tuple[npt.NDArray[np.uint8], Float]:
    """A soft dark patch under the body, and the sun's cast shadow when there is one."""
    length, width, height = mesh.size
    c, s = np.cos(pose.heading), np.sin(pose.heading)
    a, b = 0.48 * length, 0.48 * width
    foot = np.array([[a, b], [a, -b], [-a, -b], [-a, b]]) @ np.array([[c, s], [-s, c]]) + [pose.x, pose.y]
    contact = camera.project(np.concatenate([foot, np.zeros((4, 1))], axis=1))[0]
    cast = contact
    if light.sun_rgb.max() > 0.1:
        reach = -light.sun_direction[:2] / max(float(light.sun_direction[2]), 0.25)
        top = np.concatenate([foot * 1.0 + reach * height * 0.93, np.zeros((4, 1))], axis=1)
        cast = np.concatenate([contact, camera.project(top)[0]])
    soft = max(0.22 * scale, 0.8)
    pad = int(np.ceil(2.0 * soft)) + 2
    low = np.floor(cast.min(axis=0)) - pad
    size = np.ceil(cast.max(axis=0)).astype(int) + pad - low.astype(int)
    if size.max() > 900 or size.min() < 1:
        return np.zeros((0, 0), np.uint8), np.zeros(2)
    dark = np.zeros((int(size[1]), int(size[0])), np.uint8)
    fixed = np.rint((contact - low - 0.5) * 8).astype(np.int32)
    cv2.fillConvexPoly(
        dark, cv2.convexHull(fixed), int(255 * min(0.85, 0.5 + light.shadow_strength)), cv2.LINE_8, _SHIFT
    )
    dark = cv2.blur(dark, (2 * int(soft) + 1, 2 * int(soft) + 1))
    if len(cast) > 4:
        sharp = np.zeros_like(dark)
        hull = cv2.convexHull(np.rint((cast - low - 0.5) * 8).astype(np.int32))
        cv2.fillConvexPoly(sharp, hull, int(255 * light.shadow_strength), cv2.LINE_AA, _SHIFT)
        reach_px = int(np.clip(light.shadow_softness_m * scale, 0, 12))
        dark = np.maximum(dark, cv2.blur(sharp, (2 * reach_px + 1, 2 * reach_px + 1)))
    return dark, low - anchor


def _smear(image: npt.NDArray[np.uint8], blur_xy: Float) -> npt.NDArray[np.uint8]:
    reach = int(np.ceil(np.abs(blur_xy).max() / 2))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    ends = np.rint((np.array([-0.5, 0.5])[:, None] * blur_xy + reach) * 8).astype(int)
    cv2.line(kernel, tuple(map(int, ends[0])), tuple(map(int, ends[1])), 1.0, 1, cv2.LINE_8, _SHIFT)
    smeared: npt.NDArray[np.uint8] = cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_CONSTANT)
    return smeared


def _paint_seen(mesh: Mesh, areas: Float, colours: Float, paint_rgb: Image | None) -> tuple[Float, Float]:
    """Mean colours (3,) of the faces of that paint and of the largest other surface, by their areas (F,)."""
    nothing = np.full(3, np.nan)
    if paint_rgb is None:
        return nothing, nothing
    painted = np.isclose(mesh.albedo, to_linear(paint_rgb)).all(axis=1)
    _, surfaces = np.unique(mesh.albedo, axis=0, return_inverse=True)
    sizes = np.bincount(surfaces.reshape(-1), areas * ~painted)
    other = (surfaces.reshape(-1) == sizes.argmax()) & ~painted
    paint, trim = float(areas[painted].sum()), float(sizes.max())
    named = paint > 0.0 and paint >= LEAST_PAINT * float(areas.sum()) and paint >= LEAST_AGAINST_TRIM * trim
    return (
        areas[painted] @ colours[painted] / paint if named else nothing,
        areas[other] @ colours[other] / trim if trim > 0.0 and trim >= LEAST_TRIM * paint else nothing,
    )


def draw_sprite(
    mesh: Mesh,
    pose: Pose,
    view: View,
    camera: Camera,
    light: Light,
    *,
    blur_xy: Float,
    sheen: Float,
    paint_rgb: Image | None = None,
) -> Sprite:
    """Draw a body at a pose.

    Args:
        mesh: the body.
        pose: where it stands.
        view: how the camera sees it there (`view_of`).
        camera: the camera.
        light: the light.
        blur_xy: (2,) motion blur in pixels over the exposure.
        sheen: (r, c) brightness over the picture, smoothly filled in: uneven light and reflections.
        paint_rgb: (3,) sRGB of the paint that the body may be called by; None: it has none.
    """
    world = _to_world(mesh.points, pose)
    pixels, _ = camera.project(world)
    anchor = np.array([view.anchor_x, view.anchor_y])
    spread = mesh.radii[:, None] * view.scale_px
    box_low, box_high = (pixels - spread).min(axis=0), (pixels + spread).max(axis=0)
    pad = 2 + int(np.ceil(np.abs(blur_xy).max() / 2))
    low = np.floor(box_low) - pad
    width, height = (np.ceil(box_high) + pad - low).astype(int)
    longest = max(width, height)
    finer = 3 if longest <= 150 else 2 if longest <= 420 else 1
    canvas = np.zeros((height * finer, width * finer, 4), np.uint8)
    colours, facing = _face_colours(mesh, pose, world, camera, light, depth=view.depth_m)
    local = (pixels - low) * finer - 0.5
    drawn = (facing > 0.0) & ~(mesh.fine & (view.scale_px < _FINE_SCALE_PX))
    depths = camera.project(_to_world(mesh.pivots, pose))[1]
    areas = np.zeros(len(facing))
    for part in np.argsort(-depths, kind="stable"):
        for face in np.flatnonzero(drawn & (mesh.parts == part)):
            outline = np.rint(_outline(mesh, local, view.scale_px * finer, int(face)) * 8).astype(np.int32)
            colour = colours[face]
            areas[face] = cv2.contourArea(outline)
            cv2.fillConvexPoly(canvas, outline, (colour[0], colour[1], colour[2], 255.0), cv2.LINE_8, _SHIFT)
    small = cv2.resize(canvas, (int(width), int(height)), interpolation=cv2.INTER_AREA) if finer > 1 else canvas
    field = cv2.resize(sheen.astype(np.float32), (int(width), int(height)), interpolation=cv2.INTER_LINEAR)
    small = np.array(small, dtype=np.uint8)
    small[:, :, :3] = np.minimum(small[:, :, :3] * field[:, :, None], small[:, :, 3:])
    if np.abs(blur_xy).max() >= 1.0:
        small = _smear(small, blur_xy)
    shadow, shadow_origin = _shadow(mesh, pose, camera, light, anchor=anchor, scale=view.scale_px)
    paint, trim = _paint_seen(mesh, areas, colours * float(sheen.mean()), paint_rgb)
    return Sprite(
        rgba=small,
        origin_xy=low - anchor,
        box_xyxy=np.concatenate([box_low, box_high]) - np.tile(anchor, 2),
        shadow=shadow,
        shadow_origin_xy=shadow_origin,
        scale_px=view.scale_px,
        view=np.array([view.azimuth, view.elevation]),
        blur_xy=blur_xy,
        paint_rgb=paint,
        trim_rgb=trim,
    )
