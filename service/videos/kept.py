"""Videos whose files are kept, by the SHA-256 of their bytes: the same bytes are kept once."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from trackspeak.models.errors import GoneError, NotFoundError, OutputError, QuotaError
from trackspeak.service.database.engine import reading, writing
from trackspeak.service.database.tables import KeptVideoRow
from trackspeak.service.pipeline.video_info import VideoInfo
from trackspeak.service.process_folder import locked

from .derived import SUFFIXES, Derived

_SUFFIX: Final = re.compile(r"\.[A-Za-z0-9]{1,8}")
_LOCK: Final = ".lock"


@dataclass(frozen=True, slots=True)
class KeptVideo:
    """A video whose file is kept.

    Attributes:
        id: the SHA-256 of the file.
        path: of the file.
        name: what the first who sent it calls it.
        bytes: of the file.
        info: what its header says.
        key_id: who sent it first.
        added_s: when, as Unix time.
        expires_s: when it will be removed; None: never.
    """

    id: str
    path: Path
    name: str
    bytes: int
    info: VideoInfo
    key_id: str
    added_s: float
    expires_s: float | None


@dataclass(frozen=True, slots=True)
class NewVideo:
    """A whole file that came in, and was looked at.

    Attributes:
        path: where it is; it is moved from there.
        sha256: of its bytes.
        name: what the caller calls it.
        info: what its header says.
    """

    path: Path
    sha256: str
    name: str
    info: VideoInfo


class KeptVideos:
    """The files in a folder and what the database says of them.

    The row is there before the file and goes after it, so that no file is without a row, whatever is killed when.

    Args:
        engine: of a database that is up to date.
        folder: of the files.
        keep_s: how long a file is kept after it was last sent or needed; None: until it is deleted.
        clock: gives Unix time.
    """

    def __init__(
        self, engine: Engine, folder: Path, keep_s: float | None, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._keep_s = keep_s
        self._clock = clock

    def add(self, video: NewVideo, key_id: str, max_bytes: int | None = None) -> tuple[KeptVideo, bool]:
        """Keep a video.

        Args:
            video: a whole file.
            key_id: who sent it.
            max_bytes: that this caller may have kept; None: any.

        Returns:
            The video, and whether its bytes are new here.

        Raises:
            QuotaError: if the caller would have too many bytes kept.
            OutputError: if the file cannot be moved, or the database fails.
        """
        size = video.path.stat().st_size
        with self._guarded():
            with writing(self._engine) as session:
                row = session.get(KeptVideoRow, video.sha256, with_for_update=True)
                new = row is None or row.expired or not self._path(row).is_file()
                if row is None or new:
                    if max_bytes is not None:
                        self._check_bytes(self._used(session, key_id), size, max_bytes)
                    session.execute(delete(KeptVideoRow).where(KeptVideoRow.id == video.sha256))
                    row = KeptVideoRow(
                        id=video.sha256,
                        file_name=video.sha256 + harmless_suffix(video.path),
                        name=video.name,
                        bytes=size,
                        info=json.dumps(asdict(video.info)),
                        key_id=key_id,
                        added_s=self._clock(),
                        expired=False,
                    )
                    session.add(row)
                row.expires_s = self._expiry()
                kept = self._kept(row)
            if new:
                self._move(video.path, kept.path)
        return kept, new

    def get(self, video_id: str) -> KeptVideo:
        """Give a video by its whole id.

        Raises:
            NotFoundError: if its file is not kept.
            GoneError: if it was removed when its time was over.
        """
        self.refuse_expired(video_id)
        with reading(self._engine) as session:
            row = session.get(KeptVideoRow, video_id)
            if row is None or row.expired or not self._path(row).is_file():
                raise NotFoundError("video whose file is kept", video_id, None)
            return self._kept(row)

    def all(self) -> list[KeptVideo]:
        """List the videos whose files are kept."""
        wanted = select(KeptVideoRow).where(~KeptVideoRow.expired).order_by(KeptVideoRow.id)
        with reading(self._engine) as session:
            return [self._kept(row) for row in session.scalars(wanted)]

    def refuse_expired(self, video_id: str) -> None:
        """Say of a video that it was here.

        Raises:
            GoneError: if it was removed when its time was over.
        """
        with reading(self._engine) as session:
            row = session.get(KeptVideoRow, video_id)
            if row is not None and row.expired:
                raise GoneError(f"video {video_id}: its time is over and its file was removed; send it again")

    def derived(self, video_id: str, kind: Derived) -> Path:
        """Give the file of what is made of a video, beside it; it need not be there yet."""
        return self._folder / f"{video_id}{SUFFIXES[kind]}"

    def keep_derived(self, video_id: str, kind: Derived, made: Path) -> None:
        """Put what was made of a video beside it; `made` is moved from where it is.

        Raises:
            NotFoundError: if the video was deleted meanwhile.
            GoneError: if its time ended meanwhile.
            OutputError: if it cannot be moved.
        """
        with self._guarded():
            self.get(video_id)
            try:
                shutil.move(made, self.derived(video_id, kind))
            except OSError as error:
                raise OutputError(f"{made.name} could not be kept in {self._folder}: {error.strerror}") from error

    def touch(self, video_id: str) -> None:
        """Let a video's time begin anew, since it is needed."""
        with writing(self._engine) as session:
            row = session.get(KeptVideoRow, video_id, with_for_update=True)
            if row is not None and not row.expired:
                row.expires_s = self._expiry()

    def delete(self, video_id: str) -> None:
        """Remove a video's file, what was made of it and what is said of it; nothing happens where it is not kept.

        Raises:
            OutputError: if it cannot be removed.
        """
        self._remove(video_id, lambda session: session.execute(delete(KeptVideoRow).where(KeptVideoRow.id == video_id)))

    def expire(self, video_id: str) -> None:
        """Remove a video's file, and remember that it was here.

        Raises:
            OutputError: if it cannot be removed.
        """

        def bury(session: Session) -> None:
            row = session.get(KeptVideoRow, video_id, with_for_update=True)
            if row is not None:
                row.expired, row.name, row.info = True, "", "{}"

        self._remove(video_id, bury)

    def overdue(self) -> list[str]:
        """Give the ids of those whose time is over."""
        late = select(KeptVideoRow.id).where(KeptVideoRow.expires_s < self._clock(), ~KeptVideoRow.expired)
        with reading(self._engine) as session:
            return list(session.scalars(late))

    def forget_old(self, older_s: float) -> None:
        """Remove what is told of videos that expired so many seconds ago."""
        with writing(self._engine) as session:
            old = (KeptVideoRow.expired, KeptVideoRow.expires_s < self._clock() - older_s)
            session.execute(delete(KeptVideoRow).where(*old))

    def _remove(self, video_id: str, then: Callable[[Session], object]) -> None:
        with self._guarded(), writing(self._engine) as session:
            row = session.get(KeptVideoRow, video_id, with_for_update=True)
            if row is None:
                return
            try:
                for path in (*(self.derived(video_id, kind) for kind in SUFFIXES), self._path(row)):
                    path.unlink(missing_ok=True)
            except OSError as error:
                raise OutputError(f"the video {video_id} could not be removed: {error.strerror}") from error
            then(session)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Let nobody remove a file while another is about to put the same one there."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = self._folder / _LOCK
            lock.touch()
        except OSError as error:
            raise OutputError(f"videos cannot be kept in {self._folder}: {error.strerror}") from error
        with locked(lock, wait=True):
            yield

    def _move(self, path: Path, target: Path) -> None:
        try:
            shutil.move(path, target)
        except OSError as error:
            with writing(self._engine) as session:
                session.execute(delete(KeptVideoRow).where(KeptVideoRow.file_name == target.name))
            raise OutputError(f"the video could not be kept in {self._folder}: {error.strerror}") from error

    def _used(self, session: Session, key_id: str) -> int:
        own = (KeptVideoRow.key_id == key_id, ~KeptVideoRow.expired)
        return int(session.scalar(select(func.coalesce(func.sum(KeptVideoRow.bytes), 0)).where(*own)) or 0)

    def _check_bytes(self, used: int, more: int, most: int) -> None:
        if used + more > most:
            raise QuotaError(f"bytes: you have {used:,} kept, {more:,} more would be over your {most:,}", 3600.0)

    def _expiry(self) -> float | None:
        return None if self._keep_s is None else self._clock() + self._keep_s

    def _path(self, row: KeptVideoRow) -> Path:
        return self._folder / row.file_name

    def _kept(self, row: KeptVideoRow) -> KeptVideo:
        return KeptVideo(
            row.id,
            self._path(row),
            row.name,
            row.bytes,
            VideoInfo(**json.loads(row.info)),
            row.key_id,
            row.added_s,
            row.expires_s,
        )


def harmless_suffix(path: Path) -> str:
    """Give a file's suffix, by which some containers are told, where it is harmless."""
    return path.suffix if _SUFFIX.fullmatch(path.suffix) else ""
