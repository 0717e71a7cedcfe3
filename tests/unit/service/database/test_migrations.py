"""Migrations make what the models say, from nothing and from the first revision, and are run once."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, inspect, text

from trackspeak.models.errors import OutputError
from trackspeak.service.database import upgrade as upgrade_module
from trackspeak.service.database.catalogue import Catalogue
from trackspeak.service.database.engine import database_url, make_engine, open_database, writer
from trackspeak.service.database.tables import Base
from trackspeak.service.database.upgrade import HEAD, upgrade
from trackspeak.service.settings import Settings

VIDEO = "ab" * 32


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", "trackspeak.service.database:migrations")
    return made


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, Base.metadata))


@pytest.fixture
def at_first_revision(settings: Settings) -> Settings:
    """A database as the first release that had one made it, with a labelled video."""
    settings.data.mkdir()
    engine = make_engine(database_url(settings))
    with writer(engine).connect() as connection, connection.begin():
        first = config()
        first.attributes["connection"] = connection
        command.upgrade(first, "0001")
        connection.execute(text("INSERT INTO videos VALUES (:id, 'north')"), {"id": VIDEO})
        connection.execute(text("INSERT INTO labels VALUES (:id, 'night', 'Night')"), {"id": VIDEO})
    assert set(inspect(engine).get_table_names()) == {"alembic_version", "videos", "labels"}
    engine.dispose()
    return settings


def test_an_empty_database_becomes_what_the_models_say(engine: Engine) -> None:
    assert differences(engine) == []


def test_a_difference_would_be_seen(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin():
        connection.execute(text("ALTER TABLE saved_searches ADD COLUMN more VARCHAR(3)"))
        connection.execute(text("DROP INDEX ix_labels_folded"))
    assert len(differences(engine)) == 2


def test_the_first_revision_is_brought_up_to_date_with_all_that_is_in_it(at_first_revision: Settings) -> None:
    engine = open_database(at_first_revision)
    assert differences(engine) == []
    video = Catalogue(engine).video(VIDEO)
    assert (video.name, video.labels) == ("north", ("Night",))
    engine.dispose()


def test_a_migration_that_fails_changes_nothing(at_first_revision: Settings) -> None:
    engine = make_engine(database_url(at_first_revision))

    def fail(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE alembic_version"):
            raise RuntimeError("the power fails")

    event.listen(engine, "before_cursor_execute", fail)
    with pytest.raises(RuntimeError, match="the power fails"):
        upgrade(engine)
    assert "saved_searches" not in inspect(engine).get_table_names()
    event.remove(engine, "before_cursor_execute", fail)
    upgrade(engine)
    assert differences(engine) == []
    engine.dispose()


def test_one_that_is_up_to_date_is_opened_without_alembic(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_connection: object) -> None:
        raise AssertionError("it was migrated again")

    monkeypatch.setattr(upgrade_module, "_migrate", never)
    upgrade(engine)
    upgrade(engine)


def test_a_database_of_a_newer_program_is_refused(engine: Engine, settings: Settings) -> None:
    with engine.connect() as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(OutputError, match=f"has revision '9999', wanted one up to {HEAD}: install a newer trackspeak"):
        open_database(settings)


def test_the_newest_revision_is_the_one_that_is_named() -> None:
    assert ScriptDirectory.from_config(config()).get_heads() == [HEAD]
