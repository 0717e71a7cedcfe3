"""A question's answer within one space: likely segments, their tracks ranked, then the exact answer about the best.

The first look at all segments is by inner products, which are only near the scores. The highest segments are scored by
the matcher itself, from memory in half precision, and their tracks ranked by that. Of the best tracks the rows are
read, and the answer about them is that of `ask`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

import numpy as np

from trackspeak.models.errors import BrokenIndexError, NotFoundError
from trackspeak.plugins.contract import Phrases, Scores, SearchableMatcher
from trackspeak.service.asking import Asker, ask, describe
from trackspeak.service.options import RunOptions
from trackspeak.service.pipeline.watch import Stopwatch, blaming
from trackspeak.service.questions import Question, combine, sentences_of
from trackspeak.service.store.index_file import IndexSummary
from trackspeak.service.store.indexes import Indexes

from .asked import Hit
from .candidates import Within, highest, rank, rank_by_index
from .collection import Collection, Ints
from .members import Members
from .rescore import rescore, score_rows

_ROWS_AT_ONCE: Final = 50_000
_LEAST_RANKED: Final = 600
_RANKED_PER_SCORED: Final = 7
"""So many tracks are ranked for each that is scored exactly, and at least `_LEAST_RANKED`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on its way.

    Attributes:
        question: what is asked.
        within: what the search is narrowed to.
        threshold: of frames; None: the score kind's.
        count: so many tracks are scored exactly; None: all.
        watch: takes the times.
    """

    question: Question
    within: Within
    threshold: float | None
    count: int | None
    watch: Stopwatch


@dataclass(frozen=True, slots=True)
class SpaceAnswer:
    """What a space says.

    Attributes:
        hits: in no order.
        segments: how many were searched.
        scored: how many tracks were scored exactly.
        warnings: of the matcher.
        more: whether there may be tracks that were not scored.
        broken: id -> what is wrong with an index that could not be read.
    """

    hits: tuple[Hit, ...]
    segments: int
    scored: int
    warnings: tuple[str, ...]
    more: bool
    broken: Mapping[str, str]


def answer_space(
    space: Members, collection: Collection, members: Mapping[str, IndexSummary], asked: Asked
) -> SpaceAnswer:
    """Answer a question by a space's table.

    Args:
        space: its plugins and its table.
        collection: its segments.
        members: index id -> index; others of the collection are newer than these, and are left for the next search.
        asked: the question.

    Raises:
        QueryError: if a sentence is too long.
        PluginError: if a plugin fails.
        RowsGoneError: if somebody else removes rows meanwhile.
    """
    phrases = describe(sentences_of([asked.question]), space.asker.matcher, asked.watch)
    if not members.keys() >= set(collection.index_names):
        wanted = asked.within.index_ids
        known = frozenset(members if wanted is None else wanted & members.keys())
        asked = replace(asked, within=replace(asked.within, index_ids=known))
    with asked.watch.stage("find"):
        tracks = _likely(space, collection, asked, phrases)
    hits: list[Hit] = []
    with asked.watch.stage("score"):
        for part in _parts(collection, tracks):
            lengths = np.diff(collection.starts)[part].tolist()
            indexes = [members[collection.index_names[code]] for code in collection.index_codes[part].tolist()]
            rows = space.table.take(collection.rows(part))
            pairs = list(zip(indexes, lengths, strict=True))
            answered, kind = rescore(rows, pairs, space.asker, asked.question, phrases, asked.threshold)
            hits.extend(Hit(index, kind, track) for index, track in answered)
    more = asked.count is not None and len(tracks) >= asked.count
    return SpaceAnswer(tuple(hits), len(collection), len(tracks), phrases.warnings, more, space.broken)


def answer_each(indexes: Indexes, members: Mapping[str, IndexSummary], asker: Asker, asked: Asked) -> SpaceAnswer:
    """Answer a question index by index, for a matcher whose segments cannot be kept as vectors: slow, and exact.

    Raises:
        TrackspeakError: what `ask` raises.
    """
    options = RunOptions(threshold=asked.threshold)
    hits: list[Hit] = []
    segments = scored = 0
    warnings: dict[str, None] = {}
    broken: dict[str, str] = {}
    for index_id, summary in members.items():
        if asked.within.index_ids is not None and index_id not in asked.within.index_ids:
            continue
        try:
            stored = indexes.get(index_id)
        except NotFoundError:
            continue  # it was deleted meanwhile
        except BrokenIndexError as error:
            broken[index_id] = str(error)
            continue
        with asked.watch.stage("score"):
            result = ask(stored, [asked.question.text], asker, options)
        segments, scored = segments + len(stored.index.segments), scored + len(stored.index.trajectories)
        wanted = [one for one in result.queries[0].tracks if asked.within.has_class(one.class_name)]
        hits.extend(Hit(summary, result.score_kind, track) for track in wanted)
        warnings |= dict.fromkeys(set(result.warnings) - set(stored.index.warnings))
    return SpaceAnswer(tuple(hits), segments, scored, tuple(warnings), False, broken)


def _likely(space: Members, collection: Collection, asked: Asked, phrases: Phrases) -> Ints:
    """Give the tracks to score exactly."""
    if asked.count is None or not len(collection):
        return np.flatnonzero(asked.within.tracks(collection)).astype(np.int64)
    matcher = cast(SearchableMatcher, space.asker.matcher)
    with blaming("matcher"):
        texts = matcher.text_vectors(phrases)
    if collection.vectors is None:
        return rank_by_index(space.table, collection, asked.question, phrases.texts, texts, asked.within, asked.count)
    with blaming("matcher"):
        kind = matcher.score_vectors(collection.segment_vectors(np.zeros(0, np.int64)), phrases).kind
    # not calibrated, which takes longer than all else for many rows: what is likely is scored anew, and is then
    near = combine([asked.question], phrases.texts, Scores(collection.near_scores(texts), kind))
    found = highest(collection, near, asked.within, max(_LEAST_RANKED, _RANKED_PER_SCORED * asked.count))
    scores = score_rows(collection.segment_vectors(found), space.asker, phrases)
    scores = combine([asked.question], phrases.texts, scores)
    return rank(collection, found, scores, asked.count, asked.threshold)


def _parts(collection: Collection, tracks: Ints) -> list[Ints]:
    """Divide tracks so that no part has many more rows than fit."""
    if not len(tracks):
        return []
    ends = np.cumsum(np.diff(collection.starts)[tracks])
    return [one for one in np.split(tracks, np.flatnonzero(np.diff(ends // _ROWS_AT_ONCE)) + 1) if len(one)]
