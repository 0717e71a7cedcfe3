"""What is asked of all videos, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen, MinLen

from trackspeak.models.errors import OptionError
from trackspeak.plugins.contract import ReferredTrack, ScoreKind
from trackspeak.plugins.options import checked_values
from trackspeak.service.result import track_to_dict
from trackspeak.service.store.index_file import IndexSummary

MOST_HITS = 200
_MOST_FILTERS = 1_000

Text = Annotated[str, MinLen(1)]
Texts = Annotated[tuple[Text, ...], MaxLen(_MOST_FILTERS)]


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How all videos are searched.

    Attributes:
        top: at most so many tracks at once.
        cursor: the `next` of the answer before, to go on where it ended; all else must be as it was.
        videos: only these: ids of videos or of indexes, their beginnings, or names.
        labels: only videos that have all of these labels.
        classes: only tracks of these classes, as the detector names them.
        first_time_s: only what is seen from this second of a video on.
        last_time_s: only what is seen up to this second.
        min_score: only tracks that score at least this.
        threshold: frames that score above it are referred to; unset: what the score kind says.
        exhaustive: score every track, where else only likely ones are scored: slow, to compare with.
    """

    top: Annotated[int, Ge(1), Le(MOST_HITS)] = 20
    cursor: str | None = None
    videos: Texts = ()
    labels: Texts = ()
    classes: Texts = ()
    first_time_s: Annotated[float, Ge(0)] | None = None
    last_time_s: Annotated[float, Ge(0)] | None = None
    min_score: float | None = None
    threshold: float | None = None
    exhaustive: bool = False

    def __post_init__(self) -> None:
        """Check what is given against the annotations.

        Raises:
            OptionError: for each option of the wrong type or out of range.
        """
        for name, value in checked_values(self).items():
            object.__setattr__(self, name, value)  # frozen for everyone else
        first, last = self.first_time_s, self.last_time_s
        if first is not None and last is not None and first > last:
            raise OptionError(f"first_time_s must be at most last_time_s, got {first} and {last}")


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """A track that a question refers to.

    Attributes:
        index: of its video.
        score_kind: what its scores are.
        track: the track, its boxes aside: these are in its index.
    """

    index: IndexSummary
    score_kind: ScoreKind
    track: ReferredTrack


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An index that could not be searched.

    Attributes:
        index: its id.
        name: of its video.
        why: and what to do.
    """

    index: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Searched:
    """How much was searched.

    Attributes:
        indexes: their number.
        videos: the number of different videos.
        segments: of their tracks.
        scored: the tracks that were scored exactly.
    """

    indexes: int
    videos: int
    segments: int
    scored: int


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The answer of a search.

    Attributes:
        query: as given.
        hits: best first.
        next: goes on after them as `cursor`; None at the end.
        searched: how much was.
        left_out: what was not, and why.
        warnings: what a user should know.
        timings_s: stage -> seconds.
    """

    query: str
    hits: tuple[Hit, ...]
    next: str | None
    searched: Searched
    left_out: tuple[LeftOut, ...]
    warnings: tuple[str, ...]
    timings_s: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self, names: Mapping[str, str], labels: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
        """Give plain JSON values.

        Args:
            names: a video's SHA-256 -> the name that people gave it, where they did.
            labels: a video's SHA-256 -> its labels.
        """
        return {
            "query": self.query,
            "tracks": [_hit_to_dict(hit, names, labels) for hit in self.hits],
            "next": self.next,
            "searched": {name: getattr(self.searched, name) for name in Searched.__slots__},
            "left_out": [{name: getattr(one, name) for name in LeftOut.__slots__} for one in self.left_out],
            "warnings": list(self.warnings),
            "timings_s": {stage: round(seconds, 6) for stage, seconds in self.timings_s.items()},
        }


def _hit_to_dict(hit: Hit, names: Mapping[str, str], labels: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    video = hit.index.video.sha256
    track = track_to_dict(hit.track)
    del track["boxes"]
    return {
        "video": video,
        "index": hit.index.id,
        "name": names.get(video, hit.index.name),
        "labels": list(labels.get(video, ())),
        "score_kind": hit.score_kind,
        **track,
        "thumbnail": f"/v1/indexes/{hit.index.id}/tracks/{hit.track.track_id}/thumbnail",
    }
