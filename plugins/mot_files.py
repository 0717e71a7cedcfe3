"""MOTChallenge text files: `frame,id,x,y,width,height,score,...`, one box a line.

Detections and tracks share the format; detections have the id -1. Fields are separated by commas
or by white space; empty lines and lines that begin with # are skipped; what follows the seventh
field is not read. MOTChallenge counts frames from 1, KITTI from 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import FileFormatError, OutputError

from .contract._checks import check_array, check_boxes

_FIELDS = 7
_LARGEST_INTEGER = 2**53  # above it a float64 no longer holds every integer
_WANTED = "frame, id, x, y, width, height, score"


@dataclass(frozen=True, slots=True, eq=False)
class MotTable:
    """The rows of a file as columns, ordered by frame; rows of one frame keep their order.

    Attributes:
        frame_indices: (R,) int64, from 0, never falling.
        track_ids: (R,) int64, -1 for detections.
        boxes_xyxy: (R, 4) float32 pixels.
        scores: (R,) float32, as in the file.
    """

    frame_indices: npt.NDArray[np.int64]
    track_ids: npt.NDArray[np.int64]
    boxes_xyxy: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check that the columns belong together."""
        count = len(self.frame_indices)
        check_array("frame_indices", self.frame_indices, (count,), np.int64)
        check_array("track_ids", self.track_ids, (count,), np.int64)
        check_boxes("boxes_xyxy", self.boxes_xyxy, count)
        check_array("scores", self.scores, (count,), np.float32)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.frame_indices)

    def rows_of(self, frame_index: int) -> slice:
        """Give the rows of one frame."""
        first, end = np.searchsorted(self.frame_indices, [frame_index, frame_index + 1])
        return slice(int(first), int(end))


def read_mot(path: Path, first_frame: int = 1, *, tracks: bool = False) -> MotTable:
    """Read detections or tracks.

    Args:
        path: the file.
        first_frame: the number that the file gives to the video's first frame.
        tracks: the ids matter: each at least 0, and once per frame.

    Raises:
        FileFormatError: naming the file and the line that cannot be read, has a number that is not
            finite, a negative size, a frame below `first_frame`, or an id that it must not have.
    """
    lines = _data_lines(path)
    if not lines:
        nothing = np.zeros(0, np.int64)
        return MotTable(nothing, nothing, np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
    values = _parse(path, lines)
    frames, ids = values[:, 0], values[:, 1]
    ltwh = values[:, 2:6]
    with np.errstate(over="ignore"):  # what overflows float32 is reported as not finite
        boxes_xyxy = np.concatenate([ltwh[:, :2], ltwh[:, :2] + ltwh[:, 2:]], axis=1).astype(np.float32)  # (R, 4)
        scores = values[:, 6].astype(np.float32)
    finite = np.isfinite(np.column_stack([values, boxes_xyxy, scores])).all(axis=1)
    _check(path, lines, finite, f"{_WANTED} must be finite numbers")
    integers = (values[:, :2] == np.round(values[:, :2])) & (np.abs(values[:, :2]) <= _LARGEST_INTEGER)
    _check(path, lines, integers.all(axis=1), "frame and id must be integers")
    _check(path, lines, ltwh[:, 2:].min(axis=1) >= 0, "width and height must be at least 0")
    _check(path, lines, frames >= first_frame, f"frame must be at least first_frame, {first_frame}")
    if tracks:
        _check(path, lines, ids >= 0, "a track's id must be at least 0 (detections have -1)")
        _check(path, lines, _is_first(values[:, :2]), "a track's id must come once per frame, this is the second time")
    order = np.argsort(frames, kind="stable")
    return MotTable(
        (frames[order] - first_frame).astype(np.int64), ids[order].astype(np.int64), boxes_xyxy[order], scores[order]
    )


def unit_scores(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Bring a file's scores into [0, 1], where the contracts want them.

    Scores that all lie in [0, 1] stay. Any others (percentages, SVM margins, a constant -1) are moved
    and scaled by one rule for the whole file: the lowest becomes 0, the highest 1; equal ones all become 1.

    Args:
        scores: (R,) float32, finite.

    Returns:
        (R,) float32 in [0, 1], in the same order of size.
    """
    if not len(scores) or (scores.min() >= 0 and scores.max() <= 1):
        return scores
    low, high = float(scores.min()), float(scores.max())
    if low == high:
        return np.ones_like(scores)
    return ((scores.astype(np.float64) - low) / (high - low)).astype(np.float32)


def write_mot(target: Path | TextIO, table: MotTable, first_frame: int = 1) -> None:
    """Write `frame,id,x,y,width,height,score,-1,-1,-1` lines, pixels and scores with two digits.

    Args:
        target: a file to make or replace, or an open text stream.
        table: the rows, written in their order.
        first_frame: the number that the video's first frame gets.

    Raises:
        OutputError: if the file cannot be written.
    """
    boxes = table.boxes_xyxy.astype(np.float64)
    sizes = boxes[:, 2:] - boxes[:, :2]
    columns = (table.frame_indices + first_frame, table.track_ids, boxes[:, :2], sizes, table.scores)
    try:
        np.savetxt(target, np.column_stack(columns), fmt="%d,%d,%.2f,%.2f,%.2f,%.2f,%.2f,-1,-1,-1")
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error}") from error


def _data_lines(path: Path) -> list[tuple[int, str]]:
    """Give the lines that hold data, each with its number from 1."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise FileFormatError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise FileFormatError(f"{path} cannot be read as text: {error}") from error
    numbered = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return [(number, line) for number, line in numbered if line and not line.startswith("#")]


def _parse(path: Path, lines: list[tuple[int, str]]) -> npt.NDArray[np.float64]:
    """Read the first seven fields of each line: (R, 7) float64."""
    separator = "," if "," in lines[0][1] else None
    texts = [line for _, line in lines]
    try:
        return np.loadtxt(texts, delimiter=separator, usecols=range(_FIELDS), comments=None, ndmin=2)
    except ValueError as error:
        for row, text in enumerate(texts):
            if not _is_readable(text.split(separator)):
                _refuse(path, lines, row, f"wanted at least {_FIELDS} numbers ({_WANTED})")
        raise FileFormatError(f"{path} cannot be read: {error}") from error


def _is_readable(fields: list[str]) -> bool:
    try:
        return len([float(field) for field in fields[:_FIELDS]]) == _FIELDS
    except ValueError:
        return False


def _is_first(keys: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Say of each (R, 2) row whether it comes for the first time."""
    _, first = np.unique(keys, axis=0, return_index=True)
    result = np.zeros(len(keys), np.bool_)
    result[first] = True
    return result


def _check(path: Path, lines: list[tuple[int, str]], good: npt.NDArray[np.bool_], wanted: str) -> None:
    if not good.all():
        _refuse(path, lines, int(np.flatnonzero(~good)[0]), wanted)


def _refuse(path: Path, lines: list[tuple[int, str]], row: int, wanted: str) -> NoReturn:
    number, text = lines[row]
    raise FileFormatError(f"{path}, line {number}: {wanted}, got {text[:100]!r}")


def rows_beyond(table: MotTable, last_frame: int, name: str) -> tuple[str, ...]:
    """Warn of a file's boxes after the video's last frame; nothing if there are none."""
    beyond = int((table.frame_indices > last_frame).sum())
    if not beyond:
        return ()
    return (
        f"{beyond} of {len(table)} boxes in {name} are of frames after the video's last; "
        "does the file belong to this video, and is first_frame right?",
    )
