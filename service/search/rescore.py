"""The exact answer about some tracks: their rows, scored by the matcher itself and selected as in every answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from trackspeak.plugins.contract import (
    Phrases,
    ReferredTrack,
    ScoreKind,
    Scores,
    SearchableMatcher,
    Segments,
    SegmentVectors,
    Trajectory,
)
from trackspeak.service.asking import Asker
from trackspeak.service.pipeline.answer import calibrated, refer
from trackspeak.service.pipeline.index import VideoIndex
from trackspeak.service.pipeline.select import Selection, threshold_of
from trackspeak.service.pipeline.watch import blaming
from trackspeak.service.questions import Question, combine
from trackspeak.service.store.index_file import IndexSummary

from .rows import IndexRows, Path

Answered = list[tuple[IndexSummary, ReferredTrack]]


def score_rows(vectors: SegmentVectors, asker: Asker, phrases: Phrases) -> Scores:
    """Give the calibrated scores of segments for each sentence.

    Raises:
        PluginError: if a plugin fails.
    """
    with blaming("matcher"):
        scores = cast(SearchableMatcher, asker.matcher).score_vectors(vectors, phrases)
    return calibrated(scores, asker.calibrators, phrases)


def rescore(
    rows: IndexRows,
    tracks: Sequence[tuple[IndexSummary, int]],
    asker: Asker,
    question: Question,
    phrases: Phrases,
    threshold: float | None,
) -> tuple[Answered, ScoreKind]:
    """Say which tracks a question refers to.

    Args:
        rows: of the tracks, one track after the other.
        tracks: index and number of rows of each.
        asker: matcher and calibrators.
        question: what is asked.
        phrases: its sentences.
        threshold: of frames; None: the score kind's.

    Raises:
        PluginError: if a plugin fails.
    """
    scores = score_rows(rows.vectors, asker, phrases)
    above = combine([question], phrases.texts, scores).values[:, 0] > threshold_of(threshold, scores.kind)
    ends = np.cumsum([count for _, count in tracks])
    found: Answered = []
    for (index, count), end in zip(tracks, ends.tolist(), strict=True):
        part = slice(end - count, end)
        if not above[part].any():
            continue  # no frame's mean is above either
        of_track = Scores(scores.values[part], scores.kind)
        selection = Selection(threshold, index.protocol)
        answered, _ = refer(_only(rows, part, index), [question], phrases.texts, of_track, selection)
        found.extend((index, track) for track in answered[0].tracks)
    return found, scores.kind


def _only(rows: IndexRows, part: slice, index: IndexSummary) -> VideoIndex:
    """Give the index of one track alone; its boxes are not known here."""
    path = cast(Path, rows.paths[part.start])
    count, length = part.stop - part.start, len(path.frame_indices)
    boxes_xyxy = np.tile(np.array([0, 0, 1, 1], np.float32), (length, 1))
    track_id = int(rows.track_ids[part.start])
    trajectory = Trajectory(
        track_id,
        rows.class_names[part.start],
        path.frame_indices,
        path.times_s,
        boxes_xyxy,
        np.ones(length, np.float32),
    )
    segments = Segments(
        rows.track_ids[part],
        rows.first_frames[part],
        rows.last_frames[part],
        np.zeros((count, 0), np.int64),
        np.zeros((count, 0, 0), np.float32),
    )
    return VideoIndex((trajectory,), segments, None, (), {}, index.frame_stride)


def rank_of(score: float, kind: ScoreKind) -> float:
    """Give what tracks of different spaces are ordered by: a probability, or a cosine's logit as one."""
    return score if kind == "probability" else float(1 / (1 + np.exp(-score)))
