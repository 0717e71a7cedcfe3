"""`trackspeak keys`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trackspeak.service.access.keys import open_keys
from trackspeak.service.access.principal import Quotas
from trackspeak.service.access.verifier import Verifier
from trackspeak.service.settings import load_settings

Command = Callable[..., Any]


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "140")
    return tmp_path / "data"


def test_a_key_is_made_listed_and_revoked(command: Command) -> None:
    done = command(
        "keys", "create", "north gate", "--scope", "ask", "--scope", "index", "--expires-days", "2", "--max-jobs", "4"
    )
    assert done.code == 0
    key = done.out.removesuffix("\n")
    principal = Verifier(load_settings()).verify(key, "")
    assert (principal.name, principal.scopes, principal.quotas) == ("north gate", {"ask", "index"}, Quotas(max_jobs=4))
    assert f"{principal.key_id} may ask, index; the key is shown this once" in done.err
    shown = command("keys", "list").out
    assert key not in shown
    (line,) = [line for line in shown.splitlines() if principal.key_id in line]
    assert all(part in line for part in ("north gate", "ask, index", "counts until"))
    assert command("keys", "revoke", principal.key_id).code == 0
    assert "revoked" in command("keys", "list").out
    with open_keys(load_settings()) as keys:
        assert [one.revoked_at_s is not None for one in keys.all()] == [True]


def test_listing_makes_no_database(command: Command, data: Path) -> None:
    assert command("keys", "list").code == 0
    assert not data.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("create", "gate", "--scope", "root"), "scope must be one of ask, index, admin, got 'root'"),
        (("create", " ", "--scope", "ask"), "name must have 1 to 200 characters"),
        (("create", "gate", "--scope", "ask", "--expires-days", "0"), "expires-days must be from 1 to 36500, got 0"),
        (("create", "gate", "--scope", "ask", "--max-jobs", "-1"), "max_jobs must be from 0"),
        (("revoke", "nonesuch"), "unknown API key 'nonesuch'; there are: none"),
    ],
)
def test_what_cannot_be_is_one_line(command: Command, arguments: tuple[str, ...], message: str) -> None:
    done = command("keys", *arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert message in done.err


def test_a_key_needs_a_scope(command: Command) -> None:
    assert command("keys", "create", "gate").code == 2


def test_whoever_starts_a_service_without_keys_is_told(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uvicorn.Server.run", lambda _server: None)
    done = command("serve")
    assert done.code == 0
    assert (
        done.err.count("there is no API key yet: `trackspeak keys create NAME --scope ask --scope index` makes one")
        == 1
    )
    assert command("keys", "create", "me", "--scope", "ask").code == 0
    assert "API key" not in command("serve").err
    assert "authentication is off: whoever reaches 0.0.0.0" in command("serve", "--no-auth", "--host", "0.0.0.0").err  # noqa: S104
    monkeypatch.setenv("TRACKSPEAK_AUTH", "off")
    assert "authentication is off" in command("serve").err
