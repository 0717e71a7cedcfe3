"""The database's tests run over SQLite, and over PostgreSQL where it is installed."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import postgres_server
import pytest
from sqlalchemy import Engine

from trackspeak.service.database.catalogue import Catalogue
from trackspeak.service.database.engine import open_database
from trackspeak.service.settings import Settings

NUMBERS = count()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The folder of the socket of a server that runs for all tests."""
    reason = postgres_server.missing()
    if reason is not None:
        pytest.skip(reason)
    with postgres_server.running_server() as folder:
        yield folder


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings whose database is still to be made."""
    data = tmp_path / "data"
    if request.param == "sqlite":
        return Settings(data=data)
    name = f"test{next(NUMBERS)}"
    return Settings(data=data, database_url=postgres_server.make_database(request.getfixturevalue("postgresql"), name))


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """An open database."""
    opened = open_database(settings)
    yield opened
    opened.dispose()


@pytest.fixture
def catalogue(engine: Engine) -> Catalogue:
    return Catalogue(engine)
