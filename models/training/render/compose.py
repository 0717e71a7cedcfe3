"""Puts a scene together frame by frame and writes down the truth about it."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from trackspeak.models.training.render.camera import Camera
from trackspeak.models.training.render.effects import CameraEffects
from trackspeak.models.training.render.light import Light
from trackspeak.models.training.render.sprites import Sprite, View, draw_sprite, view_of
from trackspeak.models.training.render.traffic import Mover
from trackspeak.models.training.truth import ObjectTruth

Float = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]
_LEAST_INSIDE = 0.08
_LEAST_SIDE_PX = 5.0
_VELOCITY_STEP_S = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A picture with its place in the frame.

    Attributes:
        rgb: (h, w, 3) uint8 multiplied by alpha.
        alpha: (h, w) uint8.
        left: column of its first pixel, may be negative.
        top: row of its first pixel, may be negative.
        depth_m: distance along the viewing axis, for drawing far things first.
    """

    rgb: Image
    alpha: Image
    left: int
    top: int
    depth_m: float


def _window(
    placed_shape: tuple[int, ...], left: int, top: int, shape: tuple[int, ...]
) -> tuple[slice, slice, slice, slice]:
    """Rows and columns of the frame that a picture covers, and those of the picture itself."""
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = max(min(top + placed_shape[0], shape[0]), y0), max(min(left + placed_shape[1], shape[1]), x0)
    return slice(y0, y1), slice(x0, x1), slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)


def moved(image: Image, corner: Float, scale: float) -> tuple[Image, int, int]:
    """Resample a picture so that its upper left corner lies at a sub-pixel place."""
    left, top = int(np.floor(corner[0])), int(np.floor(corner[1]))
    height, width = image.shape[:2]
    size = (int(np.ceil(width * scale)) + 1, int(np.ceil(height * scale)) + 1)
    shift = corner - [left, top] + 0.5 * scale - 0.5
    matrix = np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR).astype(np.uint8, copy=False), left, top


def overlay(frame: Image, placed: Placed) -> None:
    """Draw a picture into the frame, in place."""
    rows, columns, own_rows, own_columns = _window(placed.alpha.shape, placed.left, placed.top, frame.shape)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    clear = cv2.bitwise_not(np.ascontiguousarray(placed.alpha[own_rows, own_columns]))
    area = frame[rows, columns]
    below = cv2.multiply(area, cv2.merge((clear, clear, clear)), scale=1 / 255)
    frame[rows, columns] = cv2.add(below, placed.rgb[own_rows, own_columns])


def darken(frame: Image, dark: Image, left: int, top: int) -> None:
    """Darken the frame in place by a mask, 0 to 255, at a place."""
    rows, columns, own_rows, own_columns = _window(dark.shape, left, top, frame.shape)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    clear = cv2.bitwise_not(np.ascontiguousarray(dark[own_rows, own_columns]))
    frame[rows, columns] = cv2.multiply(frame[rows, columns], cv2.merge((clear, clear, clear)), scale=1 / 255)


@dataclass(slots=True, eq=False)
class _Record:
    frames: list[int] = field(default_factory=list)
    boxes: list[Float] = field(default_factory=list)
    visible: list[float] = field(default_factory=list)
    velocities: list[Float] = field(default_factory=list)
    paints: list[Float] = field(default_factory=list)
    trims: list[Float] = field(default_factory=list)


