"""One video as the motion detector sees it: its background, what was seen last, and whether the camera shook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from trackspeak.models.errors import ContractError
from trackspeak.plugins.contract import Frame, StreamInfo

from .motion_background import Background, Exposure
from .motion_boxes import Box, pixel_box, size
from .motion_edges import ByteImage, FloatImage, edge_map, luma_of, slopes, steepness
from .motion_foreground import evidence, object_mask, sure_only
from .motion_memory import Memory, different_ones
from .motion_shake import ShakeMeter, Shift, blank_sides, find_shift, shifted_back
from .motion_shapes import find_boxes, held_by, join_fragments

_SMALLEST = 16
_KEPT_FRAMES = 48
_FOLLOW_EVERY_S = 0.2
_LONGEST_FOLLOW_S = 1.0
_MARGIN = 4
_GHOST_AFTER_S = 0.6
_GHOST_CONTRAST = 1.2
_SCENE_CHANGE_SHARE = 0.6
_SCENE_CHANGE_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """One frame at the working size, held against the background.

    Attributes:
        time_s: the frame's time.
        rgb: (3, h, w) float32 levels.
        luma: (h, w) float32.
        exposure: how the frame shows the background.
        strength: (h, w) uint8 evidence for objects.
        mask: (h, w) uint8, 1 where objects are.
    """

    time_s: float
    rgb: FloatImage
    luma: FloatImage
    exposure: Exposure
    strength: ByteImage
    mask: ByteImage


class Scene:
    """The state of one video; boxes go out in pixels of the full frame."""

    def __init__(
        self,
        stream: StreamInfo,
        *,
        lookahead_s: float,
        work_width: int,
        sensitivity: float,
        area_range: tuple[float, float],
        parked_s: float,
    ) -> None:
        """Take the stream's facts and the detector's options (`MotionOptions` describes them)."""
        self._stream = stream
        self._width = max(_SMALLEST, min(stream.width, work_width))
        self._height = max(_SMALLEST, round(stream.height * self._width / stream.width))
        self._lookahead_s = lookahead_s
        self._sensitivity = sensitivity
        self._least, self._most = (share * self._width * self._height for share in area_range)
        self._parked_s = parked_s
        self._background: Background | None = None
        self._busy: ByteImage = np.zeros((self._height, self._width), np.uint8)
        self._memory = Memory()
        self._shake = ShakeMeter()
        self._followed_s = 0.0
        self._calm_s = 0.0
        self._changes = 0

    def look_ahead(self, frames: Iterable[Frame]) -> None:
        """Make the background of at most `_KEPT_FRAMES` small frames, spread over the look-ahead."""
        kept: list[ByteImage] = []
        for frame in frames:
            if len(kept) < _KEPT_FRAMES and frame.time_s >= len(kept) * self._lookahead_s / _KEPT_FRAMES:
                kept.append(self._shrunk(frame))
        if kept:
            self._background = Background(_aligned(kept))

    def look(self, frame: Frame) -> tuple[list[Box], list[float]]:
        """Give the boxes and scores of the next frame, largest box first."""
        small = self._shrunk(frame)
        background = self._background = self._background or Background([small])
        shift = self._shake.look(background.edges, luma_of(small), self._busy)
        small = shifted_back(small, shift)
        view = self._compared(small, background, frame.time_s, shift)
        if self._scene_changed(view):
            self._background = Background([small])
            self._memory = Memory()
            self._busy[:] = 0
            return [], []
        boxes = self._boxes(view)
        self._memory.remember(boxes, view.time_s)
        settled = self._settle(background, view)
        boxes = [box for box in boxes if box not in settled]
        self._keep_up(background, view, boxes)
        return [self._full(box, shift) for box in boxes], [_score(box, view) for box in boxes]

    def warnings(self) -> tuple[str, ...]:
        """What disturbed the detection."""
        found = []
        if self._shake.shaky:
            most = self._shake.most * self._stream.width / self._width
            found.append(
                f"the camera shook or drifted, by up to {most:.0f} pixels: the motion detector makes up for small "
                "shifts but needs a camera that stands still, so boxes may be wrong"
            )
        if self._changes:
            found.append(
                f"the whole view changed (times: {self._changes}): the motion detector began its background anew, "
                "and what stood in view then is not boxed until it moves"
            )
        return tuple(found)

    def _shrunk(self, frame: Frame) -> ByteImage:
        import cv2

        have, want = frame.rgb.shape[:2], (self._stream.height, self._stream.width)
        if have != want:
            raise ContractError(
                f"frame {frame.index} must be {want[1]} x {want[0]} as the stream is, got {have[1]} x {have[0]}"
            )
        # averaging over fractions of a pixel takes longer than all the rest, and below 2 it gains nothing
        method = cv2.INTER_AREA if want[1] >= 2 * self._width else cv2.INTER_LINEAR
        small: ByteImage = cv2.resize(frame.rgb, (self._width, self._height), interpolation=method)
        return small

    def _compared(self, small: ByteImage, background: Background, time_s: float, shift: Shift) -> _View:
        luma = luma_of(small)
        rgb = np.ascontiguousarray(small.transpose(2, 0, 1), np.float32)  # (h, w, 3) to (3, h, w)
        exposure = background.exposure(rgb, luma, self._busy)
        strength = evidence(rgb, luma, background, exposure, self._sensitivity)
        blank_sides(strength, shift)
        return _View(time_s, rgb, luma, exposure, strength, object_mask(strength))

    def _boxes(self, view: _View) -> list[Box]:
        """The objects' boxes: areas cut where several objects were or are, fragments joined, odd sizes left out."""
        cores = find_boxes(object_mask(sure_only(view.strength)))

        def cut(box: Box) -> Sequence[Box]:
            expected = self._memory.expected_in(box, view.time_s)
            return expected if len(expected) > 1 else different_ones(held_by(box, cores))

        found = join_fragments(find_boxes(view.mask, cut), lambda a, b: self._memory.apart(a, b, view.time_s))
        return [box for box in found if self._least <= size(box) <= self._most]

    def _full(self, box: Box, shift: Shift) -> Box:
        """A box of the background's view in the frame's own pixels."""
        across, down = self._stream.width / self._width, self._stream.height / self._height
        x1, x2 = (min(max((x + shift[0]) * across, 0.0), self._stream.width) for x in (box[0], box[2]))
        y1, y2 = (min(max((y + shift[1]) * down, 0.0), self._stream.height) for y in (box[1], box[3]))
        return x1, y1, x2, y2

    def _scene_changed(self, view: _View) -> bool:
        """Whether most of the view has been foreground for a while: a cut, or the camera was turned."""
        if np.count_nonzero(view.mask) < _SCENE_CHANGE_SHARE * view.mask.size:
            self._calm_s = view.time_s
            return False
        if view.time_s - self._calm_s < _SCENE_CHANGE_S:
            return False
        self._calm_s = view.time_s
        self._changes += 1
        return True

    def _settle(self, background: Background, view: _View) -> list[Box]:
        """Make background of what has parked and of ghosts, left where something stood; gives their boxes."""
        settled: list[Box] = []
        for box, still_s in self._memory.standing(view.time_s):
            if still_s >= self._parked_s or (still_s >= _GHOST_AFTER_S and _is_ghost(background, view, box)):
                background.absorb(view.rgb, view.exposure, pixel_box(box, view.mask.shape, _MARGIN))
                self._memory.forget(box)
                settled.append(box)
        return settled

    def _keep_up(self, background: Background, view: _View, boxes: Sequence[Box]) -> None:
        """Mark where objects are, and now and then let the rest of the background follow the frame."""
        self._busy[:] = 0
        for box in boxes:
            x1, y1, x2, y2 = pixel_box(box, self._busy.shape, _MARGIN)
            self._busy[y1:y2, x1:x2] = 1
        elapsed_s = view.time_s - self._followed_s
        if elapsed_s >= _FOLLOW_EVERY_S:
            background.follow(view.rgb, view.exposure, self._busy, min(elapsed_s, _LONGEST_FOLLOW_S))
            self._followed_s = view.time_s


