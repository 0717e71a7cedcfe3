"""Names and labels of videos."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None


def upgrade() -> None:
    """Make the tables of videos and labels."""
    op.create_table(
        "videos",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_videos"),
    )
    op.create_table(
        "labels",
        sa.Column("video_id", sa.String(64), nullable=False),
        sa.Column("folded", sa.String(192), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name="fk_labels_video_id_videos", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("video_id", "folded", name="pk_labels"),
    )
    op.create_index("ix_labels_folded", "labels", ["folded"])
