"""One pass over a video: decode, detect, track, sample, observe, overlapped and in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

import numpy as np

from trackspeak.plugins.contract import (
    Detector,
    Embedder,
    Matcher,
    Observations,
    Postprocessor,
    Segments,
    Tracker,
    Trajectory,
)

from .ahead import read_ahead
from .decode import Video
from .detect import begin_detecting, detect, every_nth
from .indexer import BATCH_FRAMES, Indexer
from .memory import give_back_freed_memory
from .refine import fill_strides, join_frames, postprocess
from .thumbnails import Gallery, Thumbnail
from .watch import Stopwatch, blaming

BATCHES_PER_CLEANING = 64
"""Batches after which freed memory goes back to the system."""

Progress = Callable[[int, int | None], None]
"""Called with the frames done and the frames expected (None: unknown)."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The plugins that take part in a pass.

    Attributes:
        detector: finds the boxes; None where the tracker needs none.
        embedder: makes the tracker's embeddings; None where it wants none. It may be the matcher.
        tracker: joins the boxes.
        postprocessors: mend the tracks once the video is over, in this order.
        matcher: observes the tracks.
    """

    detector: Detector | None
    tracker: Tracker
    matcher: Matcher
    embedder: Embedder | None = None
    postprocessors: tuple[Postprocessor, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class VideoIndex:
    """What is kept of a video: everything that an answer needs, nothing that depends on a text.

    Attributes:
        trajectories: every track, by id.
        segments: the segments of all trajectories.
        observations: what the matcher keeps of them; None where nothing was tracked.
        warnings: what a user should know of this video.
        timings_s: stage -> seconds of work; stages overlap, so their sum can exceed `pass`, the whole.
        frame_stride: one of so many frames was looked at.
        thumbnails: track id -> its best picture; empty where none were wanted. No answer depends on them.
    """

    trajectories: tuple[Trajectory, ...]
    segments: Segments
    observations: Observations | None
    warnings: tuple[str, ...]
    timings_s: dict[str, float]
    frame_stride: int = 1
    thumbnails: Mapping[int, Thumbnail] = field(default_factory=dict)


_Seen_contra = TypeVar("_Seen_contra", contravariant=True)


class Preview(Protocol[_Seen_contra]):
    """Is shown what was watched so far, as a `VideoIndex` or what others make of it."""

    def due(self) -> bool:
        """Whether it wants to be shown that now; asked after every batch, after `progress`."""

    def show(self, so_far: _Seen_contra) -> None:
        """Look at it; tracks that are mended at the end are not mended yet."""


def index_video(
    video: Video,
    steps: Steps,
    max_gap: int,
    *,
    frame_stride: int = 1,
    thumbnails: bool = False,
    progress: Progress | None = None,
    preview: Preview[VideoIndex] | None = None,
) -> VideoIndex:
    """Watch a video once.

    Args:
        video: an opened video.
        steps: the plugins.
        max_gap: missed frames that a segment may bridge, of those looked at.
        frame_stride: one of so many frames is looked at; tracks are filled in between.
        thumbnails: whether to keep a picture of each track.
        progress: called after every batch.
        preview: is shown what was watched so far.

    Raises:
        VideoError: if the video cannot be decoded or goes over a limit.
        PluginError: if a plugin fails or breaks its contract.
    """
    watch = Stopwatch()
    stream = video.info.stream
    stream = replace(stream, frame_rate=stream.frame_rate / frame_stride, frame_stride=frame_stride)
    gallery = Gallery() if thumbnails else None
    indexer = Indexer(stream, steps.tracker, steps.matcher, steps.embedder, max_gap, frame_stride, watch, gallery)
    times_s: list[float] = []
    with watch.stage("pass"):
        if steps.detector is not None:
            with watch.stage("detect"), blaming("detector"):
                begin_detecting(steps.detector, video, stream, frame_stride)
        with (
            ThreadPoolExecutor(1, "observe") as observing,
            closing(every_nth(video.frames(), frame_stride, times_s)) as frames,
            closing(read_ahead(frames, BATCH_FRAMES, watch)) as batches,
        ):
            for number, batch in enumerate(batches, 1):
                with watch.stage("detect", 0 if steps.detector is None else len(batch)), blaming("detector"):
                    found = detect(steps.detector, batch)
                indexer.take(batch, found, observing)
                if number % BATCHES_PER_CLEANING == 0:
                    give_back_freed_memory()
                if progress is not None:
                    progress(batch[-1].index + 1, video.info.declared_frames)
                if preview is not None and preview.due():
                    preview.show(_so_far(indexer, frame_stride, times_s))
            indexer.finish(observing)
        if progress is not None:
            progress(len(times_s), video.info.declared_frames)
        segments, observations = indexer.collect()
        frame_times_s = np.array(times_s, np.float64)
        trajectories = fill_strides(join_frames(indexer.history), frame_stride, frame_times_s)
        with watch.stage("postprocess"):
            trajectories, segments, joined = postprocess(trajectories, segments, steps.postprocessors, frame_times_s)
        track_ids = {trajectory.track_id for trajectory in trajectories}
        pictures = {} if gallery is None else gallery.collect(joined, track_ids)
    warnings = (*video.warnings, *_warnings(steps.detector, steps.tracker))
    return VideoIndex(trajectories, segments, observations, warnings, watch.seconds, frame_stride, pictures)


def _so_far(indexer: Indexer, frame_stride: int, times_s: Sequence[float]) -> VideoIndex:
    """Give what was watched so far."""
    segments, observations = indexer.collect_so_far()
    trajectories = fill_strides(join_frames(indexer.history), frame_stride, np.array(times_s, np.float64))
    return VideoIndex(trajectories, segments, observations, (), {}, frame_stride)


def _warnings(detector: Detector | None, tracker: Tracker) -> tuple[str, ...]:
    with blaming("detector"):
        of_detector = () if detector is None else tuple(detector.warnings())
    with blaming("tracker"):
        return (*of_detector, *tracker.warnings())
