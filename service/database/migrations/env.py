"""What Alembic runs to migrate; the connection, in its transaction, comes from `upgrade`."""

from __future__ import annotations

from alembic import context

from trackspeak.service.database.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
