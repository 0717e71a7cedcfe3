"""One pass over a video: decode, detect, track, sample, observe, overlapped and in bounded memory."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass

import numpy as np

from trackspeak.models.errors import ContractError, PluginError, TrackspeakError
from trackspeak.plugins.contract import (
    Detections,
    Detector,
    Frame,
    Matcher,
    Observations,
    Segments,
    StreamInfo,
    TrackedFrame,
    Tracker,
    Trajectory,
)

from .ahead import read_ahead
from .decode import Video
from .memory import give_back_freed_memory
from .observe import Looks, Observer
from .sample import Clip, Sampler

BATCH_FRAMES = 8
"""Frames decoded ahead, detected together, and observed together."""

BATCHES_PER_CLEANING = 64
"""Batches after which freed memory goes back to the system."""

Progress = Callable[[int, int | None], None]
"""Called with the frames done and the frames expected (None: unknown)."""


@dataclass(frozen=True, slots=True, eq=False)
class VideoIndex:
    """What is kept of a video: everything that an answer needs, nothing that depends on a text.

    Attributes:
        trajectories: every track, by id.
        segments: the segments of all trajectories.
        observations: what the matcher keeps of them; None where nothing was tracked.
        warnings: what a user should know of this video.
        timings_s: stage -> seconds of work; stages overlap, so their sum can exceed `pass`, the whole.
    """

    trajectories: tuple[Trajectory, ...]
    segments: Segments
    observations: Observations | None
    warnings: tuple[str, ...]
    timings_s: dict[str, float]


@contextmanager
def blaming(plugin: str) -> Iterator[None]:
    """Turn whatever a plugin raises, other than our own errors, into one that names the plugin.

    Raises:
        PluginError: with the plugin's own error as its cause.
    """
    try:
        yield
    except TrackspeakError:
        raise
    except Exception as error:
        raise PluginError(f"the {plugin} failed: {type(error).__name__}: {error}") from error


class Stopwatch:
    """Adds up the seconds that named stages take."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin


def index_video(
    video: Video,
    detector: Detector | None,
    tracker: Tracker,
    matcher: Matcher,
    max_gap: int,
    progress: Progress | None = None,
) -> VideoIndex:
    """Watch a video once.

    Args:
        video: an opened video.
        detector: finds the boxes; None where the tracker needs none.
        tracker: joins them.
        matcher: observes the tracks.
        max_gap: missed frames that a segment may bridge.
        progress: called after every batch.

    Raises:
        VideoError: if the video cannot be decoded or goes over a limit.
        PluginError: if a plugin fails or breaks its contract.
    """
    watch = Stopwatch()
    indexer = _Indexer(video.info.stream, tracker, matcher, max_gap, watch)
    with watch.stage("pass"):
        if detector is not None:
            with watch.stage("detect"), blaming("detector"):
                _begin_detecting(detector, video)
        with (
            ThreadPoolExecutor(1, "observe") as observing,
            closing(video.frames()) as frames,
            closing(read_ahead(frames, BATCH_FRAMES, watch)) as batches,
        ):
            for number, batch in enumerate(batches, 1):
                with watch.stage("detect"), blaming("detector"):
                    found = _detect(detector, batch)
                for frame, detections in zip(batch, found, strict=True):
                    indexer.take(frame, detections)
                indexer.observe_in(observing)
                if number % BATCHES_PER_CLEANING == 0:
                    give_back_freed_memory()
                if progress is not None:
                    progress(batch[-1].index + 1, video.info.declared_frames)
            indexer.finish(observing)
        segments, observations = indexer.collect()
    warnings = (*video.warnings, *_warnings(detector, tracker))
    return VideoIndex(indexer.trajectories(), segments, observations, warnings, watch.seconds)


def _detect(detector: Detector | None, batch: list[Frame]) -> list[Detections]:
    if detector is None:
        return [Detections.empty(()) for _ in batch]
    found = detector.detect(batch)
    if len(found) != len(batch):
        raise ContractError(f"the detector must give one Detections per frame, {len(batch)}, got {len(found)}")
    return found