class Actor:
    """An object during a clip: draws its sprite anew only when it would look different."""

    def __init__(self, mover: Mover, camera: Camera, light: Light, times_s: Float, shutter_s: float) -> None:
        self._mover, self._camera, self._light = mover, camera, light
        mesh = mover.body.meshes[0]
        self._poses = mover.path.at(times_s)
        self._views = view_of(camera, mesh, self._poses)
        self._travelled = np.interp(times_s, mover.path.times_s, mover.path.distances_m)
        before = view_of(camera, mesh, mover.path.at(times_s - _VELOCITY_STEP_S))
        after = view_of(camera, mesh, mover.path.at(times_s + _VELOCITY_STEP_S))
        steps = [(b.anchor_x - a.anchor_x, b.anchor_y - a.anchor_y) for a, b in zip(before, after, strict=True)]
        self._velocities = np.array(steps) / (2 * _VELOCITY_STEP_S)
        self._shutter_s = shutter_s
        self._sprite: Sprite | None = None
        self._step = -1
        self.record = _Record()

    def near_enough(self, frame: int) -> bool:
        """Whether the object is in front of the camera and may touch the image in a frame."""
        view = self._views[frame]
        length, width, height = self._mover.body.meshes[0].size
        reach = 0.75 * (length + width + height) * view.scale_px
        if view.depth_m < 2.0 + 0.6 * length:
            return False
        across = -reach < view.anchor_x < self._camera.width + reach
        return across and -reach < view.anchor_y < self._camera.height + reach

    def may_pass_behind(self, thing: Placed) -> bool:
        """Whether the object is ever behind a still thing, or nearly so."""
        length, width, height = self._mover.body.meshes[0].size
        for view in self._views:
            reach = 0.6 * (length + width + height) * view.scale_px + 4
            beside = thing.left - reach < view.anchor_x < thing.left + thing.alpha.shape[1] + reach
            if beside and view.depth_m > thing.depth_m - 0.5:
                return True
        return False

    def sprite(self, frame: int) -> Sprite:
        """The sprite to show in a frame."""
        view, pose = self._views[frame], self._poses[frame]
        blur = np.clip(self._velocities[frame] * self._shutter_s, -40, 40)
        step = self._mover.body.step_at(float(self._travelled[frame]))
        if self._sprite is None or step != self._step or self._looks_different(self._sprite, view, blur):
            mesh = self._mover.body.mesh_at(float(self._travelled[frame]))
            self._sprite = draw_sprite(
                mesh,
                pose,
                view,
                self._camera,
                self._light,
                blur_xy=blur,
                sheen=self._mover.body.sheen,
                paint_rgb=self._mover.body.paint_rgb,
            )
            self._step = step
        return self._sprite

    def _looks_different(self, sprite: Sprite, view: View, blur: Float) -> bool:
        turn = abs(view.azimuth - float(sprite.view[0])) + abs(view.elevation - float(sprite.view[1]))
        grown = abs(view.scale_px / sprite.scale_px - 1.0)
        return turn > 0.045 or grown > 0.05 or float(np.abs(blur - sprite.blur_xy).max()) > 1.5

    def placed(self, frame: int, shake: Float) -> Placed:
        """The sprite at its place in a frame."""
        sprite, view = self.sprite(frame), self._views[frame]
        scale = view.scale_px / sprite.scale_px
        corner = np.array([view.anchor_x, view.anchor_y]) + shake + sprite.origin_xy * scale
        rgba, left, top = moved(sprite.rgba, corner, scale)
        return Placed(
            np.ascontiguousarray(rgba[:, :, :3]), np.ascontiguousarray(rgba[:, :, 3]), left, top, view.depth_m
        )

    def cast_shadow(self, image: Image, frame: int, shake: Float) -> None:
        """Darken the ground under and beside the object."""
        sprite, view = self.sprite(frame), self._views[frame]
        if sprite.shadow.size:
            scale = view.scale_px / sprite.scale_px
            corner = np.array([view.anchor_x, view.anchor_y]) + shake + sprite.shadow_origin_xy * scale
            darken(image, *moved(sprite.shadow, corner, scale))

    def note(self, frame: int, placed: Placed, owners: Image, number: int, effects: CameraEffects) -> None:
        """Write down the truth of a frame, from the finished mask of who owns each pixel."""
        shake = effects.shake_xy[frame]
        rows, columns, own_rows, own_columns = _window(placed.alpha.shape, placed.left, placed.top, owners.shape)
        body = placed.alpha > 127
        whole = int(np.count_nonzero(body))
        inside = int(np.count_nonzero(body[own_rows, own_columns]))
        if whole == 0 or inside < _LEAST_INSIDE * whole:
            return
        view, sprite = self._views[frame], self.sprite(frame)
        centre = np.array([view.anchor_x, view.anchor_y]) + shake
        box = sprite.box_xyxy * (view.scale_px / sprite.scale_px) + np.tile(centre, 2)
        box = np.clip(box, 0.0, np.array([self._camera.width, self._camera.height] * 2, dtype=np.float64))
        if min(box[2] - box[0], box[3] - box[1]) < _LEAST_SIDE_PX:
            return
        self.record.frames.append(frame)
        self.record.boxes.append(box)
        self.record.visible.append(np.count_nonzero(owners[rows, columns] == number) / whole)
        self.record.velocities.append(self._velocities[frame])
        self.record.paints.append(effects.tone(sprite.paint_rgb, frame))
        self.record.trims.append(effects.tone(sprite.trim_rgb, frame))

    def truth(self) -> ObjectTruth | None:
        """What is known of the object, None when it was never seen."""
        if not self.record.frames:
            return None
        return ObjectTruth(
            kind=self._mover.body.kind,
            passes_for=self._mover.body.passes_for,
            paint_rgb=self._mover.body.paint_rgb,
            seen_rgb=_mean_seen(self.record.paints),
            trim_rgb=_mean_seen(self.record.trims),
            frame_indices=np.array(self.record.frames, dtype=np.int64),
            boxes_xyxy=np.stack(self.record.boxes).astype(np.float32),
            visible=np.array(self.record.visible, dtype=np.float32),
            velocities_xy=np.stack(self.record.velocities).astype(np.float32),
        )


