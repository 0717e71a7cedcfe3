"""One database for what changes while indexes do not: names and labels of videos, saved searches, API keys.

A SQLite file in the data folder, or PostgreSQL by its URL. Importing this package loads no SQLAlchemy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trackspeak.service.settings import Settings


def database_is_there(settings: Settings) -> bool:
    """Whether there is a database to read; a SQLite file is made by the first who writes."""
    return settings.database_url is not None or settings.database_file.exists()
