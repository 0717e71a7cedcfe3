"""From an index and described texts to referred tracks: score, calibrate, select."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trackspeak.plugins.contract import Calibrator, Matcher, Phrases, ReferredTracks, Scores
from trackspeak.service.questions import Question, combine

from .index import VideoIndex
from .select import Selection, frame_scores, select
from .watch import Stopwatch, blaming


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
        selection: how scores become tracks.
        watch: takes the times.

    Returns:
        The referred tracks of each question, their segment scores (S, questions), and those before any calibration.

    Raises:
        PluginError: if the matcher or a calibrator fails.
    """
    with watch.stage("score"):
        with blaming("matcher"):
            scores = raw = _score(index, matcher, phrases)
        with blaming("calibrator"):
            for calibrate in calibrators:
                scores = calibrate(scores, phrases)
    with watch.stage("select"):
        found, unsure = (combine(questions, phrases.texts, one) for one in (scores, raw))
        asked = [question.text for question in questions]
        referred = select(asked, index.trajectories, index.segments, found, selection, index.frame_stride)
        referred = tuple(
            answered if question.is_sentence else _with_parts(index, question, answered, phrases.texts, scores)
            for question, answered in zip(questions, referred, strict=True)
        )
    return referred, found, unsure


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


def _score(index: VideoIndex, matcher: Matcher, phrases: Phrases) -> Scores:
    if index.observations is None:
        return Scores(np.zeros((0, len(phrases.texts)), np.float32), "cosine")
    return matcher.score(index.observations, index.segments, phrases)
