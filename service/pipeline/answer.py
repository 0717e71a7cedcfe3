"""From an index and described texts to referred tracks: score, calibrate, select."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trackspeak.models.trajectory import FEATURES, POINTS
from trackspeak.plugins.contract import (
    Calibrator,
    Frame,
    Matcher,
    Observations,
    Phrases,
    ReferredTracks,
    ScoreKind,
    Scores,
    Segments,
)
from trackspeak.service.questions import Question, combine

from .index import VideoIndex
from .near_misses import NearMisses
from .select import Selection, frame_scores, select
from .watch import Stopwatch, blaming

_BLANK_SIDE = 32


def answer(
    index: VideoIndex,
    questions: Sequence[Question],
    phrases: Phrases,
    matcher: Matcher,
    calibrators: Sequence[Calibrator],
    selection: Selection,
    watch: Stopwatch,
) -> tuple[tuple[ReferredTracks, ...], Scores, Scores]:
    """Answer questions about an indexed video.

    Args:
        index: of the video.
        questions: what is asked.
        phrases: of a matcher, for the sentences of all questions.
        matcher: the matcher.
        calibrators: in order.
        selection: how scores become tracks, and whether near misses are wanted.
        watch: takes the times.

    Returns:
        The referred tracks of each question, their segment scores (S, questions), and those before any calibration.

    Raises:
        PluginError: if the matcher or a calibrator fails.
        OptionError: if tracks are to be left out by their probability and the scores are none.
    """
    with watch.stage("score"):
        raw = score_segments(index, matcher, phrases)
        scores = calibrated(raw, calibrators, phrases)
    with watch.stage("select"):
        referred, found = refer(index, questions, phrases.texts, scores, selection)
        unsure = combine(questions, phrases.texts, raw)
    return referred, found, unsure


def refer(
    index: VideoIndex, questions: Sequence[Question], texts: Sequence[str], scores: Scores, selection: Selection
) -> tuple[tuple[ReferredTracks, ...], Scores]:
    """Answer questions from the scores of their sentences.

    Args:
        index: tracks and segments.
        questions: what is asked.
        texts: the sentences of all questions.
        scores: (S, texts), calibrated.
        selection: how scores become tracks, and whether near misses are wanted.

    Returns:
        The referred tracks of each question, and their segment scores (S, questions).

    Raises:
        OptionError: if tracks are to be left out by their probability and the scores are none.
    """
    found = combine(questions, texts, scores)
    asked = [question.text for question in questions]
    missed = None
    if selection.near_misses:
        missed = NearMisses(questions, texts, index.segments, scores, selection, index.frame_stride)
    told = None if missed is None else missed.see
    referred = select(asked, index.trajectories, index.segments, found, selection, index.frame_stride, told)
    referred = tuple(
        answered if question.is_sentence else _with_parts(index, question, answered, texts, scores)
        for question, answered in zip(questions, referred, strict=True)
    )
    if missed is not None:
        referred = tuple(replace(one, near_misses=missed.found(row)) for row, one in enumerate(referred))
    return referred, found


def score_segments(index: VideoIndex, matcher: Matcher, phrases: Phrases) -> Scores:
    """Give what a matcher says of each segment: (S, texts), before any calibration.

    Raises:
        PluginError: if it fails.
    """
    if index.observations is None:
        return Scores(np.zeros((0, len(phrases.texts)), np.float32), "cosine")
    with blaming("matcher"):
        return matcher.score(index.observations, index.segments, phrases)


def calibrated(scores: Scores, calibrators: Sequence[Calibrator], phrases: Phrases) -> Scores:
    """Put the scores of sentences through calibrators, in order.

    Raises:
        PluginError: if one fails.
    """
    with blaming("calibrator"):
        for calibrate in calibrators:
            scores = calibrate(scores, phrases)
    return scores


def score_kind(matcher: Matcher, calibrators: Sequence[Calibrator], phrases: Phrases) -> ScoreKind:
    """Say of which kind the scores of a video will be, before it is watched: from a blank picture and no segment.

    Raises:
        PluginError: if the matcher or a calibrator fails.
    """
    blank = Frame(0, 0.0, np.full((_BLANK_SIDE, _BLANK_SIDE, 3), 128, np.uint8))
    none = np.zeros(0, np.int64)
    windows = np.zeros((0, POINTS, len(FEATURES)), np.float32)
    segments = Segments(none, none, none, np.zeros((0, matcher.sampling.looks), np.int64), windows)
    with blaming("matcher"):
        observed = matcher.observe([blank], [np.array([[0, 0, _BLANK_SIDE, _BLANK_SIDE]], np.float32)])
        scores = matcher.score(Observations.concatenate(observed), segments, phrases)
    return calibrated(scores, calibrators, phrases).kind


def _with_parts(
    index: VideoIndex, question: Question, answered: ReferredTracks, texts: Sequence[str], scores: Scores
) -> ReferredTracks:
    """Say of each track how well each sentence of a question fits it, over the frames that are referred to."""
    paths = {trajectory.track_id: trajectory for trajectory in index.trajectories}
    columns = [texts.index(part) for part in question.parts]
    of_parts = replace(scores, values=scores.values[:, columns])
    tracks = []
    for track in answered.tracks:
        path = paths[track.track_id]
        rows = np.searchsorted(path.frame_indices, track.frame_indices)
        means = frame_scores(path, index.segments, of_parts)[rows].mean(axis=0, dtype=np.float64)
        tracks.append(replace(track, part_scores=tuple(zip(question.parts, means.tolist(), strict=True))))
    return replace(answered, tracks=tuple(tracks))
