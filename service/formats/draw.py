"""Draw referred tracks into frames: boxes, ids, scores, and a legend of the queries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Frame, ReferredTracks

if TYPE_CHECKING:
    import supervision as sv

_LEGEND_SHARE = 0.3
"""The part of a frame's height that the legend may cover."""

_LEGEND_OPACITY = 0.75
_OUTSIDE_PX = 10_000

_COLORS = ("#ffd60a", "#00d5ff", "#ff4d6d", "#6ee03a", "#b98cff", "#ff9f1c", "#4d8bff", "#ff7be5")
"""Of the first, second, ... query; from the start again after the last."""


class Painter:
    """Draws the answers to some queries, each in its own colour.

    Args:
        answers: per query the referred tracks; a frame's score that is NaN is not shown, nor a query without words.
        width: pixels of a frame.
        height: pixels of a frame.
    """

    def __init__(self, answers: Sequence[ReferredTracks], width: int, height: int) -> None:
        import supervision as sv

        self._size = (width, height)
        self._rows = _rows_by_frame(answers)
        palette = sv.ColorPalette.from_hex(list(_COLORS))
        ink = sv.ColorPalette([_readable_on(color) for color in palette.colors])
        self._thickness = sv.calculate_optimal_line_thickness((width, height))
        text_scale = max(0.35, sv.calculate_optimal_text_scale((width, height)) * 0.8)
        self._bar_size = (max(16, round(width * 0.08)), max(4, round(height * 0.015)))
        self._boxes = sv.BoxAnnotator(palette, thickness=self._thickness)
        self._labels = sv.LabelAnnotator(
            palette, text_color=ink, text_scale=text_scale, text_padding=round(8 * text_scale), smart_position=True
        )
        self._bars = sv.PercentageBarAnnotator(
            height=self._bar_size[1],
            width=self._bar_size[0],
            color=palette,
            border_color=sv.Color.WHITE,
            position=sv.Position.BOTTOM_CENTER,
            border_thickness=1,
        )
        asked = [answer for answer in answers if answer.query]
        self._legend = _legend(asked, palette, width, height)

    def paint(self, frame: Frame) -> npt.NDArray[np.uint8]:
        """Draw everything into a copy of the frame.

        Returns:
            (H, W, 3) uint8, the channels in OpenCV's order: blue, green, red.
        """
        scene = np.ascontiguousarray(frame.rgb[:, :, ::-1])
        self._paint_legend(scene)
        rows = self._rows.get(frame.index)
        if not rows:
            return scene
        depths = _depths([row[1] for row in rows])
        # Boxes of a file may lie far outside, where OpenCV has no numbers left: (N, 4)
        boxes = np.clip(np.stack([row[2] for row in rows]), -_OUTSIDE_PX, max(self._size) + _OUTSIDE_PX)
        margins = depths[:, None] * np.array([-2, -2, 2, 2], np.float32) * self._thickness  # (N, 4)
        detections = self._detections(boxes + margins, rows)
        labels = [f"#{track_id}" if isnan(score) else f"#{track_id} {score:.2f}" for _, track_id, _, score in rows]
        scene = self._boxes.annotate(scene, detections)
        scored = [number for number, row in enumerate(rows) if not isnan(row[3])]
        if scored:
            bars = self._detections(self._bar_anchors(boxes, depths)[scored], [rows[number] for number in scored])
            values = np.clip([rows[number][3] for number in scored], 0.0, 1.0)
            scene = self._bars.annotate(scene, bars, custom_values=values)
        painted: npt.NDArray[np.uint8] = self._labels.annotate(scene, detections, labels)
        return painted

    @staticmethod
    def _detections(boxes_xyxy: npt.NDArray[np.float32], rows: Sequence[_Row]) -> sv.Detections:
        """Make what supervision draws; the class is the query's number, which chooses the colour."""
        import supervision as sv

        return sv.Detections(xyxy=boxes_xyxy, class_id=np.array([row[0] for row in rows]))

    def _bar_anchors(
        self, boxes_xyxy: npt.NDArray[np.float32], depths: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Give the point below each box from which its bar hangs, so that the bar is inside the frame."""
        (width, height), (bar_width, bar_height) = self._size, self._bar_size
        middle = np.clip(boxes_xyxy[:, [0, 2]].mean(axis=1), bar_width / 2, max(bar_width / 2, width - bar_width / 2))
        below = boxes_xyxy[:, 3] + self._thickness + depths * (bar_height + 2)
        bottom = np.clip(below, 0, max(0, height - bar_height - 1))
        return np.stack([middle, bottom, middle, bottom], axis=1).astype(np.float32)  # (N, 4)

    def _paint_legend(self, scene: npt.NDArray[np.uint8]) -> None:
        """Blend the legend into the upper left corner."""
        height, width, _ = self._legend.shape
        corner = scene[:height, :width]
        corner[:] = (_LEGEND_OPACITY * self._legend + (1 - _LEGEND_OPACITY) * corner).astype(np.uint8)


_Row = tuple[int, int, npt.NDArray[np.float32], float]
"""Query number, track id, (4,) box, score, which may be NaN."""


def _rows_by_frame(answers: Sequence[ReferredTracks]) -> dict[int, list[_Row]]:
    """Gather what is to be drawn in each frame."""
    rows: dict[int, list[_Row]] = defaultdict(list)
    for number, answer in enumerate(answers):
        for track in answer.tracks:
            for frame, box, score in zip(
                track.frame_indices.tolist(), track.boxes_xyxy, track.frame_scores.tolist(), strict=True
            ):
                rows[frame].append((number, track.track_id, box, score))
    return dict(rows)


def _depths(track_ids: Sequence[int]) -> npt.NDArray[np.float32]:
    """Count a track's boxes 0, 1, ...: those of further queries are drawn around the first, not over it."""
    seen: Counter[int] = Counter()
    depths = np.zeros(len(track_ids), np.float32)
    for row, track_id in enumerate(track_ids):
        depths[row] = seen[track_id]
        seen[track_id] += 1
    return depths


def _readable_on(color: sv.Color) -> sv.Color:
    """Choose black or white text for a background."""
    import supervision as sv

    luma = 0.299 * color.r + 0.587 * color.g + 0.114 * color.b
    return sv.Color.BLACK if luma > 140 else sv.Color.WHITE


def _legend(answers: Sequence[ReferredTracks], palette: sv.ColorPalette, width: int, height: int) -> npt.NDArray[Any]:
    """Draw the queries with their colours and numbers of tracks.

    Returns:
        (h, w, 3) uint8 in OpenCV's order; (0, 0, 3) where there is no query, or no room for a line.
    """
    from PIL import Image, ImageDraw

    size = max(9, round(height / 30))
    line_height = round(size * 1.5)
    room = int(_LEGEND_SHARE * height) // line_height
    named = answers if len(answers) <= room else answers[: max(0, room - 1)]
    texts = [_legend_text(answer) for answer in named]
    if not texts:
        return np.zeros((0, 0, 3), np.uint8)
    if len(named) < len(answers):
        texts.append(f"and {len(answers) - len(named)} more")
    font = find_font(size)
    text_width = round(max(font.getlength(text) for text in texts))
    image = Image.new("RGB", (min(width, text_width + 3 * size), line_height * len(texts)))
    canvas = ImageDraw.Draw(image)
    for row, text in enumerate(texts):
        middle = row * line_height + line_height // 2
        if row < len(named):
            swatch = (size // 2, middle - size // 2, size // 2 + size, middle + size // 2)
            canvas.rectangle(swatch, fill=palette.by_idx(row).as_rgb())
        canvas.text((2 * size, middle), text, font=font, fill="white", anchor="lm")
    return np.asarray(image)[:, :, ::-1]


def text_strip(text: str, width: int, height: int) -> npt.NDArray[np.uint8]:
    """Draw white text on black.

    Returns:
        (height, width, 3) uint8 in OpenCV's order.
    """
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (width, height))
    font = find_font(max(9, round(height * 0.6)))
    ImageDraw.Draw(image).text((height // 3, height // 2), text, font=font, fill="white", anchor="lm")
    return np.asarray(image)[:, :, ::-1]


def find_font(size: int) -> Any:
    """Find matplotlib's font, which knows most alphabets; Pillow's own knows English alone."""
    from importlib.util import find_spec
    from pathlib import Path

    from PIL import ImageFont

    matplotlib = find_spec("matplotlib")
    if matplotlib is not None and matplotlib.origin is not None:
        path = Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)


def _legend_text(answer: ReferredTracks) -> str:
    """Say what was asked and how much was found."""
    count = len(answer.tracks)
    return f"{' '.join(answer.query.split())}: {count or 'no'} track{'' if count == 1 else 's'}"
