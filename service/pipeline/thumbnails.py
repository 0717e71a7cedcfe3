"""A small picture of each track: of the looks that are taken anyway, the best so far."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Frame

LONGEST_PX = 192
"""The longest side of a picture."""

_QUALITY = 80
_MARGIN = 0.15
_BETTER = 1.3  # a view that is hardly better is not worth encoding; so their number grows with the logarithm alone
_CUT = 0.5
_EDGE = 0.005  # boxes end this share of the frame's side before its edge, or less, where the frame cuts the object


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture of a track.

    Attributes:
        frame_index: the frame that it is from.
        time_s: that frame's time in seconds.
        jpeg: the picture, RGB, its longest side at most `LONGEST_PX`.
    """

    frame_index: int
    time_s: float
    jpeg: bytes


class Gallery:
    """Keeps the best view of each track; a view counts by how much of the frame it shows of the track, and how surely.

    Each edge of the frame that cuts it halves what it counts, and the detector's score takes from it up to a half.
    """

    def __init__(self) -> None:
        """Begin a video."""
        self._best: dict[int, tuple[float, Thumbnail]] = {}

    def look(
        self, frame: Frame, boxes_xyxy: Mapping[int, npt.NDArray[np.float32]], scores: Mapping[int, float]
    ) -> None:
        """Look at some tracks of a frame.

        Args:
            frame: the frame.
            boxes_xyxy: track id -> (4,) its box in pixels.
            scores: track id -> the detector's score in [0, 1].
        """
        height, width = frame.rgb.shape[:2]
        for track_id, box in boxes_xyxy.items():
            worth = view_worth(box, scores[track_id], width, height)
            if worth > _BETTER * self._worth(track_id):
                picture = Thumbnail(frame.index, frame.time_s, _encode(frame.rgb, box))
                self._best[track_id] = worth, picture

    def collect(self, merged: Mapping[int, int], track_ids: Collection[int]) -> dict[int, Thumbnail]:
        """Give the pictures of the tracks that there are in the end.

        Args:
            merged: id that is gone -> id of the track that it is now part of; the better picture counts.
            track_ids: of the tracks; others have gone, and their pictures with them.

        Returns:
            Track id -> picture, by rising id; no entry for a track that was never looked at inside the frame.
        """
        best: dict[int, tuple[float, Thumbnail]] = {}
        for given, (worth, picture) in sorted(self._best.items()):
            track_id = merged.get(given, given)
            if track_id in track_ids and (track_id not in best or worth > best[track_id][0]):
                best[track_id] = worth, picture
        return {track_id: picture for track_id, (_, picture) in sorted(best.items())}

    def _worth(self, track_id: int) -> float:
        return self._best[track_id][0] if track_id in self._best else 0.0


def view_worth(box_xyxy: npt.NDArray[np.float32], score: float, width: int, height: int) -> float:
    """Say how good a view is.

    Args:
        box_xyxy: (4,) pixels.
        score: the detector's.
        width: of the frame in pixels.
        height: of the frame in pixels.

    Returns:
        At most the visible area in square pixels; 0 if nothing can be seen.
    """
    left, top, right, bottom = np.clip(box_xyxy, 0, (width, height, width, height)).tolist()
    across, down = _EDGE * width, _EDGE * height
    cuts = (left <= across) + (top <= down) + (right >= width - across) + (bottom >= height - down)
    return float((right - left) * (bottom - top) * (1 + score) / 2 * _CUT**cuts)


def _encode(rgb: npt.NDArray[np.uint8], box_xyxy: npt.NDArray[np.float32]) -> bytes:
    """Cut a box, of which some is visible, out of a frame with what is around it; give a small JPEG."""
    from PIL import Image

    height, width = rgb.shape[:2]
    box = np.clip(box_xyxy.astype(np.float64), 0, (width, height, width, height))
    margin = _MARGIN * np.tile(box[2:] - box[:2], 2) * (-1, -1, 1, 1)
    left, top, right, bottom = np.clip(box + margin, 0, (width, height, width, height)).tolist()
    picture = Image.fromarray(rgb[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))])
    picture.thumbnail((LONGEST_PX, LONGEST_PX))
    encoded = BytesIO()
    picture.save(encoded, "JPEG", quality=_QUALITY, optimize=True)
    return encoded.getvalue()
