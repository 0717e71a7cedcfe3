"""The command line. Light to import: what is heavy is imported by the command that needs it.

Exit codes: 0 done (also when nothing matches), 1 failed, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from trackspeak.models.errors import InputError, TrackspeakError

from .cli_catalogue import add_catalogue_commands
from .cli_index import add_index_commands
from .cli_keys import add_key_commands
from .cli_options import (
    Calibrator,
    Detector,
    Embedder,
    Export,
    FirstFrame,
    FrameRate,
    FrameStride,
    LooksPerTrack,
    Matcher,
    MaxGap,
    MinProbability,
    NearMisses,
    Postprocessor,
    Profile,
    Protocol,
    Queries,
    Scores,
    Server,
    Set,
    Threshold,
    Top,
    Tracker,
    Tracks,
    Video,
    Weights,
    given_options,
)
from .cli_search import add_search_commands
from .cli_serve import add_serve_commands

app = typer.Typer(
    name="trackspeak",
    help="Speak to trackers: a video and a sentence in, the tracks that the sentence refers to out.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@dataclass(slots=True)
class _Debugging:
    """Whether the user asked for tracebacks; one per call of `main`."""

    wanted: bool = False


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Args:
        arguments: by default those of the process.

    Raises:
        SystemExit: always, with the exit code.
    """
    debugging = _Debugging()
    for stream in (sys.stdout, sys.stderr):  # a sentence may hold what the terminal cannot show
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(args=arguments, prog_name="trackspeak", obj=debugging)
    except TrackspeakError as error:
        if debugging.wanted:
            raise
        typer.echo(f"error: {_one_line(error)}", err=True)
        sys.exit(2 if isinstance(error, InputError) else 1)
    except Exception as error:
        if debugging.wanted:
            raise
        typer.echo(f"error: unexpected {type(error).__name__}: {_one_line(error)}", err=True)
        typer.echo("`trackspeak --debug ...` shows where it comes from", err=True)
        sys.exit(1)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"trackspeak {version('trackspeak')}")
        raise typer.Exit


@app.callback()
def _global_options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    del version  # its callback has done it
    context.obj.wanted = debug


@app.command()
def run(
    video: Video,
    query: Queries,
    profile: Profile = None,
    detector: Detector = None,
    embedder: Embedder = None,
    tracker: Tracker = None,
    postprocessor: Postprocessor = None,
    matcher: Matcher = None,
    calibrator: Calibrator = None,
    set_: Set = None,
    tracks: Tracks = None,
    weights: Weights = None,
    threshold: Threshold = None,
    min_probability: MinProbability = None,
    top: Top = None,
    near_misses: NearMisses = None,
    protocol: Protocol = None,
    max_gap: MaxGap = None,
    first_frame: FirstFrame = None,
    frame_stride: FrameStride = None,
    looks_per_track: LooksPerTrack = None,
    frame_rate: FrameRate = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write all results to.")] = None,
    video_out: Annotated[
        bool, typer.Option("--video/--no-video", help="Whether --out gets the annotated video.")
    ] = True,
    export: Export = None,
    scores: Scores = None,
    json: Annotated[bool, typer.Option("--json", help="Print result.json, and nothing else.")] = False,
    server: Server = None,
) -> None:
    """Find the tracks that sentences refer to."""
    options = given_options(
        set_ or (),
        tracks,
        weights,
        profile=profile,
        detector=detector,
        embedder=embedder,
        tracker=tracker,
        postprocessor=postprocessor or None,
        matcher=matcher,
        calibrator=calibrator,
        threshold=threshold,
        min_probability=min_probability,
        top=top,
        near_misses=near_misses,
        protocol=protocol,
        max_gap=max_gap,
        first_frame=first_frame,
        frame_stride=frame_stride,
        looks_per_track=looks_per_track,
        frame_rate=frame_rate,
    )
    from .remote import run_or_have_run

    run_or_have_run(
        server, video, query, options, out=out, exports=export or (), scores=scores, video_out=video_out, as_json=json
    )


@app.command()
def compare(
    video: Video,
    tracker: Annotated[list[str], typer.Option(help="A tracker; give it again for each to compare.")],
    query: Queries,
    profile: Profile = None,
    detector: Detector = None,
    embedder: Embedder = None,
    postprocessor: Postprocessor = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KIND.KEY=VALUE", help="A plugin's option; a tracker's by its name: sort.boxes=..."
        ),
    ] = None,
    frame_stride: FrameStride = None,
    frame_rate: FrameRate = None,
    out: Annotated[Path | None, typer.Option(help="MP4 file to draw all of them into, side by side.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")] = False,
) -> None:
    """Compare trackers on one video, over the same boxes."""
    options = given_options(
        set_ or (),
        None,
        profile=profile,
        detector=detector,
        embedder=embedder,
        postprocessor=postprocessor or None,
        frame_stride=frame_stride,
        frame_rate=frame_rate,
    )
    from .show_comparison import compare_and_show

    compare_and_show(video, tracker, query, options, out=out, as_json=json)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder to write the clip and the results to.")] = Path("trackspeak-demo"),
) -> None:
    """Render a small street clip and ask it three questions, offline."""
    from .demo import show_demo

    show_demo(out)


@app.command()
def fit_frequencies(
    counts: Annotated[Path, typer.Argument(help='JSON of training boxes: {"red cars": 240, ...}.')],
    encoder: Annotated[Path, typer.Option(help="CLIP weights whose text tower compares expressions (iKUN: ViT-B/32).")],
    out: Annotated[Path, typer.Option(help="File to write, for the calibrator `frequency`.")],
    quick_gelu: Annotated[
        bool | None,
        typer.Option(help="Whether the encoder was trained with QuickGELU; by default OpenAI's archives were alone."),
    ] = None,
) -> None:
    """Encode a model's training expressions for the calibrator `frequency`."""
    from trackspeak.models.frequency import TextEncoder, count_expressions
    from trackspeak.models.frequency import fit_frequencies as fit

    from .formats.atomic import check_replaceable, replaced_file

    check_replaceable("out", out)  # before all is encoded, which can take long
    counted = count_expressions(counts)
    fitted = fit(counted, TextEncoder(encoder, quick_gelu=quick_gelu))
    with replaced_file(out) as partial:
        fitted.save(partial)
    typer.echo(f"{len(counted)} expressions in {out}", err=True)


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="A set of published weights: clip.")],
    offline: Annotated[bool, typer.Option("--offline", help="Check what is there; fetch nothing.")] = False,
) -> None:
    """Fetch published weights, verified by their hashes."""
    from .console import pull_and_show

    pull_and_show(name, offline=offline)


@app.command()
def plugins(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the plugins, also broken ones and why."""
    from .console import show_plugins

    show_plugins(as_json=json)


@app.command()
def profiles() -> None:
    """List the profiles."""
    from .console import show_profiles

    show_profiles()


@app.command()
def settings() -> None:
    """Show the settings in effect."""
    from .console import show_settings

    show_settings()


add_index_commands(app)
add_catalogue_commands(app)
add_search_commands(app)
add_serve_commands(app)
add_key_commands(app)
