"""What the detector remembers of the last frame's boxes: enough to cut merged ones and to see what stands still."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .motion_boxes import Box, are_parts, iou, overlap, size
from .motion_shapes import largest_first

_SEEN_ENOUGH_S = 0.15
_SAME_OBJECT_IOU = 0.3
_SAME_PLACE_IOU = 0.8
_COMPARABLE = 0.25
_WITHIN = 0.6
_SEPARATE = 0.3
_VELOCITY_SHARE = 0.3
_KEEP_S = 0.25
_OTHER_SPEED = 1.5


@dataclass(frozen=True, slots=True)
class Seen:
    """A box over the last frames.

    Attributes:
        box: where it is.
        velocity: pixels per second of its centre in x and y.
        since_s: when it was first seen.
        last_s: when it was last seen.
        place: the box that it has not left since `placed_s`.
        placed_s: when it came to `place`.
    """

    box: Box
    velocity: tuple[float, float]
    since_s: float
    last_s: float
    place: Box
    placed_s: float

    def at(self, time_s: float) -> Box:
        """Where it should be at a time."""
        right, down = (speed * (time_s - self.last_s) for speed in self.velocity)
        x1, y1, x2, y2 = self.box
        return x1 + right, y1 + down, x2 + right, y2 + down


class Memory:
    """The boxes of the last frames."""

    def __init__(self) -> None:
        """Remember nothing."""
        self.seen: list[Seen] = []

    def expected_in(self, box: Box, time_s: float) -> list[Box]:
        """The boxes of the objects, known as different ones, that a box of now should hold."""
        held = [seen for seen in self._known(time_s) if overlap(seen.box, box) > _WITHIN * size(seen.box)]
        chosen: list[Seen] = []
        for candidate in sorted(held, key=lambda seen: (-size(seen.box), seen.box)):
            if all(_went_apart(candidate, other) for other in chosen):
                chosen.append(candidate)
        return [seen.box for seen in chosen]

    def apart(self, a: Box, b: Box, time_s: float) -> bool:
        """Whether two boxes of now belong to two objects that were different ones before."""
        known = self._known(time_s)
        first, second = (_best(known, box) for box in (a, b))
        return first is not None and second is not None and first is not second and _went_apart(first, second)

    def standing(self, time_s: float) -> list[tuple[Box, float]]:
        """The boxes of the frame just remembered, and for how many seconds each has not left its place."""
        return [(seen.box, time_s - seen.placed_s) for seen in self.seen if seen.last_s == time_s]

    def forget(self, box: Box) -> None:
        """Forget a remembered box."""
        self.seen = [seen for seen in self.seen if seen.box != box]

    def _known(self, time_s: float) -> list[Seen]:
        """What was seen long enough to count, where it should be now."""
        return [
            replace(seen, box=seen.at(time_s)) for seen in self.seen if seen.last_s - seen.since_s >= _SEEN_ENOUGH_S
        ]

    def remember(self, boxes: Sequence[Box], time_s: float) -> None:
        """Take the boxes of a frame, each following the remembered one that fits it best."""
        left = list(self.seen)
        now: list[Seen] = []
        for box in boxes:
            best = max(left, key=lambda seen: iou(seen.at(time_s), box), default=None)
            if best is None or iou(best.at(time_s), box) < _SAME_OBJECT_IOU:
                now.append(Seen(box, (0.0, 0.0), time_s, time_s, box, time_s))
                continue
            left.remove(best)
            now.append(_moved(best, box, time_s))
        now += [seen for seen in left if time_s - seen.last_s <= _KEEP_S]
        self.seen = now


def different_ones(boxes: Sequence[Box]) -> list[Box]:
    """The largest of the boxes, and those that are other objects of comparable size."""
    chosen: list[Box] = []
    for candidate in largest_first(boxes):
        if all(_comparable(candidate, other) and not are_parts(candidate, other) for other in chosen):
            chosen.append(candidate)
    return chosen


def _comparable(a: Box, b: Box) -> bool:
    """Whether two boxes are of comparable size and beside each other."""
    smaller, larger = sorted((size(a), size(b)))
    return smaller > _COMPARABLE * larger and overlap(a, b) < _SEPARATE * smaller


def _went_apart(a: Seen, b: Seen) -> bool:
    """Whether two boxes are two objects: they do not look like parts of one, or they move differently."""
    if not _comparable(a.box, b.box):
        return False
    difference = math.hypot(a.velocity[0] - b.velocity[0], a.velocity[1] - b.velocity[1])
    return not are_parts(a.box, b.box) or difference > _OTHER_SPEED * math.sqrt(max(size(a.box), size(b.box)))


def _best(known: Sequence[Seen], box: Box) -> Seen | None:
    best = max(known, key=lambda seen: iou(seen.box, box), default=None)
    return best if best is not None and iou(best.box, box) > _SAME_OBJECT_IOU else None


def _moved(seen: Seen, box: Box, time_s: float) -> Seen:
    elapsed = max(time_s - seen.last_s, 1e-3)
    share = 1.0 if seen.since_s == seen.last_s else _VELOCITY_SHARE
    velocity = (
        seen.velocity[0] + share * ((box[0] + box[2] - seen.box[0] - seen.box[2]) / 2 / elapsed - seen.velocity[0]),
        seen.velocity[1] + share * ((box[1] + box[3] - seen.box[1] - seen.box[3]) / 2 / elapsed - seen.velocity[1]),
    )
    stayed = iou(seen.place, box) > _SAME_PLACE_IOU
    place, placed_s = (seen.place, seen.placed_s) if stayed else (box, time_s)
    return Seen(box, velocity, seen.since_s, time_s, place, placed_s)
