"""Low-polygon bodies: convex parts built from quads, discs, boxes, rings and limbs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from trackspeak.models.training.render.paint import to_linear

Float = npt.NDArray[np.float64]
Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """What a face is made of.

    Attributes:
        albedo: (3,) linear reflectance.
        gloss: mirror reflectance at a right angle, 0 for matt.
        emission: light of its own, in units of its albedo.
    """

    albedo: Float
    gloss: float = 0.0
    emission: float = 0.0


def surface(rgb: npt.ArrayLike, gloss: float = 0.0, emission: float = 0.0) -> Surface:
    """Make a surface from an sRGB colour in 0..255."""
    return Surface(to_linear(rgb), gloss, emission)


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A body around its own origin: x forward, y to its left, z up, metres.

    Faces are in drawing order within their part; parts are drawn far to near.

    Attributes:
        size: length, width, height in metres.
        points: (P, 3) corners of all faces.
        starts: (F + 1,) where each face's corners start in `points`.
        normals: (F, 3) outward, for deciding what faces the camera; zero for limbs, which always do.
        shading: (F, 3) normals for shading.
        albedo: (F, 3) linear reflectance.
        gloss: (F,) mirror reflectance.
        emission: (F,) light of its own.
        radii: (P,) thickness of limbs around their points, 0 elsewhere.
        parts: (F,) which part each face belongs to, not decreasing.
        pivots: (K, 3) the parts' centres.
        fine: (F,) bool, details that are left out at a small scale.
    """

    size: tuple[float, float, float]
    points: Float
    starts: npt.NDArray[np.int64]
    normals: Float
    shading: Float
    albedo: Float
    gloss: Float
    emission: Float
    radii: Float
    parts: npt.NDArray[np.int64]
    pivots: Float
    fine: npt.NDArray[np.bool_]


class MeshBuilder:
    """Collects faces, part by part."""

    def __init__(self) -> None:
        self._points: list[Sequence[Point] | Float] = []
        self._radii: list[tuple[float, ...]] = []
        self._leans: list[float] = []
        self._surfaces: list[Surface] = []
        self._parts: list[int] = []
        self._fine: list[bool] = []
        self._pivots: list[Point] = []

    def part(self, pivot: Point) -> None:
        """Start a part; faces added from here on look away from `pivot`."""
        self._pivots.append(pivot)

    def face(
        self, points: Sequence[Point] | Float, material: Surface, *, lean: float = 0.0, fine: bool = False
    ) -> None:
        """Add a convex face.

        Args:
            points: (N, 3) its corners in order.
            material: what it is made of.
            lean: how far its shading normal is tilted up (positive) or down, as a share.
            fine: leave it out at a small scale.
        """
        self._add(points, (0.0,) * len(points), lean, material, fine)

    def limb(
        self, start: Point, end: Point, radii: tuple[float, float], material: Surface, *, fine: bool = False
    ) -> None:
        """Add a rounded limb between two points with a radius in metres at each."""
        self._add((start, end), radii, 1.0, material, fine)

    def _add(
        self, corners: Sequence[Point] | Float, radii: tuple[float, ...], lean: float, material: Surface, fine: bool
    ) -> None:
        self._points.append(corners)
        self._radii.append(radii)
        self._leans.append(lean)
        self._surfaces.append(material)
        self._parts.append(len(self._pivots) - 1)
        self._fine.append(fine)

    def box(
        self, low: Point, high: Point, material: Surface, *, top: Surface | None = None, fine: bool = False
    ) -> None:
        """Add the top and the four sides of a box; `top` overrides the top's material."""
        (x0, y0, z0), (x1, y1, z1) = low, high
        for y in (y0, y1):
            self.face([(x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1)], material, fine=fine)
        for x in (x0, x1):
            self.face([(x, y0, z0), (x, y1, z0), (x, y1, z1), (x, y0, z1)], material, fine=fine)
        self.face([(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)], top or material, fine=fine)

    def disc(self, centre: Point, radius: float, material: Surface, *, corners: int = 12, fine: bool = False) -> None:
        """Add a disc in the plane of constant y, such as a wheel's side."""
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        x, y, z = centre
        ring = np.stack([x + radius * np.cos(angle), np.full(corners, y), z + radius * np.sin(angle)], axis=1)
        self.face(ring, material, fine=fine)

    def ring(self, rings: Sequence[tuple[Point, float, float]], material: Surface, corners: int = 8) -> None:
        """Add a tube through horizontal ellipses, each (centre, half length, half width), with its top closed."""
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False) + np.pi / corners
        loops = [
            np.stack([x + a * np.cos(angle), y + b * np.sin(angle), np.full(corners, z)], axis=1)
            for (x, y, z), a, b in rings
        ]
        for low, high in pairwise(loops):
            for i in range(corners):
                j = (i + 1) % corners
                self.face(np.stack([low[i], low[j], high[j], high[i]]), material)
        self.face(loops[-1], material)

    def build(self, size: tuple[float, float, float]) -> Mesh:
        """Close the mesh; `size` is its length, width and height in metres."""
        counts = np.array([len(points) for points in self._points])
        starts = np.concatenate([[0], np.cumsum(counts)])
        points = np.concatenate([np.asarray(corners, dtype=np.float64) for corners in self._points])
        parts, pivots = np.array(self._parts, dtype=np.int64), np.array(self._pivots, dtype=np.float64)
        normals = _outward_normals(points, starts, pivots[parts])
        shading = normals + np.array(self._leans)[:, None] * np.array([0.0, 0.0, 1.0])
        shading /= np.maximum(np.linalg.norm(shading, axis=1, keepdims=True), 1e-9)
        return Mesh(
            size=size,
            points=points,
            starts=starts.astype(np.int64),
            normals=normals,
            shading=shading,
            albedo=np.stack([material.albedo for material in self._surfaces]),
            gloss=np.array([material.gloss for material in self._surfaces]),
            emission=np.array([material.emission for material in self._surfaces]),
            radii=np.concatenate([np.asarray(radii) for radii in self._radii]),
            parts=parts,
            pivots=pivots,
            fine=np.array(self._fine, dtype=np.bool_),
        )


def _outward_normals(points: Float, starts: npt.NDArray[np.int64], pivots: Float) -> Float:
    """Unit normals (F, 3) of polygons, away from their pivots (F, 3); zero for limbs of two points."""
    counts = np.diff(starts)
    following = np.arange(1, len(points) + 1)
    following[starts[1:] - 1] = starts[:-1]
    # Coordinates relative to a corner of the same face keep the sum of cross products exact for small faces.
    own = points - np.repeat(points[starts[:-1]], counts, axis=0)
    after = own[following]
    crosses = np.stack(
        [
            own[:, 1] * after[:, 2] - own[:, 2] * after[:, 1],
            own[:, 2] * after[:, 0] - own[:, 0] * after[:, 2],
            own[:, 0] * after[:, 1] - own[:, 1] * after[:, 0],
        ],
        axis=1,
    )
    normals: Float = np.add.reduceat(crosses, starts[:-1], axis=0)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.where(lengths > 1e-12, normals / np.maximum(lengths, 1e-12), 0.0)
    normals[counts < 3] = 0.0
    centres = np.add.reduceat(points, starts[:-1], axis=0) / counts[:, None]
    inward = (normals * (centres - pivots)).sum(axis=1) < 0
    normals[inward] *= -1.0
    return normals
