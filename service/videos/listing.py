"""Videos as callers see them: those whose files are kept, those that were indexed, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trackspeak.models.errors import ConflictError, NotFoundError, OptionError
from trackspeak.service.database.catalogue import Catalogue, CataloguedVideo
from trackspeak.service.finding import is_beginning, same_name, videos_with
from trackspeak.service.pipeline.video_info import VideoFacts, VideoInfo
from trackspeak.service.store.index_file import IndexSummary
from trackspeak.service.store.indexes import Indexes

from .kept import KeptVideo, KeptVideos

_TELLING: Final = ("detector", "tracker", "matcher")
"""The kinds of plugins by which people tell indexes of a video apart."""


@dataclass(frozen=True, slots=True)
class KnownVideo:
    """A video that is kept, indexed, or both.

    Attributes:
        id: the SHA-256 of its file.
        name: what people call it.
        labels: what people said of it.
        kept: its file; None where it is not kept.
        indexes: of it.
    """

    id: str
    name: str
    labels: tuple[str, ...]
    kept: KeptVideo | None
    indexes: tuple[IndexSummary, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON values; of one that was never watched, what its header says."""
        size: VideoInfo | VideoFacts
        frames: int | None
        duration_s: float | None
        if self.indexes:
            size = facts = self.indexes[0].video
            frames, duration_s = facts.frames, facts.duration_s
        else:
            size = info = self._file.info
            frames, duration_s = info.declared_frames, info.declared_duration_s
        return {
            "id": self.id,
            "name": self.name,
            "labels": list(self.labels),
            "frames": frames,
            "fps": round(size.frame_rate, 6),
            "width": size.width,
            "height": size.height,
            "duration_s": None if duration_s is None else round(duration_s, 6),
            "bytes": None if self.kept is None else self.kept.bytes,
            "indexes": [_index_to_dict(one) for one in self.indexes],
        }

    @property
    def _file(self) -> KeptVideo:
        if self.kept is None:
            raise NotFoundError("video", self.id, None)
        return self.kept

    def index_to_ask(self, wanted: object, text: str) -> str:
        """Give the id of the index that is asked.

        Args:
            wanted: that the caller names; None: the one that `text` is the id of, or the only one.
            text: by which the video was found.

        Raises:
            ConflictError: if the video was not indexed yet.
            OptionError: if it has several and none is named, or has not the one named.
        """
        own = [one.id for one in self.indexes]
        if not own:
            raise ConflictError(f"video {self.id} is not indexed yet: POST /v1/videos/{self.id}/index does it")
        if wanted is None:
            if text in own:
                return text
            if len(own) != 1:
                raise OptionError(f"index must name one of the video's indexes, which are: {', '.join(own)}")
            return own[0]
        if wanted not in own:
            raise OptionError(f"index must be one of the video's, {', '.join(own)}; got {wanted!r:.80}")
        return str(wanted)


def _index_to_dict(index: IndexSummary) -> dict[str, Any]:
    return {
        "id": index.id,
        "profile": index.profile,
        "tracks": index.tracks,
        "plugins": {kind: use and use.name for kind, use in index.plugins.items() if kind in _TELLING},
    }


class Library:
    """All videos of an installation.

    Args:
        catalogue: what people said of videos.
        kept: the videos whose files are kept.
        indexes: what was indexed; its listing is remembered.
    """

    def __init__(self, catalogue: Catalogue, kept: KeptVideos, indexes: Indexes) -> None:
        self.catalogue = catalogue
        self._kept = kept
        self.indexes = indexes

    def all(self, labels: Iterable[str] = ()) -> list[KnownVideo]:
        """List the videos by name, those that have all of some labels.

        Raises:
            OptionError: if a label is not what it must be.
            OutputError: if the database fails.
        """
        said = self.catalogue.videos()
        wanted = tuple(labels)
        labelled = videos_with(said, wanted)
        kept = {one.id: one for one in self._kept.all()}
        indexes: dict[str, list[IndexSummary]] = {}
        for one in self.indexes:
            indexes.setdefault(one.video.sha256, []).append(one)
        known = [_known(key, said.get(key), kept.get(key), indexes.get(key, ())) for key in {**kept, **indexes}]
        chosen = [one for one in known if not wanted or one.id in labelled]
        return sorted(chosen, key=lambda one: (one.name, one.id))

    def find(self, text: str) -> KnownVideo:
        """Find the video that a text means: its SHA-256, the id of an index, its name, or the beginning of an id.

        Raises:
            GoneError: if its file was removed when its time was over, and it was never indexed.
            NotFoundError: if there is none, or more than one.
            OutputError: if the database fails.
        """
        there = self.all()
        found = (
            [one for one in there if text == one.id or text in (index.id for index in one.indexes)]
            or [one for one in there if same_name(one.name, text)]
            or [one for one in there if any(same_name(index.name, text) for index in one.indexes)]
            or [one for one in there if any(is_beginning(text, index.id) for index in one.indexes)]
            or [one for one in there if is_beginning(text, one.id)]
        )
        if len(found) == 1:
            return found[0]
        if not found:
            self._kept.refuse_expired(text)
            if text in self.indexes:
                self.indexes.get(text)  # says what is wrong with it
        named = [f"{one.id} ({one.name})" for one in found or there]
        raise NotFoundError("video" if not found else "single video", text, named)

    def index_to_ask(self, text: str, wanted: object = None) -> str:
        """Give the id of the index that is asked; one by its whole id without looking at all others.

        Args:
            text: see `find`.
            wanted: see `KnownVideo.index_to_ask`.

        Raises:
            TrackspeakError: what these raise.
        """
        if wanted is None and text in self.indexes:
            return text
        return self.find(text).index_to_ask(wanted, text)


def _known(
    video_id: str, said: CataloguedVideo | None, kept: KeptVideo | None, indexes: Sequence[IndexSummary]
) -> KnownVideo:
    """Put together what is known of a video; the name that people gave it comes first, then its index's."""
    name = said.name if said is not None and said.name is not None else None
    if name is None:
        name = indexes[0].name if indexes else kept.name if kept is not None else ""
    return KnownVideo(video_id, name, said.labels if said is not None else (), kept, tuple(indexes))
