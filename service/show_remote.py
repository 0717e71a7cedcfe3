"""What `run`, `index` and `ask` do with `--server`: the work is done there, what is shown is the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from trackspeak.models.errors import OptionError
from trackspeak.plugins.contract import BestSegment, NearMiss, ReferredTrack, ReferredTracks, Span

from .client import Client, calls
from .client.answers import Answer, Track, read_answers
from .console import print_bytes, show_progress
from .formats.atomic import RESULT_FILE, replaced_file
from .formats.exports import find_export
from .formats.write import VIDEO_FILE
from .limits import check_queries
from .options import RunOptions
from .plugin_files import named_files
from .pull import is_pulled
from .result import plain_value
from .settings import load_settings
from .tables import near_miss_table, query_table


def open_client(server: str | None) -> Client | None:
    """Give the client of the service that is to do the work; None: it is to be done here.

    Args:
        server: as the command line says; None: as the settings do.
    """
    settings = load_settings()
    url = settings.server if server is None else server
    if not url:
        return None
    return Client(url, None if settings.api_key is None else settings.api_key.get_secret_value())


def sendable(options: RunOptions) -> dict[str, Any]:
    """Give the options that differ from the defaults, as JSON has them.

    Raises:
        OptionError: if one names a file of this machine.
    """
    if options.profile.endswith(".toml"):
        raise OptionError(f"profile: {options.profile} is a file of this machine, which the server does not see")
    for key, paths in named_files(options).items():
        if key in options.set and paths and not is_pulled(options.set[key]):
            raise OptionError(f"set: {key} names a file of this machine, which the server does not see")
    default = RunOptions()
    chosen = {one.name: getattr(options, one.name) for one in fields(options)}
    return {name: plain_value(value) for name, value in chosen.items() if value != getattr(default, name)}


def run_there(
    client: Client,
    video: Path,
    queries: Sequence[str],
    options: RunOptions,
    *,
    out: Path | None,
    exports: Sequence[str],
    video_out: bool,
    as_json: bool,
) -> None:
    """Send a video and sentences, show how far it is, print the answers, and fetch the files asked for.

    Raises:
        TrackspeakError: what the service tells of, or `OutputError` for a file that cannot be written.
    """
    texts = check_queries(queries, load_settings().limits())
    formats = {name: find_export(name) for name in exports}
    chosen = sendable(options)
    with client, show_progress() as shown:
        job = client.submit(video, texts, **chosen)
        try:
            watching = shown.add_task("watching", total=None)
            ended = client.wait(job.id, progress=_moves(shown, watching))
        except BaseException:
            client.cancel(job.id)
            raise
        error = calls.failed(ended)
        if error is not None:
            raise error
        raw = client.raw_result(job.id)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            with replaced_file(out / RESULT_FILE) as partial:
                partial.write_bytes(raw)
            for name, export in formats.items():
                client.export(job.id, name, out / export.file_name)
            if video_out:
                client.annotated(job.id, out / VIDEO_FILE)
            typer.echo(f"{1 + len(formats) + video_out} files written to {out}", err=True)
    _show(raw, as_json)


def index_there(client: Client, videos: Sequence[Path], options: RunOptions) -> None:
    """Send videos, have them indexed one after the other, and print the id of each index.

    Raises:
        TrackspeakError: what the service tells of.
    """
    chosen = sendable(options)
    with client, show_progress() as shown:
        for path in videos:
            sending = shown.add_task(f"sending {path.name}", total=None)
            video = client.upload(path, progress=_moves(shown, sending))
            job = client.index(video.id, **chosen)
            watching = shown.add_task(f"watching {path.name}", total=None)
            try:
                ended = client.wait(job.id, progress=_moves(shown, watching))
            except BaseException:
                client.cancel(job.id)
                raise
            error = calls.failed(ended)
            if error is not None:
                raise error
            typer.echo(f"{json.loads(client.raw_result(job.id))['index']}\t{path.name}")


def ask_there(client: Client, video: str, queries: Sequence[str], options: RunOptions, *, as_json: bool) -> None:
    """Ask a video that is indexed there, and print the answers.

    Raises:
        TrackspeakError: what the service tells of.
    """
    texts = check_queries(queries, load_settings().limits())
    with client:
        answers = client.ask(video, texts, **sendable(options))
    _show(json.dumps(answers.raw, ensure_ascii=False, separators=(",", ":")).encode() + b"\n", as_json)


def _moves(shown: Progress, task: Any) -> calls.Progress:
    return lambda done, total: shown.update(task, completed=done, total=total or None)


def _show(raw: bytes, as_json: bool) -> None:
    answers = read_answers(json.loads(raw))
    for warning in answers.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if as_json:
        print_bytes(raw)
        return
    console = Console()
    for answer, values in zip(answers.queries, answers.raw["queries"], strict=True):
        console.print(query_table(_referred(answer, values)))
        if "near_misses" in values:
            console.print(near_miss_table([_missed(one) for one in values["near_misses"]]))


def _referred(answer: Answer, values: Mapping[str, Any]) -> ReferredTracks:
    parts = [tuple(one.get("parts", {}).items()) for one in values["tracks"]]
    found = (_track(track, own) for track, own in zip(answer.tracks, parts, strict=True))
    return ReferredTracks(answer.query, tuple(found))


def _track(track: Track, parts: tuple[tuple[str, float], ...]) -> ReferredTrack:
    return ReferredTrack(
        track.track_id,
        track.class_name,
        track.score,
        tuple(Span(span.first_frame, span.last_frame, span.score) for span in track.spans),
        np.array([box.frame_index for box in track.boxes], np.int64),
        np.array([box.time_s for box in track.boxes], np.float64),
        np.array([box.xyxy for box in track.boxes], np.float32),
        np.array([box.score for box in track.boxes], np.float32),
        parts,
    )


def _missed(values: Mapping[str, Any]) -> NearMiss:
    best = values["best"]
    segment = BestSegment(**{one.name: best[one.name] for one in fields(BestSegment)})
    parts = tuple(values.get("parts", {}).items())
    return NearMiss(values["track_id"], values["class"], values["score"], segment, values["why"], parts)
