"""What a viewer wants of an index: all tracks and all scores, so that it can choose among them by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Trajectory

from .asking import Scored
from .pipeline.select import Selection, threshold_of
from .result import video_to_dict
from .store.index_file import StoredIndex

_BOX_DIGITS = 2
_TIME_DIGITS = 6


def tracks_to_dict(stored: StoredIndex, name: str) -> dict[str, Any]:
    """Give all tracks of an index as plain JSON values, in columns.

    Args:
        stored: the index.
        name: what people call its video.

    Returns:
        `frames` in which there is a track and their `times_s`, each once; of each track its frames and its boxes, four
        numbers a frame one after the other; the segments that scores are of; and the `rule` by which scores become
        tracks (`service.pipeline.select`).
    """
    index = stored.index
    times_s = {
        frame: time_s
        for track in index.trajectories
        for frame, time_s in zip(track.frame_indices.tolist(), track.times_s.tolist(), strict=True)
    }
    frames = sorted(times_s)
    # the threshold depends on the kind of the scores, which come with them
    rule = Selection(protocol=stored.protocol).rule("probability", index.frame_stride)
    segments = index.segments
    return {
        "index": stored.id,
        "name": name,
        "video": video_to_dict(stored.video),
        "profile": stored.profile,
        "plugins": plugin_names(stored.plugins),
        "frame_stride": index.frame_stride,
        "warnings": list(index.warnings),
        "rule": {"closed_gap": rule.closed_gap, "shortest_span": rule.shortest_span},
        "frames": frames,
        "times_s": [round(times_s[frame], _TIME_DIGITS) + 0.0 for frame in frames],
        "tracks": [_track_to_dict(track) for track in index.trajectories],
        "segments": {
            "track_ids": segments.track_ids.tolist(),
            "first_frames": segments.first_frames.tolist(),
            "last_frames": segments.last_frames.tolist(),
        },
    }


def plugin_names(plugins: Mapping[str, Any]) -> dict[str, str | None]:
    """Give the names of those that an index was made with."""
    return {kind: use and use.name for kind, use in plugins.items()}


def scores_to_dict(scored: Scored) -> dict[str, Any]:
    """Give the scores of all segments as plain JSON values, in the order of the segments of `tracks_to_dict`."""
    # not rounded: whoever chooses by them is to find what `select` finds
    of_texts = dict(zip(scored.texts, scored.of_texts.values.T, strict=True))
    kind = scored.scores.kind
    queries = []
    for question, column in zip(scored.questions, scored.scores.values.T, strict=True):
        told: dict[str, Any] = {"query": question.text, "scores": column.tolist()}
        if not question.is_sentence:
            told["parts"] = [{"text": text, "scores": of_texts[text].tolist()} for text in question.parts]
        queries.append(told)
    return {
        "index": scored.index_id,
        "score_kind": kind,
        "threshold": threshold_of(None, kind),
        "queries": queries,
        "warnings": list(scored.warnings),
        "timings_s": {stage: round(seconds, _TIME_DIGITS) for stage, seconds in scored.timings_s.items()},
    }


def _track_to_dict(track: Trajectory) -> dict[str, Any]:
    return {
        "track_id": int(track.track_id),
        "class": track.class_name,
        "frames": track.frame_indices.tolist(),
        "boxes_xyxy": _rounded(track.boxes_xyxy.reshape(-1), _BOX_DIGITS),  # (T, 4) -> (T * 4,)
    }


def _rounded(values: npt.NDArray[np.float32], digits: int) -> list[float]:
    """Round, without a negative zero."""
    found: list[float] = (np.round(values.astype(np.float64), digits) + 0.0).tolist()
    return found
