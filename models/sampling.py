"""Which frames of a trajectory make its segments, and which of those are looked at: pure arithmetic.

Positions count the frames of one unbroken run of a trajectory, from 0.
"""

from __future__ import annotations

LENGTH, STRIDE, LOOKS = 8, 4, 2
"""Frames of a segment, frames from one to the next, and frames of it that are looked at, as in iKUN."""


def segment_bounds(count: int, length: int, stride: int) -> list[tuple[int, int]]:
    """Cut `count` positions into segments of `length`, one every `stride`, the last aligned to the end.

    Returns:
        Half-open (start, stop) pairs in order; one shorter pair if `count` is below `length`.

    Examples:
        >>> segment_bounds(18, 8, 4)
        [(0, 8), (4, 12), (8, 16), (10, 18)]
        >>> segment_bounds(5, 8, 4)
        [(0, 5)]
    """
    if count <= length:
        return [(0, count)] if count else []
    starts = list(range(0, count - length + 1, stride))
    if starts[-1] + length < count:
        starts.append(count - length)
    return [(start, start + length) for start in starts]


def look_positions(start: int, stop: int, looks: int) -> list[int]:
    """Give the positions looked at in [start, stop): `linspace(start, stop, looks, endpoint=False)`, truncated.

    A segment shorter than `looks` has positions twice, so that every segment has as many looks.

    Examples:
        >>> look_positions(4, 12, 2)
        [4, 8]
        >>> look_positions(0, 1, 2)
        [0, 0]
    """
    return [start + look * (stop - start) // looks for look in range(looks)]
