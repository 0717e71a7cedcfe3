"""The result: the same over the command line, HTTP and gRPC, and the JSON Schema that it keeps to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike, fspath
from typing import Any

from trackspeak.plugins.contract import (
    NearMiss,
    ReferredTrack,
    ReferredTracks,
    ScoreKind,
    Scores,
    Segments,
    Span,
    Trajectory,
)
from trackspeak.service.pipeline.video_info import VideoFacts

_SCORE_DIGITS = 6
_TIME_DIGITS = 6
_BOX_DIGITS = 2


@dataclass(frozen=True, slots=True)
class PluginUse:
    """A plugin that took part.

    Attributes:
        name: its name in the registry.
        options: all of its options, the defaults too.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


Used = Mapping[str, PluginUse | None]
"""Kind ("detector", "tracker", ...) -> the plugin; None where that step was not needed."""


@dataclass(frozen=True, slots=True, eq=False)
class RawScores:
    """What a matcher said before any calibration.

    Attributes:
        segments: S segments.
        scores: (S, queries).
    """

    segments: Segments
    scores: Scores


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What was asked of one video, and the answer.

    Attributes:
        video: the video's facts.
        profile: the profile's name.
        plugins: kind ("detector", "tracker", ...) -> the plugin, None where that step was not needed.
        weights: kind/file -> SHA-256 of every weight file that made the result, such as matcher/best.pth.
        score_kind: what the scores are.
        timings_s: stage -> seconds; all in which two runs differ.
        warnings: what the user should know.
        first_frame: the number that MOT files give the first frame; frames in the JSON count from 0.
        queries: the answers, in the order asked.
        trajectories: all tracks of the video, for `tracks.txt`; not in the JSON.
        raw: the matcher's scores, for a file of scores; not in the JSON.
    """

    video: VideoFacts
    profile: str
    plugins: Used
    weights: Mapping[str, str]
    score_kind: ScoreKind
    timings_s: Mapping[str, float]
    warnings: tuple[str, ...]
    first_frame: int
    queries: tuple[ReferredTracks, ...]
    trajectories: tuple[Trajectory, ...] = ()
    raw: RawScores | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give the result as plain JSON values, as `result_schema` describes; numbers are rounded."""
        return {
            "video": video_to_dict(self.video),
            "profile": self.profile,
            "plugins": {
                kind: use and {"name": use.name, "options": plain_value(use.options)}
                for kind, use in self.plugins.items()
            },
            "weights": dict(self.weights),
            "score_kind": self.score_kind,
            "first_frame": self.first_frame,
            "timings_s": {stage: _rounded(seconds, _TIME_DIGITS) for stage, seconds in self.timings_s.items()},
            "warnings": list(self.warnings),
            "queries": [_answer_to_dict(answer) for answer in self.queries],
        }

    def to_json(self) -> str:
        """Give `to_dict()` as one line of JSON, ended by a newline; the same result gives the same text."""
        return to_json_line(self.to_dict())


def to_json_line(value: Mapping[str, Any]) -> str:
    """Write plain values as one line of JSON; a NaN is an error, since JSON has none."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def _answer_to_dict(answer: ReferredTracks) -> dict[str, Any]:
    missed = answer.near_misses
    return {
        "query": answer.query,
        "tracks": [track_to_dict(track) for track in answer.tracks],
        **({} if missed is None else {"near_misses": [_near_miss_to_dict(one) for one in missed]}),
    }


def _near_miss_to_dict(missed: NearMiss) -> dict[str, Any]:
    best = missed.best
    return {
        "track_id": missed.track_id,
        "class": missed.class_name,
        "score": _rounded(missed.score, _SCORE_DIGITS),
        **_parts_to_dict(missed.part_scores),
        "best": {
            "first_frame": best.first_frame,
            "last_frame": best.last_frame,
            "first_time_s": _rounded(best.first_time_s, _TIME_DIGITS),
            "last_time_s": _rounded(best.last_time_s, _TIME_DIGITS),
            "score": _rounded(best.score, _SCORE_DIGITS),
        },
        "why": missed.why,
    }


def _parts_to_dict(part_scores: Sequence[tuple[str, float]]) -> dict[str, dict[str, float]]:
    """Give the scores of the sentences of an expression; nothing for a single sentence."""
    parts = {text: _rounded(score, _SCORE_DIGITS) for text, score in part_scores}
    return {"parts": parts} if parts else {}


def video_to_dict(video: VideoFacts) -> dict[str, Any]:
    """Give a video's facts as plain JSON values."""
    return {
        "frames": video.frames,
        "fps": _rounded(video.frame_rate, _TIME_DIGITS),
        "width": video.width,
        "height": video.height,
        "duration_s": _rounded(video.duration_s, _TIME_DIGITS),
        "sha256": video.sha256,
    }


def track_to_dict(track: ReferredTrack) -> dict[str, Any]:
    """Give one referred track as plain JSON values."""
    times_s = dict(zip(track.frame_indices.tolist(), track.times_s.tolist(), strict=True))
    return {
        "track_id": int(track.track_id),
        "class": track.class_name,
        "score": _rounded(track.score, _SCORE_DIGITS),
        **_parts_to_dict(track.part_scores),
        "spans": [_span_to_dict(span, times_s) for span in track.spans],
        "boxes": [
            {
                "frame": frame,
                "time_s": _rounded(times_s[frame], _TIME_DIGITS),
                "xyxy": [_rounded(value, _BOX_DIGITS) for value in box],
                "score": _rounded(score, _SCORE_DIGITS),
            }
            for frame, box, score in zip(
                track.frame_indices.tolist(), track.boxes_xyxy.tolist(), track.frame_scores.tolist(), strict=True
            )
        ],
    }


def _span_to_dict(span: Span, times_s: Mapping[int, float]) -> dict[str, Any]:
    """Give one span; its first and last frame are frames of the track."""
    return {
        "first_frame": int(span.first_frame),
        "last_frame": int(span.last_frame),
        "first_time_s": _rounded(times_s[span.first_frame], _TIME_DIGITS),
        "last_time_s": _rounded(times_s[span.last_frame], _TIME_DIGITS),
        "score": _rounded(span.score, _SCORE_DIGITS),
    }


def _rounded(value: float, digits: int) -> float:
    """Round, without a negative zero."""
    return round(float(value), digits) + 0.0


def plain_value(value: object) -> Any:
    """Turn option values into JSON values: paths into text, tuples into lists."""
    if isinstance(value, Mapping):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, PathLike):
        return str(fspath(value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain_value(item) for item in value]
    return value
