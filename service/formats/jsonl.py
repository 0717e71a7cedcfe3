"""One line of JSON per sentence and track."""

from __future__ import annotations

from collections.abc import Iterator

from trackspeak.service.result import Result, to_json_line, track_to_dict


def jsonl_lines(result: Result) -> Iterator[str]:
    """Give one line per sentence and track, the track as in `result.json` with its `query`."""
    for answer in result.queries:
        for track in answer.tracks:
            yield to_json_line({"query": answer.query, **track_to_dict(track)})
