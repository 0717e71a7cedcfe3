"""The raw score of every track in every frame for every sentence, as researchers compare them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from trackspeak.service.pipeline.select import covered_frames, frame_scores
from trackspeak.service.result import Result

from .atomic import replaced_file, write_lines


def write_scores(result: Result, path: Path) -> None:
    """Write a JSON list of `{"track_id", "frame", "query", "score"}`, one per track, frame and query.

    `frame` counts from 0 in the video's order; `score` is the mean over the segments that cover the frame, as the
    matcher gave it, before any calibration and without rounding. Frames that no segment covers are left out.

    Args:
        result: of `track`.
        path: the file; its folder is made if it is not there.

    Raises:
        OutputError: if it cannot be written; nothing is left half-written.
    """
    with replaced_file(path) as partial:
        write_lines(partial, _lines(result))


def _lines(result: Result) -> Iterator[str]:
    yield "["
    parted = "\n"
    for track_id, frame, query, score in _rows(result):
        row = {"track_id": track_id, "frame": frame, "query": query, "score": score}
        yield parted + json.dumps(row, ensure_ascii=False, allow_nan=False)
        parted = ",\n"
    yield "\n]\n"


def _rows(result: Result) -> Iterator[tuple[int, int, str, float]]:
    if result.raw is None:
        return
    for trajectory in result.trajectories:
        scores = frame_scores(trajectory, result.raw.segments, result.raw.scores)  # (T, queries)
        covered = covered_frames(trajectory, result.raw.segments)
        for frame, of_frame, seen in zip(trajectory.frame_indices.tolist(), scores, covered, strict=True):
            if seen:
                for answer, score in zip(result.queries, of_frame.tolist(), strict=True):
                    yield int(trajectory.track_id), frame, answer.query, score
