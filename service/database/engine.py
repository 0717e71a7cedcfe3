"""Open the database, and read and write it: every error of it becomes one of ours here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from trackspeak.models.errors import OptionError, OutputError
from trackspeak.service.settings import Settings, variable

BUSY_TIMEOUT_S: Final = 30.0
"""How long one process waits for another that writes."""

_BEGIN: Final = "trackspeak_begin"
"""The execution option that says how a transaction of SQLite begins; empty for none."""

_DURABLE: Final = "trackspeak_durable"
"""The execution option that says whether a transaction must be on the disk when it is over."""

_POSTGRESQL: Final = ("postgres", "postgresql", "postgresql+psycopg")


def open_database(settings: Settings) -> Engine:
    """Open the database of an installation, made or brought up to date where it must be.

    Returns:
        An engine; whoever opened it disposes of it.

    Raises:
        OptionError: if the URL is not one of PostgreSQL, or psycopg is not installed.
        OutputError: if it cannot be made, reached or brought up to date.
    """
    from .upgrade import upgrade

    url = database_url(settings)
    if url.get_backend_name() == "sqlite":
        try:
            settings.data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"the database {url.database} could not be made: {error.strerror or error}") from error
    engine = make_engine(url)
    try:
        upgrade(engine)
    except BaseException:
        engine.dispose()
        raise
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "do_connect", _refuse_lost)
    return engine


def _refuse_lost(_dialect: Any, _record: Any, arguments: Any, _parameters: Any) -> None:
    """Say that the file is gone: SQLite would begin a new one, and what was accepted would seem never to have been."""
    if not Path(arguments[0]).is_file():
        raise sqlite3.OperationalError("its file is gone; bring it back, or start anew")


def database_url(settings: Settings) -> URL:
    """Give where the database is.

    Raises:
        OptionError: if the setting is not a URL of PostgreSQL; what was given stays secret.
    """
    if settings.database_url is None:
        return URL.create("sqlite", database=str(settings.database_file))
    wanted = f"{variable('database_url')} must be postgresql://USER:PASSWORD@HOST/DATABASE"
    try:
        url = make_url(settings.database_url.get_secret_value())
    except (ArgumentError, ValueError):
        raise OptionError(f"{wanted}, got something that is no URL") from None
    if url.drivername not in _POSTGRESQL:
        raise OptionError(f"{wanted}, got one that begins with {url.drivername!r}")
    return url.set(drivername="postgresql+psycopg")


def make_engine(url: URL, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """Make an engine without connecting.

    Args:
        url: of SQLite or PostgreSQL.
        busy_timeout_s: how long SQLite waits for another writer.

    Raises:
        OptionError: if the database's driver is not installed.
    """
    try:
        if url.get_backend_name() == "sqlite":  # opening the file costs little, and sees that it was replaced
            engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
        else:
            engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError as error:
        needed = f"{variable('database_url')} needs {error.name}: pip install 'trackspeak[postgres]'"
        raise OptionError(needed) from None
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(engine, busy_timeout_s)
    return engine


def _set_up_sqlite(engine: Engine, busy_timeout_s: float) -> None:
    """Let a transaction begin where we say, and one that writes wait for its turn at its beginning.

    A transaction that reads first and writes later fails at once, whatever the timeout, where another wrote in between.
    """

    def connected(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # sqlite3 itself would begin late, and not before DDL
        connection.execute(f"PRAGMA busy_timeout = {round(busy_timeout_s * 1000)}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted shall not lie in the file's free pages

    def begun(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get(_DURABLE, True):
            connection.exec_driver_sql("PRAGMA synchronous = NORMAL")
        statement = options.get(_BEGIN, "BEGIN")
        if statement:
            connection.exec_driver_sql(statement)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Give a session that only reads.

    Raises:
        OutputError: if the database fails.
    """
    with clear_errors(engine), Session(engine) as session:
        yield session


@contextmanager
def writing(engine: Engine, *, durable: bool = True) -> Iterator[Session]:
    """Give a session whose changes are kept together at the end, or none of them after an error.

    Args:
        engine: of the database.
        durable: whether they must outlive a power cut at once; whatever is killed, they are kept in any case.

    Raises:
        OutputError: if the database fails.
    """
    chosen = writer(engine).execution_options(**{_DURABLE: durable})
    with clear_errors(engine), Session(chosen) as session, session.begin():
        yield session


def writer(engine: Engine) -> Engine:
    """Give the same engine for transactions that write."""
    return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


@contextmanager
def kept_open(engine: Engine) -> Iterator[None]:
    """Hold a connection to a SQLite file for the time of the block: with the last one its log would be cleared away."""
    if engine.dialect.name != "sqlite":
        yield
        return
    with clear_errors(engine), engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA schema_version")
        connection.rollback()
        yield


def clear_log(engine: Engine) -> None:
    """Bring SQLite's log into its file and empty it: what was deleted shall not lie in there.

    Raises:
        OutputError: if the database fails.
    """
    if engine.dialect.name == "sqlite":
        with clear_errors(engine), without_transactions(engine).connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def without_transactions(engine: Engine) -> Engine:
    """Give the same engine for what SQLite does outside transactions alone."""
    return engine.execution_options(**{_BEGIN: ""})


@contextmanager
def clear_errors(engine: Engine) -> Iterator[None]:
    """Turn what SQLAlchemy raises into an error of ours, without statements and passwords.

    Raises:
        OutputError: naming the database and the reason.
    """
    try:
        yield
    except SQLAlchemyError as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise OutputError(f"{database_name(engine)} could not be used: {reason}") from error


def database_name(engine: Engine) -> str:
    """Give what errors call a database: a file's path, or a name without user and password."""
    url = engine.url
    return f"the database {url.database}" if url.host is None else f"the database {url.database} at {url.host}"
