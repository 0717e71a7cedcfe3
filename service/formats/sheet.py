"""A contact sheet: a row of captioned pictures for each of some headings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackspeak.models.errors import FileFormatError
from trackspeak.plugins.contract import ReferredTrack, ReferredTracks

from .atomic import replaced_file
from .draw import find_font

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

PER_ROW = 12
"""The most pictures in a row."""

Entry = tuple[bytes | None, str]
"""A picture as JPEG, None for one that is not there; and its caption, whose lines are parted by newlines."""

Row = tuple[str, Sequence[Entry]]
"""A heading, and what it is about, the best first."""

_CELL, _GAP, _MARGIN = 192, 12, 24
_LARGEST_SCALE = 4.0  # beyond, a picture is no more than a few blots
_HEADING_SIZE, _CAPTION_SIZE = 20, 14
_HEADING_HEIGHT, _LINE_HEIGHT = 32, 19
_NARROWEST_CELLS = 4  # so that headings have room
_PAPER, _INK, _FAINT, _NO_PICTURE = "white", "#111111", "#666666", "#dddddd"


def answer_rows(answers: Sequence[ReferredTracks], picture: Callable[[int], bytes | None]) -> list[Row]:
    """Give the rows of some answers: the tracks of each, with id, score and when they are meant.

    Args:
        answers: with their tracks by falling score.
        picture: gives the JPEG of a track by its id, None where there is none; asked for what is shown alone.
    """
    return [
        (
            _heading(answer),
            [(picture(track.track_id), _caption(track)) for track in answer.tracks[:PER_ROW]],
        )
        for answer in answers
    ]


def write_sheet(rows: Sequence[Row], path: Path) -> None:
    """Draw a contact sheet into a PNG file; the same rows give the same bytes.

    Args:
        rows: from top to bottom; of each at most `PER_ROW` pictures are drawn, and 'nothing' where it has none.
        path: the file; its folder is made if it is not there.

    Raises:
        FileFormatError: if a picture cannot be read.
        OutputError: if the file cannot be written; nothing is left half-written.
    """
    sheet = draw_sheet(rows)
    with replaced_file(path) as partial:
        sheet.save(partial, "PNG")


def draw_sheet(rows: Sequence[Row]) -> Image.Image:
    """Draw a contact sheet, as `write_sheet` does.

    Raises:
        FileFormatError: if a picture cannot be read.
    """
    from PIL import Image, ImageDraw

    shown = [(heading, [(_read(jpeg), caption) for jpeg, caption in entries[:PER_ROW]]) for heading, entries in rows]
    heights = [_row_height(entries) for _, entries in shown]
    cells = max([_NARROWEST_CELLS, *(len(entries) for _, entries in shown)])
    width = 2 * _MARGIN + cells * _CELL + (cells - 1) * _GAP
    height = 2 * _MARGIN + sum(heights) + _MARGIN * max(0, len(heights) - 1)
    sheet = Image.new("RGB", (width, height), _PAPER)
    canvas = ImageDraw.Draw(sheet)
    large, small = find_font(_HEADING_SIZE), find_font(_CAPTION_SIZE)
    top = _MARGIN
    for (heading, entries), row_height in zip(shown, heights, strict=True):
        _write(canvas, (_MARGIN, top), heading, large, _INK, width - 2 * _MARGIN)
        if not entries:
            _write(canvas, (_MARGIN, top + _HEADING_HEIGHT), "nothing", small, _FAINT, width)
        _draw_row(sheet, canvas, entries, top + _HEADING_HEIGHT, small)
        top += row_height + _MARGIN
    return sheet


_Shown = Sequence[tuple["Image.Image", str]]


def _draw_row(sheet: Image.Image, canvas: ImageDraw.ImageDraw, entries: _Shown, top: int, font: Any) -> None:
    """Draw pictures that stand on one line, and the captions below it."""
    bottom = top + max((picture.height for picture, _ in entries), default=0)
    for number, (picture, caption) in enumerate(entries):
        left = _MARGIN + number * (_CELL + _GAP)
        sheet.paste(picture, (left, bottom - picture.height))
        for row, line in enumerate(caption.split("\n")):
            place = (left, bottom + 6 + row * _LINE_HEIGHT)
            _write(canvas, place, line, font, _FAINT if row else _INK, _CELL)


def _row_height(entries: _Shown) -> int:
    lines = max((caption.count("\n") + 1 for _, caption in entries), default=1)
    return _HEADING_HEIGHT + max((picture.height + 6 for picture, _ in entries), default=0) + lines * _LINE_HEIGHT


def _read(jpeg: bytes | None) -> Image.Image:
    """Read a picture and scale it to a cell; a gray one where there is none.

    Raises:
        FileFormatError: if it cannot be read.
    """
    from PIL import Image

    if jpeg is None:
        return Image.new("RGB", (_CELL, _CELL // 2), _NO_PICTURE)
    try:
        with Image.open(BytesIO(jpeg), formats=["JPEG"]) as opened:
            picture = opened.convert("RGB")
    # Pillow raises the first two for what is no whole JPEG, and the third where ultralytics has changed how it opens
    except (OSError, SyntaxError, ImportError) as error:
        raise FileFormatError(f"a picture must be a whole JPEG, got {len(jpeg)} other bytes: {error}") from error
    scale = min(_LARGEST_SCALE, _CELL / max(picture.size))
    width, height = (max(1, round(scale * side)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC)


def _write(canvas: ImageDraw.ImageDraw, place: tuple[int, int], text: str, font: Any, colour: str, width: int) -> None:
    """Write a line of at most so many pixels, cut short where it is longer."""
    canvas.text(place, _fitting(" ".join(text.split()), font, width), font=font, fill=colour)


def _fitting(text: str, font: Any, width: int) -> str:
    """Give a text, or as much of its beginning as there is room for."""
    if font.getlength(text) <= width:
        return text
    fits = 0
    while fits < len(text) and font.getlength(text[: fits + 1] + "…") <= width:
        fits += 1
    return text[:fits] + "…"


def _heading(answer: ReferredTracks) -> str:
    """Give the question, and how many tracks are meant where not all are shown."""
    count = len(answer.tracks)
    return f"{answer.query} (the best {PER_ROW} of {count})" if count > PER_ROW else answer.query


def _caption(track: ReferredTrack) -> str:
    """Give id and score, and when the track is first meant."""
    first = track.spans[0]
    times_s = dict(zip(track.frame_indices.tolist(), track.times_s.tolist(), strict=True))
    more = f" and {len(track.spans) - 1} more" if len(track.spans) > 1 else ""
    when = f"{times_s[first.first_frame]:.1f}-{times_s[first.last_frame]:.1f} s{more}"
    return f"track {track.track_id}: {track.score:.3f}\n{when}"
