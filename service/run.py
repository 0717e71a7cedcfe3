"""The whole path in one call: a video and sentences in, the referred tracks of each out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from trackspeak.plugins.contract import OpenVocabularyDetector

from .asking import answer_described, asker_of, describe
from .assemble import Assembly, assemble
from .indexing import make_index, video_name
from .limits import Limits, check_queries
from .options import RunOptions
from .pipeline.answer import score_kind
from .pipeline.decode import open_video
from .pipeline.index import Progress, Steps
from .pipeline.watch import Stopwatch, blaming
from .questions import parse_question, sentences_of
from .result import Result


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
        queries: one or more sentences, or expressions of them (see `questions`).
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
    questions = [parse_question(text) for text in check_queries(queries, limits)]
    texts = sentences_of(questions)
    opened = open_video(Path(video), limits, folder_frame_rate=options.frame_rate)
    watch = Stopwatch()
    with watch.stage("total"):
        with watch.stage("load"):
            parts = assembly or assemble(options)
        asker = asker_of(parts)
        # First, so that what is wrong with the sentences and options is told before the video is watched.
        phrases = describe(texts, asker.matcher, watch)
        if options.min_probability is not None:
            kind = score_kind(asker.matcher, asker.calibrators, phrases)
            options.selection(parts.protocol).check_kind(kind)
        look_for(parts.steps, texts)
        stored = make_index(opened, video_name(Path(video)), parts, options, progress=progress)
        result = answer_described(stored, questions, phrases, asker, options, watch)
    return replace(result, timings_s={**stored.index.timings_s, **watch.seconds})


def look_for(steps: Steps, texts: Sequence[str]) -> None:
    """Tell a detector that looks for what sentences name what will be asked."""
    if steps.detector is not None and steps.detector.requirements.texts:
        with blaming("detector"):
            cast(OpenVocabularyDetector, steps.detector).look_for(texts)
