"""From an index and described texts to referred tracks: score, calibrate, select."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trackspeak.plugins.contract import Calibrator, Matcher, Phrases, ReferredTracks, Scores

from .index import VideoIndex
from .select import Selection, select
from .watch import Stopwatch, blaming


def answer(
    index: VideoIndex,
    phrases: Phrases,
    matcher: Matcher,
    calibrators: Sequence[Calibrator],
    selection: Selection,
    watch: Stopwatch,
) -> tuple[tuple[ReferredTracks, ...], Scores, Scores]:
    """Answer the queries that a matcher has described, about an indexed video.

    Returns:
        The referred tracks of each query, the calibrated segment scores, and those before any calibration.

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
        referred = select(phrases.texts, index.trajectories, index.segments, scores, selection, index.frame_stride)
    return referred, scores, raw


def _score(index: VideoIndex, matcher: Matcher, phrases: Phrases) -> Scores:
    if index.observations is None:
        return Scores(np.zeros((0, len(phrases.texts)), np.float32), "cosine")
    return matcher.score(index.observations, index.segments, phrases)
