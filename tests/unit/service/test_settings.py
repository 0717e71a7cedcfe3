"""The settings: read from the environment, checked, used and documented."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from trackspeak.models.errors import OptionError
from trackspeak.service.limits import Limits
from trackspeak.service.settings import Settings, effective, load_settings, variable

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
    monkeypatch.setenv("TRACKSPEAK_ALLOWED_HOSTS", "Video.example.org, my_host.lan")
    assert load_settings().allowed_hosts == ("video.example.org", "my_host.lan")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRACKSPEAK_PORT", "http"),
        ("TRACKSPEAK_AUTH", "none"),
        ("TRACKSPEAK_CORS_ORIGINS", "*"),
        ("TRACKSPEAK_CORS_ORIGINS", "https://example.org/"),
        ("TRACKSPEAK_CORS_ORIGINS", "https://example.org, example.com"),
        ("TRACKSPEAK_ALLOWED_HOSTS", "https://example.org"),
        ("TRACKSPEAK_ALLOWED_HOSTS", "*"),
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


def test_each_setting_is_shown_with_its_variable_and_source(monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.setenv("TRACKSPEAK_PORT", "9000")
    monkeypatch.setenv("TRACKSPEAK_HOST", "")  # as if unset
    shown = {one.variable: one for one in effective(load_settings())}
    assert set(shown) == {variable(name) for name in Settings.model_fields}
    assert (shown["TRACKSPEAK_PORT"].value, shown["TRACKSPEAK_PORT"].source) == ("9000", "environment")
    assert {one.source for name, one in shown.items() if name != "TRACKSPEAK_PORT"} == {"default"}
    assert all(one.description for one in shown.values())


@pytest.mark.parametrize("columns", ["50", "80", "200"])
def test_the_table_is_whole_in_any_terminal(monkeypatch: pytest.MonkeyPatch, command: Command, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TRACKSPEAK_PORT", "9000")
    out = command("settings").out
    assert max(len(line) for line in out.splitlines()) <= int(columns)
    cells = "".join(line.split("│")[1].strip() for line in out.splitlines() if line.startswith("│"))
    assert [name for name in map(variable, Settings.model_fields) if name not in cells] == []
    (row,) = [line for line in out.splitlines() if "9000" in line]
    assert "environment" in row
    assert "…" not in out


def test_users_and_passwords_in_urls_are_hidden(monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.setenv("TRACKSPEAK_OTLP_ENDPOINT", "http://me:hunter2@collector:4318")
    out = command("settings").out
    assert "http://***@collector:4318" in out
    assert "hunter2" not in out
    monkeypatch.setenv("TRACKSPEAK_LOG_LEVEL", "https://me:hunter2@host")
    with pytest.raises(OptionError, match="TRACKSPEAK_LOG_LEVEL") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


def test_formats_and_levels_of_the_log_may_be_in_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKSPEAK_LOG_FORMAT", "JSON")
    monkeypatch.setenv("TRACKSPEAK_LOG_LEVEL", "Warning")
    assert (load_settings().log_format, load_settings().log_level) == ("json", "warning")
