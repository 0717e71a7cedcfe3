"""`json` and `jsonl`: the result as trackspeak itself writes it."""

from __future__ import annotations

from pathlib import Path

from trackspeak.service.formats.atomic import write_lines
from trackspeak.service.formats.jsonl import jsonl_lines
from trackspeak.service.result import Result


def write_json(result: Result, video_name: str, path: Path) -> None:
    """Write `result.json`."""
    del video_name  # the video is known by its hash there
    write_lines(path, [result.to_json()])


def write_jsonl(result: Result, video_name: str, path: Path) -> None:
    """Write `tracks.jsonl`: one line per sentence and track."""
    del video_name  # one file is one video
    write_lines(path, jsonl_lines(result))
