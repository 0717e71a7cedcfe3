"""Search over all indexed videos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from trackspeak.models.errors import OutputError, TrackspeakError
from trackspeak.service.asking import Asker, make_asker
from trackspeak.service.pipeline.watch import Stopwatch
from trackspeak.service.process_folder import locked
from trackspeak.service.questions import parse_question
from trackspeak.service.store.index_file import IndexSummary
from trackspeak.service.store.indexes import Indexes

from .answering import Asked, SpaceAnswer, answer_each, answer_space
from .asked import Found, Hit, LeftOut, Searched, SearchOptions
from .candidates import Within
from .cursor import Cursor, read_cursor, write_cursor
from .members import LOCK, Members, Progress, let_go
from .rescore import rank_of
from .space import Known, by_space
from .table import RowsGoneError, SegmentTable, table_names

LEAST_SCORED: Final = 40
SCORED_PER_HIT: Final = 2
"""So many tracks are scored exactly for each that is shown, and at least `LEAST_SCORED`."""

_LONG_LIST: Final = 25
"""For each so many hits that are wanted one more is scored for each: the hundredth is among many that are as good."""

_TRIES: Final = 5
"""So often a search begins anew where rows are removed meanwhile."""

_MORE: Final = 4
"""Where too few of them are referred to, so many times as many are scored."""


@dataclass(slots=True)
class _Tally:
    """What the spaces said so far."""

    hits: list[Hit] = field(default_factory=list)
    searched: list[IndexSummary] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    warnings: dict[str, None] = field(default_factory=dict)
    segments: int = 0
    scored: int = 0
    more: bool = False

    def add(self, answer: SpaceAnswer, searched: Sequence[IndexSummary]) -> None:
        """Take in what a space says."""
        self.hits.extend(answer.hits)
        for one in searched:
            if one.id in answer.broken:
                self.left_out.append(LeftOut(one.id, one.name, answer.broken[one.id]))
            else:
                self.searched.append(one)
        self.warnings |= dict.fromkeys(answer.warnings)
        self.segments += answer.segments
        self.scored += answer.scored
        self.more = self.more or answer.more


class Searcher:
    """Answers questions about all indexes below a folder; keeps vectors in memory between questions.

    Args:
        indexes: what is searched.
        folder: for the tables; made when first needed.
        memory_bytes: that the vectors of one matcher may take; more are searched by an index on the disk.
    """

    def __init__(self, indexes: Indexes, folder: Path, memory_bytes: int) -> None:
        """Read nothing yet."""
        self._indexes = indexes
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._askers: dict[str, Asker] = {}
        self._members: dict[str, Members] = {}
        self._known: Known = {}

    def search(
        self,
        query: str,
        options: SearchOptions | None = None,
        *,
        index_ids: frozenset[str] | None = None,
        progress: Progress | None = None,
    ) -> Found:
        """Give the tracks that a question refers to, best first.

        Args:
            query: a sentence or an expression, checked.
            options: how; `videos` and `labels` are not looked at here, but what they come to, `index_ids`.
            index_ids: only these indexes; None: all.
            progress: called while indexes are taken in that were not searched before.

        Raises:
            OptionError: if the cursor is not one of this question.
            QueryError: if a sentence is too long, or an expression wrong.
            PluginError: if LanceDB is not installed, or a plugin fails.
            OutputError: if the tables cannot be read or written.
        """
        options = options or SearchOptions()
        for _ in range(_TRIES):
            with suppress(RowsGoneError):  # other processes let go of indexes
                return self._found(query, options, index_ids, progress)
        self._members.clear()  # what is in memory may be of tables that somebody removed as a whole
        try:
            return self._found(query, options, index_ids, progress)
        except RowsGoneError as error:
            raise OutputError(
                f"the search tables could not be read: {error}; ask again, and if that does not help remove "
                f"{self._folder}, which the next search makes anew"
            ) from error

    def _found(
        self, query: str, options: SearchOptions, index_ids: frozenset[str] | None, progress: Progress | None
    ) -> Found:
        """Search once."""
        question, after = parse_question(query), read_cursor(query, options)
        seen = 0 if after is None else after.seen
        per_hit = SCORED_PER_HIT + options.top // _LONG_LIST
        count = None if options.exhaustive else seen + max(LEAST_SCORED, per_hit * options.top)
        within = Within(index_ids, options.classes, options.first_time_s, options.last_time_s)
        watch = Stopwatch()
        asked = Asked(question, within, options.threshold, count, watch)
        with watch.stage("total"):
            with watch.stage("list"):
                spaces = by_space(self._indexes, self._known)
            self._let_go(spaces)
            tally = self._ask_all(spaces, asked, progress)
            page, following = _page(tally.hits, after, query, options)
            while asked.count is not None and following is None and tally.more:
                asked = replace(asked, count=_MORE * asked.count)  # many that seemed likely were not
                before = len(tally.hits)
                tally = self._ask_all(spaces, asked, progress)
                page, following = _page(tally.hits, after, query, options)
                if len(tally.hits) <= before:
                    break  # those that are less likely still will not be either
        return Found(
            query,
            page,
            following,
            Searched(
                len(tally.searched),
                len({index.video.sha256 for index in tally.searched}),
                tally.segments,
                tally.scored,
            ),
            tuple(tally.left_out),
            tuple(tally.warnings),
            watch.seconds,
        )

    def _let_go(self, spaces: Mapping[str, Sequence[IndexSummary]]) -> None:
        """Remove rows of deleted indexes from spaces that are not searched: without an index, or without weights."""
        for name in [one for one in self._askers if one not in spaces]:
            self._askers.pop(name)  # and with it what is in memory
            self._members.pop(name, None)
        for name in table_names(self._folder):
            if name in spaces and name in self._members:
                continue
            table = SegmentTable(self._folder, name)
            if table.unfinished or table.row_counts().keys() - {one.id for one in spaces.get(name, ())}:
                with locked(self._folder / LOCK, wait=True):
                    let_go(table, self._indexes, name)

    def _ask_all(self, spaces: Mapping[str, Sequence[IndexSummary]], asked: Asked, progress: Progress | None) -> _Tally:
        tally = _Tally()
        for name, members in spaces.items():
            self._search_space(name, {one.id: one for one in members}, asked, tally, progress)
        return tally

    def _search_space(
        self,
        name: str,
        members: Mapping[str, IndexSummary],
        asked: Asked,
        tally: _Tally,
        progress: Progress | None,
    ) -> None:
        """Search what one matcher made; without its weights that is left out."""
        wanted = asked.within.index_ids
        inside = [one for one in members.values() if wanted is None or one.id in wanted]
        if not inside:
            return
        try:
            with asked.watch.stage("load"):
                asker = self._asker(name, inside[0])
        except TrackspeakError as error:
            tally.left_out.extend(LeftOut(one.id, one.name, str(error)) for one in inside)
            return
        if not getattr(asker.matcher, "searchable", False):
            tally.add(answer_each(self._indexes, members, asker, asked), inside)
            return
        if name not in self._members:
            self._members[name] = Members(self._folder, name, asker, self._memory_bytes)
        space = self._members[name]
        with asked.watch.stage("update"):
            collection = space.update(self._indexes, members, progress)
        tally.add(answer_space(space, collection, members, asked), inside)

    def _asker(self, name: str, index: IndexSummary) -> Asker:
        if name not in self._askers:
            self._askers[name] = make_asker(index)
        return self._askers[name]


def _page(
    hits: Sequence[Hit], after: Cursor | None, query: str, options: SearchOptions
) -> tuple[tuple[Hit, ...], str | None]:
    """Give the hits after a cursor that pass the filters, and the cursor after them."""
    seen = 0 if after is None else after.seen
    ranked = sorted(((_cursor(hit, seen), hit) for hit in hits if _passes(hit, options)), key=lambda one: one[0].key)
    left = [one for one in ranked if after is None or one[0].comes_after(after)]
    page = left[: options.top]
    if len(left) <= len(page):
        return tuple(hit for _, hit in page), None
    last = page[-1][0]
    following = Cursor(last.rank, last.index_id, last.track_id, seen + len(page))
    return tuple(hit for _, hit in page), write_cursor(following, query, options)


def _cursor(hit: Hit, seen: int) -> Cursor:
    return Cursor(rank_of(hit.track.score, hit.score_kind), hit.index.id, hit.track.track_id, seen)


def _passes(hit: Hit, options: SearchOptions) -> bool:
    """Whether a hit is likely enough, and a span of it within the times."""
    if options.min_score is not None and hit.track.score < options.min_score:
        return False
    first, last = options.first_time_s, options.last_time_s
    if first is None and last is None:
        return True
    times_s = dict(zip(hit.track.frame_indices.tolist(), hit.track.times_s.tolist(), strict=True))
    return any(
        (first is None or times_s[span.last_frame] >= first) and (last is None or times_s[span.first_frame] <= last)
        for span in hit.track.spans
    )
