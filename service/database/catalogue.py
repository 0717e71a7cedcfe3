"""Names and labels of videos, and saved searches. A video is known by its SHA-256, whatever its file is called."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, delete, select

from trackspeak.models.errors import NotFoundError, OptionError

from .checks import MAX_LABELS, body_as_json, check_labels, check_name, check_video_id
from .engine import clear_log, open_database, reading, writing
from .tables import KeptVideoRow, LabelRow, SavedSearchRow, VideoRow
from .upsert import upsert

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from trackspeak.service.settings import Settings


@dataclass(frozen=True, slots=True)
class CataloguedVideo:
    """What people said of a video.

    Attributes:
        id: the SHA-256 of the video, 64 hexadecimal digits.
        name: in place of the one that its index has; None where nobody gave one.
        labels: sorted by what they are compared by.
    """

    id: str
    name: str | None = None
    labels: tuple[str, ...] = ()


@contextmanager
def open_catalogue(settings: Settings) -> Iterator[Catalogue]:
    """Give the catalogue of an installation, and close its database at the end.

    Raises:
        OptionError: if the database's URL is wrong.
        OutputError: if the database cannot be made, reached or brought up to date.
    """
    engine = open_database(settings)
    try:
        yield Catalogue(engine)
    finally:
        engine.dispose()


class Catalogue:
    """Names, labels and saved searches.

    Every method is one transaction, safe beside those of other processes, and raises OutputError if the database fails.

    Args:
        engine: of a database that is up to date.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def change_video(
        self,
        video_id: str,
        *,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
        labels: Iterable[str] | None = None,
        name: str | None = None,
    ) -> None:
        """Change what is said of a video, all of it or nothing.

        Args:
            video_id: its SHA-256.
            add: labels to add, after others are removed.
            remove: labels to remove.
            labels: all that the video is to have; None leaves those that it has.
            name: a name; the empty one gives the video back the name of its index; None changes nothing.

        Raises:
            OptionError: if something is not what it must be, or there would be too many labels.
            NotFoundError: if the video has no such label to remove.
        """
        check_video_id(video_id)
        added, removed = check_labels(add), check_labels(remove)
        values = {} if name is None else {"name": check_name(name) if name.strip() else None}
        wanted = None if labels is None else check_labels(labels)
        with writing(self._engine) as session:
            upsert(session, VideoRow, {"id": video_id}, values)  # from here on others who change this video wait
            if wanted is not None:
                own = _labels(session, video_id)
                added = {**{key: label for key, label in wanted.items() if key not in own}, **added}
                removed = {**{key: label for key, label in own.items() if key not in wanted}, **removed}
            _change_labels(session, video_id, added, removed)

    def labels(self, video_id: str) -> tuple[str, ...]:
        """Give the labels of a video, none where nobody labelled it."""
        return self.video(video_id).labels

    def video(self, video_id: str) -> CataloguedVideo:
        """Give what is said of a video, nothing where it is not known.

        Raises:
            OptionError: if the id is not a SHA-256.
        """
        check_video_id(video_id)
        with reading(self._engine) as session:
            row = session.get(VideoRow, video_id)
            kept = _labels(session, video_id)
        return CataloguedVideo(video_id, None if row is None else row.name, tuple(kept.values()))

    def videos(self) -> dict[str, CataloguedVideo]:
        """Give all that is said of videos: id -> video."""
        with reading(self._engine) as session:
            rows = session.execute(
                select(VideoRow.id, VideoRow.name, LabelRow.folded, LabelRow.label).outerjoin(LabelRow)
            )
            found: dict[str, tuple[str | None, dict[str, str]]] = {}
            for video_id, name, folded, label in rows:
                labels = found.setdefault(video_id, (name, {}))[1]
                if label is not None:
                    labels[folded] = label
        return {
            video_id: CataloguedVideo(video_id, name, tuple(labels[key] for key in sorted(labels)))
            for video_id, (name, labels) in sorted(found.items())
        }

    def kept(self) -> set[str]:
        """Give the ids of the videos whose files are kept."""
        with reading(self._engine) as session:
            return set(session.scalars(select(KeptVideoRow.id).where(~KeptVideoRow.expired)))

    def forget_video(self, video_id: str) -> None:
        """Remove all that is said of a video; nothing happens where it is not known.

        Raises:
            OptionError: if the id is not a SHA-256.
        """
        check_video_id(video_id)
        with writing(self._engine) as session:
            session.execute(delete(VideoRow).where(VideoRow.id == video_id))  # its labels go with it
        clear_log(self._engine)

    def save_search(self, name: str, body: Mapping[str, Any]) -> None:
        """Keep a search, in place of an older one of its name.

        Args:
            name: trimmed; capitals matter.
            body: what JSON can hold, at most 64 KiB of it; lists come back for tuples.

        Raises:
            OptionError: if the name or the body is not what it must be.
        """
        key, values = {"name": check_name(name)}, {"body": body_as_json(body)}
        with writing(self._engine) as session:
            upsert(session, SavedSearchRow, key, values)

    def search(self, name: str) -> dict[str, Any]:
        """Give the body of a saved search.

        Raises:
            OptionError: if the name is not what it must be.
            NotFoundError: if there is none.
        """
        wanted = check_name(name)
        with reading(self._engine) as session:
            row = session.get(SavedSearchRow, wanted)
            if row is None:
                raise NotFoundError("saved search", wanted, session.scalars(select(SavedSearchRow.name)))
            body: dict[str, Any] = json.loads(row.body)
        return body

    def searches(self) -> dict[str, dict[str, Any]]:
        """Give all saved searches by name: name -> body."""
        with reading(self._engine) as session:
            rows = session.execute(select(SavedSearchRow.name, SavedSearchRow.body))
            return {name: json.loads(body) for name, body in sorted(rows)}

    def delete_search(self, name: str) -> None:
        """Remove a saved search.

        Raises:
            OptionError: if the name is not what it must be.
            NotFoundError: if there is none.
        """
        wanted = check_name(name)
        with writing(self._engine) as session:
            row = session.get(SavedSearchRow, wanted, with_for_update=True)
            if row is None:
                raise NotFoundError("saved search", wanted, session.scalars(select(SavedSearchRow.name)))
            session.delete(row)
        clear_log(self._engine)


def _labels(session: Session, video_id: str) -> dict[str, str]:
    """Give the labels of a video by what they are compared by, sorted by that."""
    rows = session.execute(select(LabelRow.folded, LabelRow.label).where(LabelRow.video_id == video_id))
    return dict(sorted((folded, label) for folded, label in rows))


def _change_labels(session: Session, video_id: str, added: Mapping[str, str], removed: Mapping[str, str]) -> None:
    """Remove and add labels of a video that nobody else can change meanwhile."""
    kept = _labels(session, video_id)
    for folded, label in removed.items():
        if folded not in kept:
            raise NotFoundError("label of this video", label, kept.values())
    kept = {folded: label for folded, label in kept.items() if folded not in removed}
    new = {folded: label for folded, label in added.items() if folded not in kept}
    if len(kept) + len(new) > MAX_LABELS:
        raise OptionError(f"labels of one video must be at most {MAX_LABELS}, got {len(kept) + len(new)}")
    if removed:
        session.execute(delete(LabelRow).where(LabelRow.video_id == video_id, LabelRow.folded.in_(removed)))
    session.add_all(LabelRow(video_id=video_id, folded=folded, label=label) for folded, label in new.items())
