"""The sequential part of a pass, and the hand-over to the thread in which the matcher works."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import ContractError
from trackspeak.plugins.contract import (
    Appearance,
    Detections,
    Embedder,
    Frame,
    Matcher,
    Observations,
    Segments,
    StreamInfo,
    TrackedFrame,
    Tracker,
)

from .observe import Looks, Observer, Seen
from .sample import Clip, Sampler
from .thumbnails import Gallery
from .watch import Stopwatch, blaming, expect

BATCH_FRAMES = 8
"""Frames decoded ahead, detected together, and observed together."""


class Indexer:
    """Tracks, samples, and has the matcher observe what no later clip can ask for.

    Attributes:
        history: what the tracker gave, frame by frame.
    """

    def __init__(
        self,
        stream: StreamInfo,
        tracker: Tracker,
        matcher: Matcher,
        embedder: Embedder | None,
        max_gap: int,
        frame_stride: int,
        watch: Stopwatch,
        gallery: Gallery | None = None,
    ) -> None:
        """Begin a video; the arguments are those of `index_video`, the gallery is where pictures are wanted."""
        self.history: list[TrackedFrame] = []
        self._tracker = tracker
        with blaming("tracker"):
            self._tracker.reset(stream)
        with blaming("matcher"):
            sampling = matcher.sampling
        self._embedder = embedder
        self._shares_encoder = id(embedder) == id(matcher)  # one plugin under two contracts
        self._sampler = Sampler(sampling, (stream.width, stream.height), max_gap, frame_stride)
        self._looks = Looks()
        self._observer = Observer(matcher)
        self._clips: list[Clip] = []
        self._gallery = gallery
        self._watch = watch
        self._pending: Future[None] | None = None

    def take(self, batch: Sequence[Frame], found: Sequence[Detections], pool: ThreadPoolExecutor) -> None:
        """Embed, track and sample some frames; observe in the background, at most one batch behind."""
        appearances = self._embed(batch, found, pool)
        for frame, detections, appearance in zip(batch, found, appearances, strict=True):
            with self._watch.stage("track", 1), blaming("tracker"):
                tracked = self._update(frame, detections, appearance)
                expect("tracker", tracked, TrackedFrame)
            self.history.append(tracked)
            kept = appearance if self._shares_encoder else None
            seen = Seen.of(frame, tracked.boxes_xyxy, detections.boxes_xyxy, kept)
            self._looks.keep(seen if self._gallery is None else replace(seen, scores=_scores(tracked)))
            self._add(self._sampler.push(tracked))
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

    def collect_so_far(self) -> tuple[Segments, Observations | None]:
        """Give the columns of what was observed by now."""
        if self._pending is not None:
            self._pending.result()
        seen = [clip for clip in self._clips if self._observer.has(clip)]
        return self._observer.segments(seen), self._observer.observations_so_far()

    def _embed(
        self, batch: Sequence[Frame], found: Sequence[Detections], pool: ThreadPoolExecutor
    ) -> list[Appearance | None]:
        """Give how the boxes of each frame look; None without an embedder, and for frames without boxes.

        In the matcher's thread, so that one that embeds is never asked two things at once.
        """
        given = [row for row, detections in enumerate(found) if len(detections)]
        appearances: list[Appearance | None] = [None] * len(batch)
        if self._embedder is None or not given:
            return appearances
        frames, boxes = [batch[row] for row in given], [found[row].boxes_xyxy for row in given]
        embedder = self._embedder

        def work() -> list[Appearance]:
            with self._watch.stage("embed", len(frames)), blaming("embedder"):
                embedded = list(embedder.embed(frames, boxes))
                for one in embedded:
                    expect("embedder", one, Appearance)
                return embedded

        embedded = pool.submit(work).result()
        if [len(one) for one in embedded] != [len(one) for one in boxes]:
            raise ContractError("the embedder must give one Appearance per frame, with one row per box")
        for row, appearance in zip(given, embedded, strict=True):
            appearances[row] = appearance
        return appearances

    def _update(self, frame: Frame, detections: Detections, appearance: Appearance | None) -> TrackedFrame:
        if self._embedder is None:
            return self._tracker.update(frame, detections)
        embeddings: npt.NDArray[np.float32] = np.zeros((0, 0), np.float32)
        if appearance is not None:
            embeddings = appearance.embeddings
        return self._tracker.update(frame, detections, embeddings)

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
            if self._gallery is not None:
                with self._watch.stage("thumbnails"):
                    for look in ready:
                        self._gallery.look(look.seen.frame, look.boxes_xyxy, look.seen.scores)

        self._pending = pool.submit(work)


def _scores(tracked: TrackedFrame) -> dict[int, float]:
    """Give track id -> the detector's score."""
    return dict(zip(tracked.track_ids.tolist(), tracked.scores.tolist(), strict=True))
