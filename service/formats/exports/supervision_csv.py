"""`supervision`: CSV as supervision's `CSVSink` writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trackspeak.service.result import Result

from .rows import Box, answers, boxes, class_names

if TYPE_CHECKING:
    import supervision as sv


def write_supervision(result: Result, video_name: str, path: Path) -> None:
    """Write a row per sentence, frame and track, with the columns of `CSVSink` and four of ours.

    `class_id` is the class's place among the result's class names in order of the alphabet, from 0.
    """
    del video_name  # one file is one video
    import supervision as sv

    ids = {name: number for number, name in enumerate(class_names(result))}
    with sv.CSVSink(str(path)) as sink:
        sink.append(_detections("", [], ids))  # so that there is a header even without a box
        for query, tracks in answers(result).items():
            sink.append(_detections(query, boxes(tracks), ids))


def _detections(query: str, rows: Sequence[Box], ids: Mapping[str, int]) -> sv.Detections:
    """Put boxes of many frames into one batch, which is all that a sink is given."""
    import numpy as np
    import supervision as sv

    return sv.Detections(
        xyxy=np.array([row.xyxy for row in rows], np.float64).reshape(-1, 4),
        confidence=np.array([row.score for row in rows], np.float64),
        class_id=np.array([ids[row.class_name] for row in rows], np.int64),
        tracker_id=np.array([row.track_id for row in rows], np.int64),
        data={
            "frame_index": np.array([row.frame for row in rows], np.int64),
            "time_s": np.array([row.time_s for row in rows], np.float64),
            "query": np.array([query] * len(rows), object),
            "class_name": np.array([row.class_name for row in rows], object),
        },
    )
