"""One video with a panel per tracker."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Frame, Trajectory
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video
from trackspeak.service.result import Result

from .draw import Painter, text_strip
from .mp4 import mp4_writer

_WIDEST_PX = 1920
_OTHERS = (190, 190, 190)

Image = npt.NDArray[np.uint8]


def write_side_by_side(
    runs: Sequence[tuple[str, Result]],
    video_path: Path,
    target: Path,
    *,
    limits: Limits,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Decode a video once more and draw each run's tracks into a panel of its own.

    Referred tracks have their query's colour, as in `annotated.mp4`; all others are thin and gray, with their ids.

    Args:
        runs: a title and the result of each panel, all of this video.
        video_path: the video.
        target: the MP4 file.
        limits: those that the video was first decoded with.
        progress: told the number of frames written so far.

    Raises:
        OSError: if the file cannot be written.
        VideoError: if the video can no longer be read.
    """
    folder_frame_rate = runs[0][1].video.frame_rate if video_path.is_dir() else None
    video = open_video(video_path, limits, folder_frame_rate=folder_frame_rate)
    info = video.info
    columns = math.ceil(math.sqrt(len(runs)))
    width = min(info.width, _WIDEST_PX // columns)
    panels = [_Panel(title, result, info.width, info.height, width) for title, result in runs]
    height, rows = panels[0].height, math.ceil(len(runs) / columns)
    with mp4_writer(target, columns * width, rows * height, info.frame_rate) as write:
        for frame in video.frames():
            sheet = np.zeros((rows * height, columns * width, 3), np.uint8)
            for number, panel in enumerate(panels):
                top, left = number // columns * height, number % columns * width
                sheet[top : top + height, left : left + width] = panel.paint(frame)
            write(sheet, frame.time_s)
            if progress is not None:
                progress(frame.index + 1)


class _Panel:
    """Draws one run: a title, and the frame below it."""

    def __init__(self, title: str, result: Result, frame_width: int, frame_height: int, width: int) -> None:
        self._painter = Painter(result.queries, frame_width, frame_height)
        self._others = _rows_by_frame(result.trajectories)
        self._width = width
        self._picture_height = max(1, round(frame_height * width / frame_width))
        self._title = text_strip(title, width, max(18, round(self._picture_height / 16)))
        self.height = self._picture_height + len(self._title)

    def paint(self, frame: Frame) -> Image:
        """Give (height, width, 3) uint8 in OpenCV's order."""
        import cv2

        seen = Frame(frame.index, frame.time_s, self._thin_boxes(frame))
        picture = cv2.resize(
            self._painter.paint(seen), (self._width, self._picture_height), interpolation=cv2.INTER_AREA
        )
        return np.concatenate([self._title, picture.astype(np.uint8)])

    def _thin_boxes(self, frame: Frame) -> Image:
        """Draw all tracks in gray."""
        import cv2

        rgb = frame.rgb.copy()
        for track_id, box in self._others.get(frame.index, ()):
            left, top, right, bottom = np.clip(box.round(), -10_000, 20_000).astype(int).tolist()
            cv2.rectangle(rgb, (left, top), (right, bottom), _OTHERS, 1)
            cv2.putText(
                rgb, str(track_id), (left + 2, bottom - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.4, _OTHERS, 1, cv2.LINE_AA
            )
        return rgb


def _rows_by_frame(trajectories: Sequence[Trajectory]) -> dict[int, list[tuple[int, npt.NDArray[np.float32]]]]:
    rows: dict[int, list[tuple[int, npt.NDArray[np.float32]]]] = {}
    for trajectory in trajectories:
        for frame, box in zip(trajectory.frame_indices.tolist(), trajectory.boxes_xyxy, strict=True):
            rows.setdefault(frame, []).append((trajectory.track_id, box))
    return rows
