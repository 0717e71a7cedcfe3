"""The tables. The migrations make them; a test holds that both agree."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Double, ForeignKey, Integer, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from .checks import MAX_LABEL_CHARS, MAX_NAME_CHARS, VIDEO_ID_CHARS

MAX_FOLDED_CHARS: Final = 3 * MAX_LABEL_CHARS
"""Folding case makes at most three characters of one."""

MAX_KEY_ID_CHARS: Final = 32
JOB_ID_CHARS: Final = 32
"""Hexadecimal digits of a random id."""

_NUMBER: Final = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up in columns of this type alone


class Base(DeclarativeBase):
    """What all tables share: constraints have names, so that migrations can change them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class VideoRow(Base):
    """A video that was named or labelled."""

    __tablename__ = "videos"

    id: Mapped[str] = mapped_column(String(VIDEO_ID_CHARS), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(MAX_NAME_CHARS))


class LabelRow(Base):
    """One label of one video; `folded` is what it is compared by."""

    __tablename__ = "labels"

    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    folded: Mapped[str] = mapped_column(String(MAX_FOLDED_CHARS), primary_key=True, index=True)
    label: Mapped[str] = mapped_column(String(MAX_LABEL_CHARS))


class SavedSearchRow(Base):
    """A search to be done again; `body` is JSON as text, the same in every database."""

    __tablename__ = "saved_searches"

    name: Mapped[str] = mapped_column(String(MAX_NAME_CHARS), primary_key=True)
    body: Mapped[str] = mapped_column(Text)


class KeptVideoRow(Base):
    """A video whose file is kept; once it has expired the row stays for a while, to say so."""

    __tablename__ = "kept_videos"

    id: Mapped[str] = mapped_column(String(VIDEO_ID_CHARS), primary_key=True)
    file_name: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(Text)
    bytes: Mapped[int] = mapped_column(BigInteger)
    info: Mapped[str] = mapped_column(Text)
    key_id: Mapped[str] = mapped_column(String(MAX_KEY_ID_CHARS), index=True)
    added_s: Mapped[float] = mapped_column(Double)
    expires_s: Mapped[float | None] = mapped_column(Double, index=True)
    expired: Mapped[bool] = mapped_column(default=False)


class UploadRow(Base):
    """A video that comes in pieces; how much has come is the length of its file."""

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(String(JOB_ID_CHARS), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(MAX_KEY_ID_CHARS), index=True)
    name: Mapped[str] = mapped_column(Text)
    bytes: Mapped[int] = mapped_column(BigInteger)
    video_id: Mapped[str | None] = mapped_column(String(VIDEO_ID_CHARS))
    expires_s: Mapped[float] = mapped_column(Double, index=True)


class JobRow(Base):
    """A job; what it is to do and how it went are JSON as text."""

    __tablename__ = "jobs"

    number: Mapped[int] = mapped_column(_NUMBER, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(JOB_ID_CHARS), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), index=True)
    key_id: Mapped[str] = mapped_column(String(MAX_KEY_ID_CHARS), index=True)
    video_id: Mapped[str] = mapped_column(String(VIDEO_ID_CHARS), index=True)
    request: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(String(64), index=True)
    video_file: Mapped[str | None] = mapped_column(String(80))
    waited: Mapped[bool] = mapped_column()
    created_s: Mapped[float] = mapped_column(Double)
    started_s: Mapped[float | None] = mapped_column(Double)
    ended_s: Mapped[float | None] = mapped_column(Double)
    expires_s: Mapped[float | None] = mapped_column(Double, index=True)
    expired: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    claim: Mapped[str | None] = mapped_column(String(JOB_ID_CHARS))
    lease_until_s: Mapped[float | None] = mapped_column(Double)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)


class JobEventRow(Base):
    """What happened to a job, for those who watch it; of each kind but `state` the newest alone is kept."""

    __tablename__ = "job_events"

    number: Mapped[int] = mapped_column(_NUMBER, primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    data: Mapped[str] = mapped_column(Text)


class ApiKeyRow(Base):
    """An API key: its SHA-256, not the key itself; times are seconds since 1970."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME_CHARS))
    hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[str] = mapped_column(String(200))
    max_jobs: Mapped[int | None] = mapped_column(BigInteger)
    max_upload_bytes: Mapped[int | None] = mapped_column(BigInteger)
    created_at_s: Mapped[int] = mapped_column(BigInteger)
    expires_at_s: Mapped[int | None] = mapped_column(BigInteger)
    revoked_at_s: Mapped[int | None] = mapped_column(BigInteger)
    last_used_at_s: Mapped[int | None] = mapped_column(BigInteger)
