"""The commands about indexes: watch once, ask many times."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
    Weights,
    given_options,
)

Index = Annotated[str, typer.Argument(help="An index's id, a video's SHA-256, the beginning of one, or a name.")]


def add_index_commands(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (index, ask, indexes, forget):
        app.command()(command)


def index(
    videos: Annotated[list[Path], typer.Argument(help="Video files, animated images, or folders of images.")],
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
    max_gap: MaxGap = None,
    frame_stride: FrameStride = None,
    looks_per_track: LooksPerTrack = None,
    frame_rate: FrameRate = None,
    server: Server = None,
) -> None:
    """Watch videos once, to ask them later."""
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
        max_gap=max_gap,
        frame_stride=frame_stride,
        looks_per_track=looks_per_track,
        frame_rate=frame_rate,
    )
    from .remote import index_or_have_indexed

    index_or_have_indexed(server, videos, options)


def ask(
    index: Index,
    query: Queries,
    calibrator: Calibrator = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="calibrator.KEY=VALUE", help="An option of that calibrator.")
    ] = None,
    threshold: Threshold = None,
    min_probability: MinProbability = None,
    top: Top = None,
    near_misses: NearMisses = None,
    protocol: Protocol = None,
    first_frame: FirstFrame = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write all results but the video to.")] = None,
    export: Export = None,
    scores: Scores = None,
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Picture file for a contact sheet: each sentence's tracks.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print result.json, and nothing else.")] = False,
    server: Server = None,
) -> None:
    """Ask an indexed video, without watching it again."""
    options = given_options(
        set_ or (),
        None,
        calibrator=calibrator,
        threshold=threshold,
        min_probability=min_probability,
        top=top,
        near_misses=near_misses,
        protocol=protocol,
        first_frame=first_frame,
    )
    from .remote import ask_or_have_asked

    ask_or_have_asked(
        server, index, query, options, out=out, exports=export or (), scores=scores, sheet=sheet, as_json=json
    )


def indexes() -> None:
    """List what is indexed."""
    from .show_index import show_indexes

    show_indexes()


def forget(index: Index) -> None:
    """Delete an index, and all that was kept of its video."""
    from .show_index import forget as forget_index

    forget_index(index)
