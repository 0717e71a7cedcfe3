"""Insert a row or change the one that is there, in one statement of SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from .tables import Base


def upsert(session: Session, table: type[Base], key: Mapping[str, str], values: Mapping[str, str | None]) -> None:
    """Insert a row or change it; either way no other transaction changes it before this one ends.

    Args:
        session: in a transaction that writes.
        table: of the row.
        key: its primary key: column -> value.
        values: other columns -> value; those not named keep what they have.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values({**key, **values})
    session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=dict(values) or dict(key)))
