"""The database opens where it should, keeps secrets, and fails with errors that say what is wrong."""

import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from trackspeak.models.errors import OptionError, OutputError
from trackspeak.service.database import database_is_there
from trackspeak.service.database.catalogue import Catalogue, open_catalogue
from trackspeak.service.database.engine import database_url, make_engine, open_database, reading, writing
from trackspeak.service.database.upgrade import upgrade
from trackspeak.service.settings import Settings

VIDEO = "ab" * 32
HELPERS = Path(__file__).resolve().parents[3] / "helpers"


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """SQLite in a folder that is still to be made."""
    return Settings(data=tmp_path / "new" / "data")


@pytest.fixture
def impatient(here: Settings) -> Iterator[Engine]:
    """An engine that waits for nobody."""
    here.data.mkdir(parents=True)
    engine = make_engine(database_url(here), busy_timeout_s=0)
    upgrade(engine)
    yield engine
    engine.dispose()


def test_the_file_is_made_by_the_first_who_opens_it(here: Settings) -> None:
    assert not database_is_there(here)
    open_database(here).dispose()
    assert database_is_there(here)
    assert [path.name for path in here.data.iterdir()] == ["trackspeak.db"]


def test_sqlite_is_set_up(here: Settings) -> None:
    engine = open_database(here)
    with reading(engine) as session:
        got = [session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "busy_timeout", "foreign_keys")]
    assert got == ["wal", 30_000, 1]
    engine.dispose()


def test_an_error_undoes_all_of_a_transaction(catalogue: Catalogue, engine: Engine) -> None:
    catalogue.change_video(VIDEO, add=["a"])

    def change(*statements: str) -> None:
        with writing(engine) as session:
            for statement in statements:
                session.execute(text(statement))

    with pytest.raises(OutputError, match="missing"):
        change("DELETE FROM labels", "DELETE FROM missing")
    assert catalogue.labels(VIDEO) == ("a",)


def test_who_reads_waits_for_no_writer(here: Settings, impatient: Engine) -> None:
    Catalogue(impatient).change_video(VIDEO, add=["a"])
    with writing(impatient) as session:
        session.execute(text("DELETE FROM labels"))
        assert Catalogue(impatient).labels(VIDEO) == ("a",)
    assert Catalogue(impatient).labels(VIDEO) == ()


def test_a_locked_database_is_a_clear_error(here: Settings, impatient: Engine) -> None:
    with sqlite3.connect(here.database_file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutputError) as caught:
            Catalogue(impatient).change_video(VIDEO, add=["a"])
        other.execute("ROLLBACK")
    other.close()
    assert str(caught.value) == f"the database {here.database_file} could not be used: database is locked"
    Catalogue(impatient).change_video(VIDEO, add=["a"])


def test_a_damaged_file_is_a_clear_error(here: Settings) -> None:
    here.data.mkdir(parents=True)
    here.database_file.write_bytes(b"this is a text\n" * 1000)
    with (
        pytest.raises(OutputError, match=r"trackspeak\.db could not be used: file is not a database"),
        open_catalogue(here),
    ):
        pass


def test_a_folder_in_its_place_is_a_clear_error(here: Settings) -> None:
    here.database_file.mkdir(parents=True)
    with pytest.raises(OutputError, match="unable to open database file"), open_catalogue(here):
        pass


def test_a_file_in_the_place_of_the_data_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with (
        pytest.raises(OutputError, match="could not be made: File exists"),
        open_catalogue(Settings(data=tmp_path / "data")),
    ):
        pass


def test_a_lost_database_is_a_clear_error(impatient: Engine) -> None:
    with writing(impatient) as session:
        session.execute(text("DROP TABLE labels"))
    with pytest.raises(OutputError, match="could not be used: no such table: labels"):
        Catalogue(impatient).labels(VIDEO)


@pytest.mark.parametrize("made", [False, True], ids=["no database", "a database"])
def test_a_read_only_folder_is_a_clear_error(tmp_path_factory: pytest.TempPathFactory, made: bool) -> None:
    data = Path(tempfile.mkdtemp())  # pytest's own folders are closed to others, whoever they become
    try:
        if made:
            open_database(Settings(data=data)).dispose()
        data.chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IROTH | stat.S_IXOTH)
        code = f"import pathlib, database_processes as p; p.label_as_nobody(pathlib.Path({str(data)!r}))"
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path.append({str(HELPERS)!r}); {code}"],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
    finally:
        data.chmod(stat.S_IRWXU)
        shutil.rmtree(data)
    assert done.returncode == 3, done.stdout + done.stderr
    assert done.stdout.startswith(f"OutputError: the database {data / 'trackspeak.db'} could not be used: ")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://me:hunter2@host/name", "got one that begins with 'mysql'"),
        ("sqlite:////tmp/a.db", "got one that begins with 'sqlite'"),
        ("hunter2", "got something that is no URL"),
        ("postgresql://me:hunter2@host:port/name", "got something that is no URL"),
    ],
)
def test_a_wrong_url_is_refused_and_stays_secret(url: str, message: str) -> None:
    with pytest.raises(OptionError, match="TRACKSPEAK_DATABASE_URL must be postgresql://USER:PASSWORD@HOST") as caught:
        open_database(Settings(database_url=url))
    assert message in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_server_that_is_not_there_is_a_clear_error_without_the_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="needs psycopg, which is in the extra `postgres`")
    url = f"postgresql://me:hunter2@/name?host={tmp_path}"
    with pytest.raises(OutputError, match="the database name could not be used: ") as caught:
        open_database(Settings(data=tmp_path, database_url=url))
    assert "hunter2" not in str(caught.value)


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(OptionError, match=r"needs psycopg: pip install 'trackspeak\[postgres\]'"):
        open_database(Settings(database_url="postgresql://me@host/name"))
