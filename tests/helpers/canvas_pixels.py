"""What is painted over the video, compared with the boxes that the service gives."""

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
from page_clips import Street
from PIL import Image
from playwright.sync_api import Page

COLOURS = re.findall(r"#[0-9a-f]{6}", (files("trackspeak.service") / "page/colours.js").read_text(encoding="utf-8"))
LINE_PX = 2
LABEL_PX = (60, 18)
"""A label lies above the left end of a box; it is at most so wide and high."""

_PAINTED = """number => {
  const canvas = document.querySelectorAll('.stage canvas')[number];
  return canvas.toDataURL('image/png').split(',')[1];
}"""
_SHOWN = """([selector, width, height]) => {
  const canvas = Object.assign(document.createElement('canvas'), {width, height});
  canvas.getContext('2d').drawImage(document.querySelector(selector), 0, 0, width, height);
  return canvas.toDataURL('image/png').split(',')[1];
}"""

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Box:
    """A box of a track, as the questions of these numbers mean it."""

    xyxy: tuple[float, float, float, float]
    questions: tuple[int, ...]


def painted(page: Page, pane: int = 0) -> Pixels:
    """Give the pixels of a canvas, (H, W, 4) RGBA."""
    return _decode(page.evaluate(_PAINTED, pane))


def shown_frame(page: Page, street: Street, selector: str = ".stage video", apart: float = 0.7) -> int:
    """Tell which frame of a clip the browser really shows, by its pixels; `apart`: the best against the next best."""
    height, width = street.rgb.shape[1:3]
    picture = _decode(page.evaluate(_SHOWN, [selector, width, height]))[:, :, :3].astype(np.float32)
    distances = [float(np.mean((picture - frame) ** 2)) for frame in street.rgb]
    best, second = np.argsort(distances)[:2]
    assert distances[best] < apart * distances[second], "the frames of the clip cannot be told apart"
    return int(best)


def boxes_at(answer: Any, frame: int) -> list[Box]:
    """Give the boxes of a frame out of the service's answer, each track's once."""
    found: dict[int, tuple[Any, list[int]]] = {}
    for number, query in enumerate(answer["queries"]):
        for track in query["tracks"]:
            for box in track["boxes"]:
                if box["frame"] == frame:
                    found.setdefault(track["track_id"], (box["xyxy"], []))[1].append(number)
    return [Box(tuple(xyxy), tuple(numbers)) for xyxy, numbers in found.values()]


def compare(pixels: Pixels, boxes: Sequence[Box], size: tuple[int, int], *, over_picture: bool = False) -> None:
    """Check that each box is there in its colours, and nothing else.

    Args:
        pixels: of the canvas.
        boxes: in pixels of a frame.
        size: width and height of a frame, which lies in the middle of the canvas, as large as it can be.
        over_picture: whether the canvas has the picture too; what else is there cannot be told then.
    """
    free = pixels[:, :, 3] > 0
    for box in boxes:
        x1, y1, x2, y2 = _scaled(box, pixels, size)
        for ring, number in enumerate(box.questions):
            out = ring * LINE_PX
            _check_sides(pixels, (x1 - out, y1 - out, x2 + out, y2 + out), COLOURS[number])
        widest = len(box.questions) * LINE_PX
        free = _without_box(free, (x1, y1, x2, y2), widest)
    assert over_picture or not free.any(), f"painted where no box is: {np.argwhere(free)[:5].tolist()} (y, x)"


def _scaled(box: Box, pixels: Pixels, size: tuple[int, int]) -> tuple[float, float, float, float]:
    height, width = pixels.shape[:2]
    zoom = min(width / size[0], height / size[1])
    left, top = (width - size[0] * zoom) / 2, (height - size[1] * zoom) / 2
    x1, y1, x2, y2 = box.xyxy
    return left + x1 * zoom, top + y1 * zoom, left + x2 * zoom, top + y2 * zoom


def _check_sides(pixels: Pixels, xyxy: tuple[float, float, float, float], colour: str) -> None:
    """Check the pixels in the middle of the sides: a line two pixels wide covers the pixel in which its middle is."""
    x1, y1, x2, y2 = xyxy
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    last_x, last_y = pixels.shape[1] - 1, pixels.shape[0] - 1
    for x, y in (((x1 + x2) / 2, y1), ((x1 + x2) / 2, y2), (x1, (y1 + y2) / 2), (x2, (y1 + y2) / 2)):
        column, row = min(max(0, int(x)), last_x), min(max(0, int(y)), last_y)  # half of a line may lie outside
        *seen, alpha = pixels[row, column].tolist()
        at = f"at ({column}, {row}), in the middle of a side of {xyxy}"
        assert alpha >= 250, f"nothing is painted {at}"
        assert max(abs(one - other) for one, other in zip(seen, wanted, strict=True)) <= 4, f"{seen} {at}"


def _without_box(free: npt.NDArray[np.bool_], xyxy: tuple[float, float, float, float], widest: int) -> Any:
    """Take a box's lines and label out of what must be empty."""
    x1, y1, x2, y2 = (round(at) for at in xyxy)
    edge = widest + 1
    inside = free[y1 + 3 : y2 - 2, x1 + 3 : x2 - 2].copy()
    rest = free.copy()
    rest[max(0, y1 - edge) : y2 + edge, max(0, x1 - edge) : x2 + edge] = False
    rest[y1 + 3 : y2 - 2, x1 + 3 : x2 - 2] = inside
    rest[max(0, y1 - edge - LABEL_PX[1]) : y1, max(0, x1 - edge) : x1 + LABEL_PX[0]] = False
    return rest


def _decode(text: str) -> Pixels:
    with Image.open(io.BytesIO(base64.b64decode(text))) as image:
        return np.asarray(image.convert("RGBA"))
