"""Stored indexes whose scores are plain numbers, their matcher, and how hits are compared with answers."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from trackspeak.plugins.contract import (
    Observations,
    Phrases,
    ReferredTrack,
    Requirements,
    Sampling,
    Scores,
    Segments,
    SegmentVectors,
    TextVectors,
    Trajectory,
)
from trackspeak.service.asking import Asker, ask
from trackspeak.service.options import RunOptions
from trackspeak.service.pipeline.index import VideoIndex
from trackspeak.service.pipeline.video_info import VideoFacts
from trackspeak.service.result import PluginUse
from trackspeak.service.search.asked import Found, Hit
from trackspeak.service.store.index_file import IndexFacts, StoredIndex, as_stored
from trackspeak.service.store.indexes import Indexes

WIDTH = 8
RATE = 10.0
Key = tuple[str, int]


class NumberMatcher:
    """A text is the name of a column, "0" to "7"; a segment's score is the mean of that column over its looks."""

    sampling = Sampling()
    Options = type(None)
    requirements = Requirements()
    searchable = True

    def __init__(self, extras: int = 1) -> None:
        self.weights: dict[str, str] = {}
        self.extras = extras

    def observe(self, frames: Sequence[Any], boxes_xyxy: Sequence[Any]) -> list[Observations]:
        raise NotImplementedError

    def describe(self, texts: Sequence[str]) -> Phrases:
        return Phrases(tuple(texts), {"column": np.array([int(text) for text in texts], np.int64)}, ("a warning",))

    def score(self, observations: Observations, segments: Segments, phrases: Phrases) -> Scores:
        return self.score_vectors(self.segment_vectors(observations, segments), phrases)

    def segment_vectors(self, observations: Observations, segments: Segments) -> SegmentVectors:
        pooled = observations.look_arrays["vector"][segments.look_rows].astype(np.float32).mean(axis=1)
        return SegmentVectors(pooled, np.repeat(pooled[:, :1], self.extras, axis=1))

    def text_vectors(self, phrases: Phrases) -> TextVectors:
        columns = phrases.arrays["column"]
        return TextVectors(np.eye(WIDTH, dtype=np.float32)[columns], np.zeros(len(columns), np.float32))

    def score_vectors(self, segment_vectors: SegmentVectors, phrases: Phrases) -> Scores:
        return Scores(segment_vectors.vectors[:, phrases.arrays["column"]], "cosine")


class BareMatcher(NumberMatcher):
    """The same, with vectors alone."""

    def __init__(self) -> None:
        super().__init__(0)


class SlowMatcher(NumberMatcher):
    """The same scores, but from no vectors."""

    searchable = False


class OldMatcher:
    """One that was written before there was a search."""

    def __init__(self) -> None:
        self.weights: dict[str, str] = {}
        inner = NumberMatcher()
        self.sampling, self.describe, self.score = inner.sampling, inner.describe, inner.score


def index_of(number: int) -> str:
    """The id of the index of a number."""
    return f"{number:04x}" + "abcdef0123456789abcdef012345"


