"""Keys in a database of the test's own, and a clock that the test moves."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from trackspeak.service.access.keys import ApiKeys, open_keys
from trackspeak.service.settings import Settings


@dataclass
class Clock:
    """A clock."""

    now_s: float = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(database_settings: Settings) -> Settings:
    return database_settings


@pytest.fixture
def keys(settings: Settings) -> Iterator[ApiKeys]:
    """Keys over SQLite, and over PostgreSQL where it is installed."""
    with open_keys(settings) as opened:
        yield opened
