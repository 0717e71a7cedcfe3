"""The options that commands share, and how the options of a run come of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trackspeak.models.errors import OptionError

if TYPE_CHECKING:
    from .options import RunOptions

Video = Annotated[Path, typer.Argument(help="A video file, an animated image, or a folder of images.")]
Queries = Annotated[list[str], typer.Option("--query", "-q", help="A sentence; may be given again.")]
Profile = Annotated[str | None, typer.Option(help="A profile's name or TOML file; see `profiles`.")]
Detector = Annotated[str | None, typer.Option(help="A detector in place of the profile's; see `plugins`.")]
Embedder = Annotated[
    str | None, typer.Option(help="What makes a tracker's appearance embeddings, in place of the matcher.")
]
Tracker = Annotated[str | None, typer.Option(help="A tracker in place of the profile's.")]
Postprocessor = Annotated[list[str] | None, typer.Option(help="What mends the tracks afterwards; may be given again.")]
Matcher = Annotated[str | None, typer.Option(help="A matcher in place of the profile's.")]
Calibrator = Annotated[str | None, typer.Option(help="A calibrator in place of the profile's; none for raw scores.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KIND.KEY=VALUE", help="A plugin's option; may be given again.")
]
Tracks = Annotated[
    Path | None, typer.Option(help="Tracks to use, a MOT result: --tracker from_file --set tracker.path=FILE.")
]
Weights = Annotated[Path | None, typer.Option(help="The matcher's weights: --set matcher.model=FILE.")]
Threshold = Annotated[float | None, typer.Option(help="Frames that score above it are referred to.")]
MinProbability = Annotated[float | None, typer.Option(help="Tracks whose score is below it are left out.")]
Top = Annotated[int | None, typer.Option(help="At most so many tracks of each sentence, the best.")]
NearMisses = Annotated[
    int | None, typer.Option(help="Also show at most so many tracks that a sentence nearly refers to, with why.")
]
Protocol = Annotated[
    str | None, typer.Option(help="trackspeak closes gaps and drops short spans, ikun is the raw rule per frame.")
]
MaxGap = Annotated[int | None, typer.Option(help="Missed frames that a segment may bridge.")]
FirstFrame = Annotated[int | None, typer.Option(help="Number of the first frame in MOT files written.")]
FrameStride = Annotated[int | None, typer.Option(help="Look at one of so many frames.")]
LooksPerTrack = Annotated[int | None, typer.Option(help="Keep at most so many looks of each track.")]
FrameRate = Annotated[float | None, typer.Option(help="Frames per second of a folder of images.")]
Scores = Annotated[Path | None, typer.Option(help="JSON file for the raw score of every track, frame and sentence.")]

Server = Annotated[
    str | None, typer.Option(metavar="URL", help="A service that does the work; by default the setting.")
]

Export = Annotated[
    list[str] | None,
    typer.Option("--export", metavar="FORMAT", help="A format to add to --out: coco, cvat, ...; may be given again."),
]

FROM_FILE = "from_file"  # as in options.py, which is heavier to import


def given_options(
    assignments: Iterable[str], tracks: Path | None, weights: Path | None = None, **given: object
) -> RunOptions:
    """Make the options of a run.

    Args:
        assignments: `kind.key=value` each; the plugin's options turn the text into what they want.
        tracks: a MOT result to take the tracks from.
        weights: the matcher's weights.
        given: the other options of a run; None where the user said nothing.

    Raises:
        OptionError: if one is wrong, `tracks` comes with another tracker, or `weights` with others.
    """
    from .options import parse_run_options

    chosen: dict[str, str] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise OptionError(f"--set must be KIND.KEY=VALUE, got {assignment!r}")
        if key in chosen:
            raise OptionError(f"--set {key} must be given once, got {chosen[key]!r} and {value!r}")
        chosen[key] = value
    if tracks is not None:
        if given.get("tracker") not in (None, FROM_FILE) or "tracker.path" in chosen:
            raise OptionError("--tracks is the tracker from_file with its path; give no other tracker or path")
        given |= {"tracker": FROM_FILE}
        chosen["tracker.path"] = str(tracks)
    if weights is not None:
        if "matcher.model" in chosen:
            raise OptionError("--weights is --set matcher.model=FILE; give one of the two")
        chosen["matcher.model"] = str(weights)
    return parse_run_options({**{key: value for key, value in given.items() if value is not None}, "set": chosen})