def _mean_seen(colours: list[Float]) -> npt.NDArray[np.float32]:
    """Average over the frames in which a surface shows; NaN if it does in less than half of them."""
    shown = np.array([colour for colour in colours if np.isfinite(colour).all()]).reshape(-1, 3)
    if 2 * len(shown) < len(colours):
        return np.full(3, np.nan, np.float32)
    return np.asarray(shown.mean(axis=0), np.float32)


def compose(
    background: Image, actors: list[Actor], occluders: list[Placed], effects: CameraEffects, frames: int
) -> Image:
    """Render all frames, noting each actor's truth on the way.

    Args:
        background: (H, W, 3) everything that never hides an actor.
        actors: the objects.
        occluders: still things that may hide actors.
        effects: what the camera does.
        frames: how many frames.

    Returns:
        (T, H, W, 3) uint8.
    """
    height, width = background.shape[:2]
    video = np.empty((frames, height, width, 3), np.uint8)
    for frame in range(frames):
        shake = effects.shake_xy[frame]
        image = background.copy()
        if shake.any():
            matrix = np.array([[1.0, 0.0, shake[0]], [0.0, 1.0, shake[1]]])
            image = cv2.warpAffine(background, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        owners = np.zeros((height, width), np.uint8)
        here = [(number, actor) for number, actor in enumerate(actors, 1) if actor.near_enough(frame)]
        for _, actor in here:
            actor.cast_shadow(image, frame, shake)
        layers = [(actor.placed(frame, shake), number, actor) for number, actor in here]
        still = [_shifted(placed, shake) for placed in occluders]
        ordered = sorted([*layers, *((placed, 0, None) for placed in still)], key=lambda layer: -layer[0].depth_m)
        for placed, number, _ in ordered:
            overlay(image, placed)
            rows, columns, own_rows, own_columns = _window(placed.alpha.shape, placed.left, placed.top, owners.shape)
            owners[rows, columns][placed.alpha[own_rows, own_columns] > 127] = number
        for placed, number, actor in layers:
            actor.note(frame, placed, owners, number, effects)
        video[frame] = effects.apply(image, frame)
    return video


def _shifted(placed: Placed, shake: Float) -> Placed:
    if not shake.any():
        return placed
    x, y = np.rint(shake).astype(int)
    return Placed(placed.rgb, placed.alpha, placed.left + int(x), placed.top + int(y), placed.depth_m)
