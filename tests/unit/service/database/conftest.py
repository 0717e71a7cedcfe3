"""The database's tests run over SQLite, and over PostgreSQL where it is installed."""

import pytest
from sqlalchemy import Engine

from trackspeak.service.database.catalogue import Catalogue
from trackspeak.service.settings import Settings


@pytest.fixture
def settings(database_settings: Settings) -> Settings:
    """Settings whose database is still to be made."""
    return database_settings


@pytest.fixture
def catalogue(engine: Engine) -> Catalogue:
    return Catalogue(engine)
