"""The whole path in one call: a video and sentences in, the referred tracks of each out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from trackspeak.plugins.contract import OpenVocabularyDetector

from .assemble import Assembly, assemble
from .limits import Limits, check_queries
from .options import RunOptions
from .pipeline.answer import answer
from .pipeline.decode import open_video
from .pipeline.index import Progress, Steps, index_video
from .pipeline.watch import Stopwatch, blaming
from .result import RawScores, Result


def track(
    video: str | Path,
    queries: Sequence[str],
    options: RunOptions | None = None,
    *,
    limits: Limits | None = None,
    assembly: Assembly | None = None,
    progress: Progress | None = None,
) -> Result:
    """Find the tracks that each sentence refers to.

    Args:
        video: a video file, an animated image, or a folder of images.
        queries: one or more sentences.
        options: choices of this run; by default the profile `auto`.
        limits: what is accepted; by default generous.
        assembly: plugins made before with `assemble` for the same options, to use them again.
        progress: called with the frames done and expected.

    Returns:
        Per query the referred tracks, or none; and how they came about.

    Raises:
        InputError: if the video, a query or an option is wrong.
        WeightsError: if a model's weights are missing or do not fit.
        PluginError: if a plugin fails.
    """
    options = options or RunOptions()
    limits = limits or Limits()
    texts = check_queries(queries, limits)
    opened = open_video(Path(video), limits, folder_frame_rate=options.frame_rate)
    watch = Stopwatch()
    with watch.stage("total"):
        with watch.stage("load"):
            parts = assembly or assemble(options)
        selection = options.selection(parts.protocol)
        # First, so that a sentence that is too long is refused before the video is watched.
        with watch.stage("describe"), blaming("matcher"):
            phrases = parts.steps.matcher.describe(texts)
        look_for(parts.steps, texts)
        index = index_video(
            opened, parts.steps, selection.bridged_gap, frame_stride=options.frame_stride, progress=progress
        )
        referred, scores, raw = answer(index, phrases, parts.steps.matcher, parts.calibrators, selection, watch)
    return Result(
        video=opened.facts(),
        profile=parts.profile,
        plugins=parts.uses,
        weights=parts.weights,
        score_kind=scores.kind,
        timings_s={**index.timings_s, **watch.seconds},
        warnings=(*parts.warnings, *index.warnings, *phrases.warnings),
        first_frame=parts.first_frame if options.first_frame is None else options.first_frame,
        queries=referred,
        trajectories=index.trajectories,
        raw=RawScores(index.segments, raw),
    )


def look_for(steps: Steps, texts: Sequence[str]) -> None:
    """Tell a detector that looks for what sentences name what will be asked."""
    if steps.detector is not None and steps.detector.requirements.texts:
        with blaming("detector"):
            cast(OpenVocabularyDetector, steps.detector).look_for(texts)
