"""A demonstration that needs nothing: a rendered street clip, and three questions about it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import OutputError

from .formats.atomic import staged_folder
from .formats.mp4 import mp4_writer

CLIP_FILE: Final = "street.mp4"
QUERIES: Final = ("the red car", "vehicles moving to the left", "a green truck")


def show_demo(out: Path) -> None:
    """Render the clip, ask the questions, print the answers, write all files, and say where to look.

    Args:
        out: folder for the clip and the results; made if it is not there.

    Raises:
        OutputError: if the files cannot be written.
    """
    import typer

    from trackspeak.models.training.render import demo_clip

    from .console import run_and_show
    from .formats.write import VIDEO_FILE
    from .options import RunOptions

    typer.echo("rendering a street clip", err=True)
    clip = demo_clip()
    with staged_folder(out) as (stage, files):
        write_clip(clip.rgb, clip.frame_rate, stage / CLIP_FILE)
    run_and_show(files[0], QUERIES, RunOptions(profile="embedded"), out=out)
    typer.echo(f"the clip: {files[0]}; the answers drawn into it: {out / VIDEO_FILE}")


def write_clip(rgb: npt.NDArray[np.uint8], frame_rate: float, target: Path) -> None:
    """Write frames as H.264 in MP4.

    Args:
        rgb: (T, H, W, 3) uint8.
        frame_rate: frames per second.
        target: the file.

    Raises:
        OutputError: if it cannot be written.
    """
    try:
        with mp4_writer(target, rgb.shape[2], rgb.shape[1], frame_rate) as write:
            for index, image in enumerate(rgb):
                write(np.ascontiguousarray(image[:, :, ::-1]), index / frame_rate)
    except OSError as error:
        raise OutputError(f"the clip could not be written to {target}: {error.strerror}") from error
