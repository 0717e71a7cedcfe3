"""The settings: read from the environment, checked, used and documented."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from trackspeak.models.errors import OptionError
from trackspeak.service.limits import Limits
from trackspeak.service.settings import Settings, load_settings, variable

Command = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[3]


def test_defaults_are_those_of_the_limits() -> None:
    assert load_settings().limits() == Limits()


def test_the_data_folder_is_the_users_by_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("platformdirs.user_data_path", lambda name, appauthor: tmp_path / name)
    assert load_settings().data == tmp_path / "trackspeak"


def test_variables_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path))
    monkeypatch.setenv("TRACKSPEAK_PORT", "9000")
    monkeypatch.setenv("TRACKSPEAK_MAX_DURATION_S", "12.5")
    monkeypatch.setenv("TRACKSPEAK_MAX_QUERIES", "3")
    settings = load_settings()
    assert (settings.data, settings.port) == (tmp_path, 9000)
    assert (settings.limits().max_duration_s, settings.limits().max_queries) == (12.5, 3)


def test_an_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKSPEAK_PLUGIN_FILES", "")
    assert load_settings().plugin_files is None


def test_origins_are_parted_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKSPEAK_CORS_ORIGINS", "https://example.org, http://[::1]:8080,http://127.0.0.1:3000")
    assert load_settings().cors_origins == ("https://example.org", "http://[::1]:8080", "http://127.0.0.1:3000")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRACKSPEAK_PORT", "http"),
        ("TRACKSPEAK_AUTH", "none"),
        ("TRACKSPEAK_CORS_ORIGINS", "*"),
        ("TRACKSPEAK_CORS_ORIGINS", "https://example.org/"),
        ("TRACKSPEAK_CORS_ORIGINS", "https://example.org, example.com"),
        ("TRACKSPEAK_PORT", "65536"),
        ("TRACKSPEAK_MAX_FRAMES", "0"),
        ("TRACKSPEAK_MAX_DURATION_S", "nan"),
        ("TRACKSPEAK_MAX_DECODE_S", "inf"),
        ("TRACKSPEAK_MAX_VIDEO_BYTES", "4 GB"),
    ],
)
def test_a_wrong_value_names_the_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(OptionError) as caught:
        load_settings()
    assert str(caught.value).startswith(name)
    assert value in str(caught.value)


def test_every_setting_is_read_by_something() -> None:
    code = "".join(path.read_text() for path in (ROOT / "service").rglob("*.py"))
    limits = {field.name for field in fields(Limits)}
    assert [name for name in Settings.model_fields if name not in limits and f"settings.{name}" not in code] == []
    assert limits <= set(Settings.model_fields)


def test_every_setting_is_documented_with_its_default() -> None:
    rows = [line for line in (ROOT / "docs" / "settings.md").read_text().splitlines() if line.startswith("| `TRACK")]
    documented = {row.split("|")[1].strip(" `"): row.split("|")[2].strip(" `") for row in rows}
    defaults = {
        variable(name): "unset" if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
        if name != "data"
    }
    assert documented.pop("TRACKSPEAK_DATA") == "the user's data folder"
    assert documented == defaults


def test_the_database_url_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.setenv("TRACKSPEAK_DATABASE_URL", "postgresql://me:hunter2@host/name")
    settings = load_settings()
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://me:hunter2@host/name"
    shown = command("settings").out + repr(settings) + settings.model_dump_json()
    assert "TRACKSPEAK_DATABASE_URL" in shown
    assert "***" in shown
    assert "hunter2" not in shown
