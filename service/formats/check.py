"""Looks, before a video is watched, at the places that its results are to be written to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from trackspeak.models.errors import OptionError

from .atomic import check_replaceable, check_writable
from .write import output_names


def check_places(
    queries: Sequence[str],
    inputs: Sequence[Path],
    *,
    out: Path | None,
    scores: Path | None,
    video: bool,
    sheet: Path | None = None,
    exports: Sequence[str] = (),
) -> None:
    """See that all that a run is to write can be written, and replaces nothing that it reads or has written.

    Args:
        queries: the sentences.
        inputs: what the run reads; also names of what is not there, and texts that are no paths.
        out: the folder of `write_outputs`; None for none.
        scores: the file of `write_scores`; None for none.
        video: whether `write_outputs` is to draw the video.
        sheet: the file of `write_sheet`; None for none.
        exports: names of the formats that `write_outputs` is to write too.

    Raises:
        OptionError: naming the option that is at fault.
        UnknownNameError: if there is no export of that name.
        OutputError: if something cannot be written, naming path and reason.
    """
    outputs: list[Path] = []
    if exports and out is None:
        raise OptionError(f"export needs out, the folder to write to, got {', '.join(exports)} without it")
    if out is not None:
        names = output_names(queries, video=video, exports=exports)
        outputs = [out / name for name in names]
        check_inputs_are_kept("out", outputs, inputs)
        check_writable(out, names)
    if scores is not None:
        check_replaceable("scores", scores)
        check_inputs_are_kept("scores", [scores], inputs)
        _check_apart("scores", scores, outputs, "what is written to out")
    if sheet is not None:
        if sheet.suffix.lower() != ".png":
            raise OptionError(f"sheet must be the path of a .png file, got {sheet}")
        check_replaceable("sheet", sheet)
        check_inputs_are_kept("sheet", [sheet], inputs)
        _check_apart("sheet", sheet, [*outputs, *([] if scores is None else [scores])], "all else that is written")


def check_inputs_are_kept(option: str, outputs: Sequence[Path], inputs: Sequence[Path]) -> None:
    """See that nothing that is read would be replaced.

    Raises:
        OptionError: naming the option that says where to write.
    """
    there = [path for path in inputs if os.path.exists(path)]
    for output in outputs:
        if os.path.exists(output) and any(os.path.samefile(output, path) for path in there):
            raise OptionError(f"{option} must be elsewhere: {output} would be replaced, and is read by the same run")


def _check_apart(option: str, path: Path, outputs: Sequence[Path], what: str) -> None:
    """Refuse a file in the place of another output, of a folder that one is in, or below one."""
    place = _place(path)
    for output in outputs:
        other = _place(output)
        if place == other or place in other.parents or other in place.parents:
            raise OptionError(f"{option} must be elsewhere than {what}, got {path} beside {output}")


def _place(path: Path) -> Path:
    """Give what two paths share that may be one file: some file systems tell no capital letters from small ones."""
    return Path(os.path.realpath(path).casefold())
