"""What the detectors share that look at each image by itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le

from trackspeak.models.errors import OptionError
from trackspeak.plugins.contract import Detections, Frame, Requirements, StreamInfo

from ._tiles import Box, View, join, tiles_of

Pixels = npt.NDArray[np.uint8]

_SMALLEST_TILE = 64
_TILES_AT_ONCE = 8  # bounds memory


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions:
    """Options of every detector that looks at images.

    Attributes:
        min_score: boxes with a lower score are left out; trackers like weak boxes too.
        classes: names or numbers of the classes to keep, separated by commas; all where empty.
        max_detections: only so many boxes of a frame are kept, the strongest; 0 keeps all.
        tile: frames that are larger are looked at whole and in square tiles of this side in pixels, which finds
            smaller things and takes longer; 0 for whole frames alone.
        tile_overlap: the share of a tile's side that neighbours have in common; things up to that size are whole in
            one of them.
    """

    min_score: Annotated[float, Gt(0), Le(1)] = 0.1
    classes: tuple[str | int, ...] = ()
    max_detections: Annotated[int, Ge(0)] = 300
    tile: Annotated[int, Ge(0)] = 0
    tile_overlap: Annotated[float, Ge(0), Le(0.5)] = 0.2

    def __post_init__(self) -> None:
        """Check what no single annotation says.

        Raises:
            OptionError: for tiles so small that a frame has very many.
        """
        if 0 < self.tile < _SMALLEST_TILE:
            raise OptionError(f"tile must be 0 or at least {_SMALLEST_TILE}, got {self.tile}")


OptionsT = TypeVar("OptionsT", bound=ImageOptions)


class ImageDetector(ABC, Generic[OptionsT]):
    """A detector that keeps nothing from one image to the next.

    Attributes:
        weights: name -> SHA-256 of every weight file in use.
    """

    requirements: ClassVar[Requirements] = Requirements(pixels=True)
    weights: dict[str, str]

    def __init__(self, options: OptionsT) -> None:
        """Take the options."""
        self._options = options
        self.weights = {}

    @property
    def lookahead_s(self) -> float:
        """Nothing needs to be seen before frame 0."""
        return 0.0

    def reset(self, stream: StreamInfo) -> None:
        """Do nothing: each frame is looked at by itself."""

    def prepare(self, frames: Iterable[Frame]) -> None:
        """Do nothing."""

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """Find the boxes of each frame."""
        if not frames:
            return []
        images = [frame.rgb for frame in frames]
        found = self._look(images)
        if self._options.tile:
            found = [self._look_closer(image, whole) for image, whole in zip(images, found, strict=True)]
        return [strongest(one, self._options.max_detections) for one in found]

    def warnings(self) -> tuple[str, ...]:
        """There is nothing to report."""
        return ()

    @abstractmethod
    def _look(self, images: Sequence[Pixels]) -> list[Detections]:
        """Find the boxes of (H, W, 3) RGB images of one size, one `Detections` each."""

    def _look_closer(self, image: Pixels, whole: Detections) -> Detections:
        """Add to what was found in a whole image what its tiles show."""
        height, width = image.shape[:2]
        tiles = tiles_of(width, height, self._options.tile, self._options.tile_overlap)
        if not tiles:
            return whole
        views = [View(Box(0, 0, width, height), whole)]
        for first in range(0, len(tiles), _TILES_AT_ONCE):
            some = tiles[first : first + _TILES_AT_ONCE]
            parts = [np.ascontiguousarray(image[box.top : box.bottom, box.left : box.right]) for box in some]
            views += [View(box, found) for box, found in zip(some, self._look(parts), strict=True)]
        return join(views, width, height)


def strongest(found: Detections, limit: int) -> Detections:
    """Give the boxes with the highest scores, in the order they had; all of them for a limit of 0."""
    if not limit or len(found) <= limit:
        return found
    rows = np.sort(np.argsort(-found.scores, kind="stable")[:limit])
    return Detections(found.boxes_xyxy[rows], found.scores[rows], found.class_ids[rows], found.class_names)
