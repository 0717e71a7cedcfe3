"""Videos that come in pieces, by the rules of tus 1.0.0 (https://tus.io/protocols/resumable-upload)."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, delete, func, select

from trackspeak.models.errors import ConflictError, GoneError, NotFoundError, OutputError, QuotaError
from trackspeak.service.database.engine import reading, writing
from trackspeak.service.database.tables import UploadRow
from trackspeak.service.process_folder import locked

from .kept import harmless_suffix


@dataclass(frozen=True, slots=True)
class Upload:
    """A video that is coming in.

    Attributes:
        id: 32 hexadecimal digits.
        path: of its file, as far as it has come.
        key_id: whose it is.
        name: what the caller calls it.
        bytes: how long it will be.
        offset: bytes that have come.
        video_id: the SHA-256 of the video that it became; None while it is coming.
        expires_s: when it will be removed, as Unix time.
    """

    id: str
    path: Path
    key_id: str
    name: str
    bytes: int
    offset: int
    video_id: str | None
    expires_s: float


class Uploads:
    """The files in a folder and what the database says of them: the row is there before the file, and goes after it.

    Args:
        engine: of a database that is up to date.
        folder: of the files.
        keep_s: how long one may rest between two pieces.
        clock: gives Unix time.
    """

    def __init__(self, engine: Engine, folder: Path, keep_s: float, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._folder = folder
        self._keep_s = keep_s
        self._clock = clock

    def create(self, key_id: str, name: str, size: int, most: int) -> Upload:
        """Begin an upload.

        Args:
            key_id: whose it is.
            name: what the caller calls it.
            size: bytes that will come; checked.
            most: uploads that one caller may have open.

        Raises:
            QuotaError: if the caller has too many open.
            OutputError: if no file can be made, or the database fails.
        """
        with writing(self._engine) as session:
            own = (UploadRow.key_id == key_id, UploadRow.video_id.is_(None))
            has = session.scalar(select(func.count()).select_from(UploadRow).where(*own)) or 0
            if has >= most:
                raise QuotaError(f"uploads: {has} of yours are open, and one caller may have {most} at once", 60.0)
            row = UploadRow(
                id=uuid.uuid4().hex, key_id=key_id, name=name, bytes=size, expires_s=self._clock() + self._keep_s
            )
            session.add(row)
            session.flush()
            upload = self._upload(row)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            upload.path.touch()
        except OSError as error:
            self.delete(upload.id)
            raise OutputError(f"no upload can be written to {self._folder}: {error.strerror}") from error
        return upload

    def get(self, upload_id: str, key_id: str) -> Upload:
        """Give an upload of a caller.

        Raises:
            NotFoundError: if there is none of this id, or it is somebody else's.
            GoneError: if its time is over.
        """
        with reading(self._engine) as session:
            row = session.get(UploadRow, upload_id)
            if row is None or row.key_id != key_id:
                raise NotFoundError("upload", upload_id, None)
            if row.expires_s < self._clock():
                raise GoneError(f"upload {upload_id}: its time is over; begin anew")
            return self._upload(row)

    @contextmanager
    def writing_to(self, upload: Upload, offset: int) -> Iterator[Callable[[bytes], None]]:
        """Let the caller write the next bytes; what was written stays, also after an error.

        Args:
            upload: which.
            offset: at which the caller goes on.

        Yields:
            What writes a piece.

        Raises:
            ConflictError: if that is not where it ends, another is writing to it, or it is whole.
            OutputError: if it cannot be written.
        """
        with self.held(upload):
            now = _size(upload.path)
            if now != offset:
                raise ConflictError(f"Upload-Offset must be {now}, where the upload ends, got {offset}")
            if upload.video_id is not None:
                raise ConflictError("the upload is whole")
            left = upload.bytes - now

            def write(piece: bytes) -> None:
                nonlocal left
                if len(piece) > left:
                    raise ConflictError(f"the upload must have {upload.bytes} bytes as declared, got more")
                left -= len(piece)
                file.write(piece)

            try:
                with upload.path.open("ab") as file:
                    yield write
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise OutputError(f"the upload could not be written to {self._folder}: {error.strerror}") from error
        self._touch(upload.id)

    @contextmanager
    def held(self, upload: Upload) -> Iterator[None]:
        """Keep others from writing to an upload.

        Raises:
            ConflictError: if another is writing to it.
        """
        with locked(self._folder / f"{upload.id}-lock") as free:
            if not free:
                raise ConflictError("another request is writing to this upload")
            yield

    def became(self, upload: Upload, video_id: str) -> None:
        """Note which video a whole upload became; its file is elsewhere by now."""
        with writing(self._engine) as session:
            row = session.get(UploadRow, upload.id, with_for_update=True)
            if row is not None:
                row.video_id = video_id
        self._remove_files(upload.id)

    def delete(self, upload_id: str) -> None:
        """Remove an upload.

        Raises:
            OutputError: if it cannot be removed.
        """
        self._remove_files(upload_id)
        with writing(self._engine) as session:
            session.execute(delete(UploadRow).where(UploadRow.id == upload_id))

    def forget_video(self, video_id: str) -> None:
        """Remove what is told of the uploads that became a video."""
        with writing(self._engine) as session:
            session.execute(delete(UploadRow).where(UploadRow.video_id == video_id))

    def remove_overdue(self) -> None:
        """Remove those whose time is over."""
        with reading(self._engine) as session:
            late = list(session.scalars(select(UploadRow.id).where(UploadRow.expires_s < self._clock())))
        for upload_id in late:
            self.delete(upload_id)

    def _touch(self, upload_id: str) -> None:
        with writing(self._engine) as session:
            row = session.get(UploadRow, upload_id, with_for_update=True)
            if row is not None:
                row.expires_s = self._clock() + self._keep_s

    def _remove_files(self, upload_id: str) -> None:
        try:
            for path in self._folder.glob(f"{upload_id}*"):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"the upload {upload_id} could not be removed: {error.strerror}") from error

    def _upload(self, row: UploadRow) -> Upload:
        path = self._folder / (row.id + harmless_suffix(Path(row.name)))
        offset = row.bytes if row.video_id is not None else _size(path)
        return Upload(row.id, path, row.key_id, row.name, row.bytes, offset, row.video_id, row.expires_s)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