def fake_index(
    number: int,
    tracks: int = 3,
    segments: int = 4,
    *,
    levels: Mapping[int, float] | None = None,
    matcher: str = "numbers",
    calibrator: PluginUse | None = None,
    video: int | None = None,
) -> StoredIndex:
    """Make an index; `levels` are the scores of its tracks for "0", else all is drawn.

    Track k begins at frame 10 x k, and has a segment of eight frames every four; tracks of even ids are cars.
    """
    draw = np.random.default_rng(number)
    ids = np.repeat(np.arange(1, tracks + 1), segments)
    first = 10 * ids + 4 * np.tile(np.arange(segments), tracks)
    looks = np.repeat(2 * draw.standard_normal((tracks, WIDTH)), 2 * segments, axis=0)
    looks += 0.3 * draw.standard_normal(looks.shape)
    for track_id, level in (levels or {}).items():
        looks[2 * segments * (track_id - 1) : 2 * segments * track_id, 0] = level
    frames = [np.arange(10 * one, 10 * one + 4 * segments + 4) for one in range(1, tracks + 1)]
    trajectories = tuple(
        Trajectory(
            row + 1,
            "person" if row % 2 == 0 else "car",
            mine,
            mine / RATE,
            np.tile(np.array([1, 2, 11, 12], np.float32), (len(mine), 1)),
            np.ones(len(mine), np.float32),
        )
        for row, mine in enumerate(frames)
    )
    rows = np.arange(2 * len(ids)).reshape(-1, 2)
    windows = np.zeros((len(ids), 16, 19), np.float32)
    seen = np.arange(2 * len(ids))
    made = VideoIndex(
        trajectories,
        Segments(ids, first, first + 7, rows, windows),
        Observations({"vector": looks.astype(np.float32)}, seen, {}, seen) if tracks else None,
        (),
        {},
    )
    facts = VideoFacts(10_000, RATE, 64, 48, 1_000.0, f"{number if video is None else video:064x}")
    plugins = {"detector": None, "matcher": PluginUse(matcher, {}), "calibrator": calibrator}
    name = f"{number}.mp4"
    return StoredIndex(
        index_of(number), name, facts, "fake", plugins, {}, "trackspeak", 0, as_stored(made, "trackspeak")
    )


def keep(folder: Path, stored: Iterable[StoredIndex]) -> Indexes:
    """Keep indexes below a folder."""
    indexes = Indexes(folder)
    for one in stored:
        indexes.add(one)
    return indexes


def fake_asker(index: IndexFacts) -> Asker:
    """Stands in for `make_asker`."""
    use = index.plugins["matcher"]
    matchers = {"numbers": NumberMatcher, "bare": BareMatcher, "slow": SlowMatcher, "old": OldMatcher}
    return Asker(matchers[use.name if use else ""](), (), {}, {})  # type: ignore[arg-type]


def faked() -> Any:
    """Put `fake_asker` in the place of `make_asker`."""
    return patch("trackspeak.service.search.searcher.make_asker", fake_asker)


def answers(
    indexes: Indexes, query: str, make: Any = fake_asker, threshold: float | None = None
) -> dict[Key, ReferredTrack]:
    """Ask every index by itself: (index, track) -> what is said of it."""
    found = {}
    for summary in indexes:
        stored = indexes.get(summary.id)
        result = ask(stored, [query], make(stored), RunOptions(threshold=threshold))
        found |= {(summary.id, track.track_id): track for track in result.queries[0].tracks}
    return found


def key_of(hit: Hit) -> Key:
    return hit.index.id, hit.track.track_id


def keys_of(found: Found) -> list[Key]:
    return [key_of(hit) for hit in found.hits]


def by_score(wanted: Mapping[Key, ReferredTrack]) -> list[Key]:
    """The keys of answers, best first, as a search orders them."""
    return [key for key, _ in sorted(wanted.items(), key=lambda one: (-one[1].score, one[0]))]


def check_hits(found: Found, wanted: Mapping[Key, ReferredTrack], tolerance: float = 1e-5) -> None:
    """Check that all hits say what the answers of their indexes say, and that the best come first."""
    for hit in found.hits:
        one = wanted[key_of(hit)]
        assert abs(hit.track.score - one.score) <= tolerance
        assert [(a.first_frame, a.last_frame) for a in hit.track.spans] == [
            (b.first_frame, b.last_frame) for b in one.spans
        ]
        np.testing.assert_allclose([a.score for a in hit.track.spans], [b.score for b in one.spans], atol=tolerance)
        assert hit.track.class_name == one.class_name
        np.testing.assert_array_equal(hit.track.frame_indices, one.frame_indices)
        np.testing.assert_array_equal(hit.track.times_s, one.times_s)
        np.testing.assert_allclose(hit.track.frame_scores, one.frame_scores, atol=tolerance)
        assert [text for text, _ in hit.track.part_scores] == [text for text, _ in one.part_scores]
        np.testing.assert_allclose(
            [score for _, score in hit.track.part_scores], [score for _, score in one.part_scores], atol=tolerance
        )
    scores = [hit.track.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    assert len(set(keys_of(found))) == len(found.hits)
