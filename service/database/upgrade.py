"""Bring a database to the newest revision, whoever else opens it at the same time."""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import OperationalError

from trackspeak.models.errors import OutputError

from .engine import clear_errors, database_name, without_transactions, writer

HEAD: Final = "0004"
"""The newest revision, so that a database that has it is opened without loading Alembic."""

_VERSIONS: Final = "alembic_version"
_LOCK: Final = 0x7472_6163_6B  # "track": any number that is ours
_TRIES: Final = 200
_PAUSE_S: Final = 0.05


def upgrade(engine: Engine) -> None:
    """Make the tables, or bring them up to date; does nothing where they are.

    All migrations that are missing happen in one transaction, which one process at a time may hold.

    Raises:
        OutputError: if the database fails, or was made by a newer trackspeak.
    """
    with clear_errors(engine):
        if engine.dialect.name == "sqlite":
            _log_ahead(engine)
        with engine.connect() as connection:
            if _revision(connection) == HEAD:
                return
        with writer(engine).connect() as connection, connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            _migrate(connection)


def _log_ahead(engine: Engine) -> None:
    """Have SQLite keep a write-ahead log, which the file remembers: who reads then waits for no writer."""
    for attempt in range(_TRIES):
        try:
            with without_transactions(engine).connect() as connection:
                if connection.exec_driver_sql("PRAGMA journal_mode").scalar() != "wal":
                    connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        except OperationalError as error:  # the one change for which SQLite does not always wait by itself
            if attempt + 1 == _TRIES or "locked" not in str(error.orig):
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def _revision(connection: Connection) -> str | None:
    """Give the revision that a database has; None where it is empty."""
    if not inspect(connection).has_table(_VERSIONS):
        return None
    revision: str | None = connection.execute(text(f"SELECT version_num FROM {_VERSIONS}")).scalar()  # noqa: S608
    return revision


def _migrate(connection: Connection) -> None:
    """Run what is missing in the transaction that is begun.

    Raises:
        OutputError: if the database's revision is none of ours.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "trackspeak.service.database:migrations")
    config.attributes["connection"] = connection
    revision = _revision(connection)
    ours = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in ours:
        name = database_name(connection.engine)
        raise OutputError(f"{name} has revision {revision!r}, wanted one up to {HEAD}: install a newer trackspeak")
    command.upgrade(config, HEAD)
