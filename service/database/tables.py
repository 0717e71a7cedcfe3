"""The tables. The migrations make them; a test holds that both agree."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ForeignKey, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from .checks import MAX_LABEL_CHARS, MAX_NAME_CHARS, VIDEO_ID_CHARS

MAX_FOLDED_CHARS: Final = 3 * MAX_LABEL_CHARS
"""Folding case makes at most three characters of one."""


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
