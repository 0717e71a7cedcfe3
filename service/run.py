"""The whole path in one call: a video and sentences in, the referred tracks of each out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from trackspeak.plugins.contract import OpenVocabularyDetector

from .asking import answer_described, asker_of, describe
from .assemble import Assembly, assemble
from .glimpses import Glimpses, check_probability
from .indexing import make_index, video_name
from .limits import Limits, check_queries
from .options import RunOptions
from .pipeline.decode import Video, open_video
from .pipeline.index import Progress, Steps
from .pipeline.watch import Stopwatch, blaming
from .questions import Question, parse_question, sentences_of
from .result import Result
from .store.index_file import StoredIndex


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """What came of a run.

    Attributes:
        result: the answers.
        stored: the index that they are from.
    """

    result: Result
    stored: StoredIndex


def track(
    video: str | Path,
    queries: Sequence[str],
    options: RunOptions | None = None,
    *,
    limits: Limits | None = None,
    assembly: Assembly | None = None,
    progress: Progress | None = None,
    isolated: bool = False,
) -> Result:
    """Find the tracks that each sentence refers to.

    Args:
        video: a video file, an animated image, or a folder of images.
        queries: one or more sentences, or expressions of them (see `questions`).
        options: choices of this run; by default the profile `auto`.
        limits: what is accepted; by default generous.
        assembly: plugins made before with `assemble` for the same options, to use them again.
        progress: called with the frames done and expected.
        isolated: whether a video file is decoded in a process of its own, as those of others should be.

    Returns:
        Per query the referred tracks, or none; and how they came about.

    Raises:
        InputError: if the video, a query or an option is wrong.
        WeightsError: if a model's weights are missing or do not fit.
        PluginError: if a plugin fails.
        WorkerError: if `isolated` and no process can be started.
    """
    options = options or RunOptions()
    limits = limits or Limits()
    questions = [parse_question(text) for text in check_queries(queries, limits)]
    path = Path(video)

    def opened() -> Video:
        return open_video(path, limits, folder_frame_rate=options.frame_rate, isolated=isolated)

    return watch_and_answer(opened, video_name(path), questions, options, assembly=assembly, progress=progress).result


def watch_and_answer(
    opened: Callable[[], Video],
    name: str,
    questions: Sequence[Question],
    options: RunOptions,
    *,
    assembly: Assembly | None = None,
    progress: Progress | None = None,
    preview: Callable[[Result], None] | None = None,
) -> Watched:
    """Watch a video and answer questions.

    Args:
        opened: opens the video.
        name: for people, such as the file's.
        questions: one or more.
        options: choices of this run.
        assembly: plugins made before with `assemble` for the same options, to use them again.
        progress: called with the frames done and expected.
        preview: called now and then with what is found so far; facts of the video are those of its header.

    Raises:
        TrackspeakError: as `track`.
    """
    watch = Stopwatch()
    with watch.stage("total"):
        with watch.stage("open"):
            video = opened()
        with watch.stage("load"):
            parts = assembly or assemble(options)
        asker = asker_of(parts)
        texts = sentences_of(questions)
        # First, so that what is wrong with the sentences and options is told before the video is watched.
        phrases = describe(texts, asker.matcher, watch)
        check_probability(asker, phrases, options)
        look_for(parts.steps, texts)
        glimpses = None
        if preview is not None:
            glimpses = Glimpses(asker, options, preview)
            glimpses.begin(questions, phrases)
        stored = make_index(video, name, parts, options, progress=progress, glimpse=glimpses)
        result = answer_described(stored, questions, phrases, asker, options, watch)
    return Watched(replace(result, timings_s={**stored.index.timings_s, **watch.seconds}), stored)


def look_for(steps: Steps, texts: Sequence[str]) -> None:
    """Tell a detector that looks for what sentences name what will be asked."""
    if steps.detector is not None and steps.detector.requirements.texts:
        with blaming("detector"):
            cast(OpenVocabularyDetector, steps.detector).look_for(texts)
