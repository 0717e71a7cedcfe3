"""What the scene looks like without anything moving in it, at the working size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .motion_edges import ByteImage, FloatImage, edge_map, luma_of, slopes

_MODE_SHARE = 0.4
"""The share of the look-ahead that must agree on a pixel: traffic may hide the road more than half of the time."""
_CATCH_UP_LEVELS_PER_S = 4.0
"""The fastest a pixel may follow the video: a bounded step is a running median, so passing shadows leave no trace."""
_CATCH_UP_S = 4.0
_DARKEST_LEVEL = 8.0
_LEAST_GAIN = 0.05
_BALANCE_STRIDE = 6
_LEVELS_PER_BIN = 16
_LEAST_SAMPLES, _MOST_SAMPLES = 24, 600


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """How a camera renders the background in one frame; automatic exposure bends a curve, not only a gain.

    Attributes:
        tone: (h, w) float32, each pixel's brightness relative to the background's.
        balance: (3,) float32, what each colour channel differs from that.
    """

    tone: FloatImage
    balance: FloatImage

    def undone(self, rgb: FloatImage) -> FloatImage:
        """A frame's (3, h, w) colours at the background's exposure."""
        return rgb / (self.tone * self.balance[:, None, None])


class Background:
    """A colour per pixel at a reference exposure, its luma, its gradients, and the camera's noise.

    Attributes:
        rgb: (3, h, w) float32 levels in [0, 255], at the reference exposure.
        luma: (h, w) float32.
        edges: `edge_map` of `luma`.
        slopes: x and y gradients of `luma`, (h, w) float32 each, levels per pixel.
        noise: standard deviation of a still pixel's luma, in levels.
    """

    def __init__(self, frames: Sequence[ByteImage]) -> None:
        """Find the most frequent colour of each pixel over `frames`, at least one (h, w, 3) image."""
        lumas = np.stack([luma_of(frame) for frame in frames])
        gains = _relative_gains(lumas)
        lumas /= gains[:, None, None]
        low, high = _densest_range(lumas)
        total = np.zeros((3, *lumas.shape[1:]), np.float32)
        count = np.zeros(lumas.shape[1:], np.float32)
        for frame, luma, gain in zip(frames, lumas, gains, strict=True):
            inside = ((luma >= low) & (luma <= high)).astype(np.float32)
            total += frame.transpose(2, 0, 1) * (inside / gain)
            count += inside
        self.rgb: FloatImage = (total / count).astype(np.float32)
        self.noise = float(1.4826 * np.median(np.abs(lumas[:, ::4, ::4] - ((low + high) / 2)[::4, ::4])))
        self._refresh()
        self._samples = _samples_by_level(self.luma)

    def exposure(self, rgb: FloatImage, luma: FloatImage, ignore: ByteImage) -> Exposure:
        """How the camera renders the background in a frame.

        Args:
            rgb: (3, h, w) float32, the frame.
            luma: (h, w) float32, its luma.
            ignore: (h, w) uint8, nonzero where something else than background was just seen.
        """
        import cv2

        seen, known, busy = luma.ravel(), self.luma.ravel(), ignore.ravel()
        levels, ratios = [], []
        for pixels in self._samples:
            free = pixels[busy[pixels] == 0]
            if len(free) >= _LEAST_SAMPLES:
                levels.append(float(known[free].mean()))
                ratios.append(float(np.median(seen[free] / np.maximum(known[free], _DARKEST_LEVEL))))
        curve = np.interp(np.arange(256), levels, ratios) if levels else np.ones(256)
        table = np.maximum(curve, _LEAST_GAIN).astype(np.float32)
        tone = cv2.LUT(self.luma.astype(np.uint8), table)
        part = (slice(None, None, _BALANCE_STRIDE), slice(None, None, _BALANCE_STRIDE))
        free = ignore[part] == 0
        balance = np.ones(3, np.float32)
        if free.any():
            expected = np.maximum(self.rgb[:, *part] * tone[part], _DARKEST_LEVEL)
            balance = np.median((rgb[:, *part] / expected)[:, free], axis=1).astype(np.float32)
        return Exposure(tone, np.maximum(balance, _LEAST_GAIN))

    def follow(self, rgb: FloatImage, exposure: Exposure, ignore: ByteImage, elapsed_s: float) -> None:
        """Let the pixels outside `ignore` go slowly towards the frame.

        Args:
            rgb: (3, h, w) float32, the frame.
            exposure: its exposure.
            ignore: (h, w) uint8, nonzero where objects are.
            elapsed_s: time since the last call.
        """
        step = (exposure.undone(rgb) - self.rgb) * min(1.0, elapsed_s / _CATCH_UP_S)
        limit = _CATCH_UP_LEVELS_PER_S * elapsed_s
        np.clip(step, -limit, limit, out=step)
        step[:, ignore != 0] = 0
        self.rgb += step
        self._refresh()

    def absorb(self, rgb: FloatImage, exposure: Exposure, box: tuple[int, int, int, int]) -> None:
        """Take what a frame shows within a box (x1, y1, x2, y2) as background at once."""
        x1, y1, x2, y2 = box
        self.rgb[:, y1:y2, x1:x2] = exposure.undone(rgb)[:, y1:y2, x1:x2]
        self._refresh()
        self._samples = _samples_by_level(self.luma)

    def _refresh(self) -> None:
        red, green, blue = self.rgb
        self.luma: FloatImage = 0.299 * red + 0.587 * green + 0.114 * blue
        self.slopes = slopes(self.luma)
        self.edges = edge_map(self.luma)


def _relative_gains(lumas: FloatImage) -> FloatImage:
    """The exposure of each of (T, h, w) images against the one that is usual, (T,) float32."""
    usual = np.maximum(np.median(lumas[:, ::4, ::4], axis=0), _DARKEST_LEVEL)
    ratios = lumas[:, ::4, ::4] / usual
    return np.maximum(np.median(ratios.reshape(len(lumas), -1), axis=1), _LEAST_GAIN).astype(np.float32)


def _densest_range(lumas: FloatImage) -> tuple[FloatImage, FloatImage]:
    """For each pixel of (T, h, w) the narrowest range of levels that holds `_MODE_SHARE` of the images."""
    ordered = np.sort(lumas, axis=0)
    held = max(1, round(_MODE_SHARE * len(ordered)))
    widths = ordered[held - 1 :] - ordered[: len(ordered) - held + 1]
    start = widths.argmin(axis=0)[None]
    low = np.take_along_axis(ordered, start, axis=0)[0]
    high = np.take_along_axis(ordered, start + held - 1, axis=0)[0]
    return low, high


def _samples_by_level(luma: FloatImage) -> list[npt.NDArray[np.int64]]:
    """Positions in the flattened (h, w) image of pixels of like level, dark to bright, evenly spread."""
    bins = (luma.ravel() / _LEVELS_PER_BIN).astype(np.int64)
    samples = [np.flatnonzero(bins == number) for number in range(256 // _LEVELS_PER_BIN + 1)]
    return [pixels[:: 1 + len(pixels) // _MOST_SAMPLES] for pixels in samples if len(pixels) >= _LEAST_SAMPLES]
