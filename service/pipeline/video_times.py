"""From presentation timestamps to times that start at 0 and never go backward."""

from __future__ import annotations

_MAX_JITTER_S = 1.0
"""A larger step backward is a break in the stream's clock, not two frames that changed places."""


class Timeline:
    """Gives each frame of one pass its time, for any frame rate.

    Args:
        frame_s: seconds that a frame takes where its timestamp does not say.
    """

    def __init__(self, frame_s: float) -> None:
        self._frame_s = frame_s
        self._origin_s: float | None = None
        self._last_s: float | None = None
        self.breaks = 0
        """How often the stream's clock was set back."""

    def time_of(self, stamp_s: float | None) -> float:
        """Give the next frame's time in seconds from the first frame.

        Args:
            stamp_s: its presentation timestamp in seconds, None where it has none.
        """
        expected_s = 0.0 if self._last_s is None else self._last_s + self._frame_s
        time_s = expected_s if stamp_s is None else self._from_stamp(stamp_s, expected_s)
        self._last_s = max(time_s, self._last_s or 0.0)
        return self._last_s

    def _from_stamp(self, stamp_s: float, expected_s: float) -> float:
        """Count a timestamp from the origin, moving the origin where the clock was set back."""
        if self._origin_s is None:
            self._origin_s = stamp_s - expected_s
        time_s = stamp_s - self._origin_s
        if self._last_s is not None and time_s < self._last_s - _MAX_JITTER_S:
            self.breaks += 1
            self._origin_s = stamp_s - expected_s
            return expected_s
        return time_s
