"""Write a result's files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from trackspeak.service.limits import Limits
from trackspeak.service.result import Result

from .atomic import RESULT_FILE, staged_folder, write_lines
from .exports import EXPORTS, Export, find_export
from .exports.names import DEFAULT_VIDEO
from .exports.registry import write_staged
from .folders import query_folders
from .jsonl import jsonl_lines
from .mot import referred_text, trajectory_text

TRACKS_JSONL_FILE = "tracks.jsonl"
TRACKS_MOT_FILE = "tracks.txt"
PREDICT_FILE = "predict.txt"
VIDEO_FILE = "annotated.mp4"
_FILES = (RESULT_FILE, TRACKS_JSONL_FILE, TRACKS_MOT_FILE, VIDEO_FILE)
_TAKEN = (*_FILES, *(export.file_name for export in EXPORTS.values()))


def write_outputs(
    result: Result,
    video_path: Path | None,
    out_dir: Path,
    *,
    video: bool = True,
    limits: Limits | None = None,
    progress: Callable[[int], None] | None = None,
    exports: Sequence[str] = (),
    video_name: str | None = None,
) -> list[Path]:
    """Write a result's files into a folder, all or, after an error, none (see `staged_folder`).

    - `result.json`: the result.
    - `tracks.jsonl`: one line per query and track, the track as in `result.json` with its `query`.
    - `tracks.txt`: MOTChallenge text of all tracks, referred to or not.
    - `<query>/predict.txt`: MOTChallenge text of the referred frames, one folder per query (see `query_folders`),
      an empty file where nothing is referred to.
    - `annotated.mp4`: the video with the referred tracks drawn in.
    - a file per export asked for, called as `EXPORTS` says.

    Files of the same names are replaced; other files in the folder stay.

    Args:
        result: what to write.
        video_path: the video or folder of images, decoded a second time for `annotated.mp4`; None for no such file.
        out_dir: made if it is not there.
        video: whether to write `annotated.mp4`.
        limits: those that the video was first decoded with.
        progress: told the number of frames written to `annotated.mp4` so far.
        exports: names of formats, see `EXPORTS`.
        video_name: what the video is called in exports.

    Returns:
        The files written, `result.json` last.

    Raises:
        UnknownNameError: if there is no export of that name.
        OutputError: if they cannot be written; nothing is left half-written.
        VideoError: if the video can no longer be read.
    """
    asked = _asked(exports)
    name = video_name or DEFAULT_VIDEO
    with staged_folder(out_dir) as (stage, finished):
        for query, folder in _query_folders(result).items():
            tracks = next(answer.tracks for answer in result.queries if answer.query == query)
            write_lines(stage / folder / PREDICT_FILE, [referred_text(tracks, result.first_frame)])
        write_lines(stage / TRACKS_MOT_FILE, [trajectory_text(result.trajectories, result.first_frame)])
        write_lines(stage / TRACKS_JSONL_FILE, jsonl_lines(result))
        write_lines(stage / RESULT_FILE, [result.to_json()])
        for export in asked:
            write_staged(export, result, name, stage / export.file_name)
        if video and video_path is not None:
            from .video import write_video

            write_video(result, video_path, stage / VIDEO_FILE, limits=limits or Limits(), progress=progress)
    return finished


def output_names(queries: Sequence[str], *, video: bool, exports: Sequence[str] = ()) -> tuple[str, ...]:
    """Name the files that `write_outputs` makes for some sentences, relative to its folder.

    Raises:
        UnknownNameError: if there is no export of that name.
    """
    folders = query_folders(queries, taken=_TAKEN).values()
    files = [name for name in _FILES if video or name != VIDEO_FILE]
    files += [export.file_name for export in _asked(exports)]
    return (*files, *(f"{folder}/{PREDICT_FILE}" for folder in folders))


def _query_folders(result: Result) -> dict[str, str]:
    """Name the queries' folders, none like one of the files that may be beside them."""
    return query_folders([answer.query for answer in result.queries], taken=_TAKEN)


def _asked(exports: Sequence[str]) -> list[Export]:
    """Give the exports asked for, each once, without those that are written in any case."""
    found = {name: find_export(name) for name in exports}
    return [export for export in found.values() if export.file_name not in _FILES]