def _begin_detecting(detector: Detector, video: Video) -> None:
    detector.reset(video.info.stream)
    if detector.lookahead_s > 0:
        with closing(video.frames()) as frames:
            detector.prepare(_first_seconds(frames, detector.lookahead_s))


def _warnings(detector: Detector | None, tracker: Tracker) -> tuple[str, ...]:
    with blaming("detector"):
        of_detector = () if detector is None else tuple(detector.warnings())
    with blaming("tracker"):
        return (*of_detector, *tracker.warnings())


def _first_seconds(frames: Iterator[Frame], seconds: float) -> Iterator[Frame]:
    for frame in frames:
        if frame.time_s >= seconds:
            return
        yield frame


class _Indexer:
    """The sequential part of a pass, and the hand-over to the thread that observes."""

    def __init__(self, stream: StreamInfo, tracker: Tracker, matcher: Matcher, max_gap: int, watch: Stopwatch) -> None:
        self._tracker = tracker
        with blaming("tracker"):
            self._tracker.reset(stream)
        with blaming("matcher"):
            sampling = matcher.sampling
        self._sampler = Sampler(sampling, (stream.width, stream.height), max_gap)
        self._looks = Looks()
        self._observer = Observer(matcher)
        self._clips: list[Clip] = []
        self._history: list[TrackedFrame] = []
        self._watch = watch
        self._pending: Future[None] | None = None

    def take(self, frame: Frame, detections: Detections) -> None:
        """Track and sample one frame."""
        with self._watch.stage("track"), blaming("tracker"):
            tracked = self._tracker.update(frame, detections)
        self._history.append(tracked)
        self._looks.keep(frame)
        self._add(self._sampler.push(tracked))

    def observe_in(self, pool: ThreadPoolExecutor) -> None:
        """Observe what no later clip can ask for, in the background; at most one batch waits."""
        self._hand_over(pool, self._sampler.oldest_needed())

    def finish(self, pool: ThreadPoolExecutor) -> None:
        """End all clips and wait until everything is observed."""
        self._add(self._sampler.finish())
        self._hand_over(pool, None)
        if self._pending is not None:
            self._pending.result()

    def collect(self) -> tuple[Segments, Observations | None]:
        """Give the columns."""
        return self._observer.segments(self._clips), self._observer.observations()

    def trajectories(self) -> tuple[Trajectory, ...]:
        """Give every track, by id."""
        return _join(self._history)

    def _add(self, clips: list[Clip]) -> None:
        self._clips.extend(clips)
        self._looks.want(clips)

    def _hand_over(self, pool: ThreadPoolExecutor, before: int | None) -> None:
        if self._pending is not None:
            self._pending.result()
        ready = self._looks.release(before)

        def work() -> None:
            with self._watch.stage("observe"), blaming("matcher"):
                for begin in range(0, len(ready), BATCH_FRAMES):
                    self._observer.observe(ready[begin : begin + BATCH_FRAMES])

        self._pending = pool.submit(work)


def _join(history: list[TrackedFrame]) -> tuple[Trajectory, ...]:
    """Turn tracked frames into one trajectory per track id."""
    rows: dict[int, list[tuple[TrackedFrame, int]]] = {}
    for tracked in history:
        for row, track_id in enumerate(tracked.track_ids.tolist()):
            rows.setdefault(track_id, []).append((tracked, row))
    return tuple(
        Trajectory(
            track_id,
            Counter(tracked.class_names[row] for tracked, row in mine).most_common(1)[0][0],
            np.array([tracked.frame_index for tracked, _ in mine], np.int64),
            np.array([tracked.time_s for tracked, _ in mine], np.float64),
            np.stack([tracked.boxes_xyxy[row] for tracked, row in mine]),
            np.array([tracked.scores[row] for tracked, row in mine], np.float32),
        )
        for track_id, mine in sorted(rows.items())
    )