def _score(box: Box, view: _View) -> float:
    """The mean of how much of a box is filled and how strong the evidence is there, in [0, 1]."""
    x1, y1, x2, y2 = pixel_box(box, view.mask.shape)
    inside = view.mask[y1:y2, x1:x2] != 0
    if not inside.any():
        return 0.0
    return float(0.5 * inside.mean() + 0.5 * view.strength[y1:y2, x1:x2][inside].mean() / 255)


def _is_ghost(background: Background, view: _View, box: Box) -> bool:
    """Whether the outline of an area is an edge of the background rather than of the frame."""
    import cv2

    x1, y1, x2, y2 = pixel_box(box, view.mask.shape, _MARGIN)
    part = (slice(y1, y2), slice(x1, x2))
    ring = cv2.morphologyEx(view.mask[part], cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)) != 0
    if not ring.any():
        return False
    now = steepness(*slopes(view.luma[part] / view.exposure.tone[part]))
    before = steepness(*slopes(np.ascontiguousarray(background.luma[part])))
    return bool(before[ring].mean() > _GHOST_CONTRAST * now[ring].mean())


def _aligned(frames: Sequence[ByteImage]) -> list[ByteImage]:
    """Undo the camera's movement between frames, as seen from the first one."""
    known = edge_map(luma_of(frames[0]))
    free = np.ones_like(known)
    return [shifted_back(frame, find_shift(known, edge_map(luma_of(frame)), free)) for frame in frames]
