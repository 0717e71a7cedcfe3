"""Whose a key is: remembered for seconds, the same answer to all that do not count."""

import time
from pathlib import Path
from typing import Any

import pytest

from trackspeak.models.errors import (
    ForbiddenError,
    OutputError,
    TooManyAttemptsError,
    UnauthenticatedError,
)
from trackspeak.service.access import verifier as verifier_module
from trackspeak.service.access.attempts import MAX_WRONG
from trackspeak.service.access.keys import ApiKeys, open_keys
from trackspeak.service.access.principal import ANONYMOUS, SCOPES, Principal
from trackspeak.service.access.verifier import REMEMBERED_S, Verifier, check_scope, notice
from trackspeak.service.settings import Settings

HERE = "203.0.113.7"
UNKNOWN = f"tsk_{'0' * 12}_{'0' * 64}"


@pytest.fixture
def verifier(settings: Settings, clock: Any) -> Verifier:
    return Verifier(settings, clock)


def test_a_key_is_remembered_and_a_revocation_takes_effect(
    keys: ApiKeys, verifier: Verifier, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, made = keys.create("gate", ["ask"])
    assert verifier.remembered(key) is None
    assert verifier.verify(key, HERE) == made.principal
    keys.revoke(made.id)
    clock.now_s += REMEMBERED_S - 0.1
    with monkeypatch.context() as patch:
        patch.setattr(ApiKeys, "find", lambda *_: pytest.fail("it was looked up again"))
        assert verifier.verify(key, HERE) == verifier.remembered(key) == made.principal
    clock.now_s += 0.1
    assert verifier.remembered(key) is None
    with pytest.raises(UnauthenticatedError):
        verifier.verify(key, HERE)
    with pytest.raises(UnauthenticatedError):
        verifier.verify(key, HERE)


def test_a_key_that_expires_is_not_remembered_longer(
    keys: ApiKeys, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends_s = int(time.time()) + 1_000
    key, _ = keys.create("gate", ["ask"], expires_at_s=ends_s)
    verifier.verify(key, HERE)
    monkeypatch.setattr(time, "time", lambda: float(ends_s))
    assert verifier.remembered(key) is None
    with pytest.raises(UnauthenticatedError):
        verifier.verify(key, HERE)


def test_all_that_do_not_count_are_told_the_same(keys: ApiKeys, verifier: Verifier) -> None:
    revoked, made = keys.create("gate", ["ask"])
    keys.revoke(made.id)
    expired, _ = keys.create("gate", ["ask"], expires_at_s=1)
    told = set()
    for key in (UNKNOWN, revoked, expired, revoked[:-1] + "g", "nonsense", "\ud800"):
        with pytest.raises(UnauthenticatedError) as caught:
            verifier.verify(key, HERE)
        told.add(str(caught.value))
    assert told == {"this API key is not accepted"}


@pytest.mark.parametrize("key", [None, ""])
def test_no_key_says_how_to_send_one_and_is_no_attempt(verifier: Verifier, key: str | None) -> None:
    for _ in range(MAX_WRONG + 1):
        with pytest.raises(UnauthenticatedError, match="Authorization: Bearer KEY"):
            verifier.verify(key, HERE)


def test_looking_for_a_key_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(UnauthenticatedError):
        Verifier(Settings(data=tmp_path)).verify(UNKNOWN, HERE)
    assert list(tmp_path.iterdir()) == []


def test_after_wrong_keys_nothing_is_looked_up_but_what_was_accepted_before(
    keys: ApiKeys, verifier: Verifier, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, made = keys.create("gate", ["ask"])
    late, _ = keys.create("gate", ["ask"])
    verifier.verify(before, HERE)
    for _ in range(MAX_WRONG):
        with pytest.raises(UnauthenticatedError):
            verifier.verify(UNKNOWN, HERE)
    clock.now_s += REMEMBERED_S
    assert verifier.verify(before, HERE) == made.principal
    assert verifier.verify(late, "203.0.113.8").name == "gate"
    monkeypatch.setattr(ApiKeys, "find", lambda *_: pytest.fail("it was looked up"))
    with pytest.raises(TooManyAttemptsError):
        verifier.verify(UNKNOWN, HERE)


def test_few_keys_are_remembered(keys: ApiKeys, verifier: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier_module, "_MAX_REMEMBERED", 2)
    made = [keys.create("gate", ["ask"])[0] for _ in range(3)]
    for key in made:
        verifier.verify(key, HERE)
    assert [verifier.remembered(key) is None for key in made] == [True, False, False]


def test_a_use_that_cannot_be_written_stops_nobody(
    keys: ApiKeys, verifier: Verifier, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise OutputError("the disk is full")

    key, made = keys.create("gate", ["ask"])
    monkeypatch.setattr(ApiKeys, "used", fail)
    assert verifier.verify(key, HERE) == made.principal
    assert f"the last use of the API key {made.id} could not be written: the disk is full" in caplog.text


def test_a_database_that_fails_is_no_wrong_key(
    keys: ApiKeys, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OutputError("it is locked")

    key, made = keys.create("gate", ["ask"])
    with monkeypatch.context() as patch:
        patch.setattr(ApiKeys, "find", fail)
        for _ in range(MAX_WRONG + 1):
            with pytest.raises(OutputError):
                verifier.verify(key, HERE)
    assert verifier.verify(key, HERE) == made.principal


def test_without_authentication_everybody_may_do_everything(settings: Settings) -> None:
    verifier = Verifier(settings.model_copy(update={"auth": "off"}))
    assert verifier.verify(None, HERE) is verifier.remembered(UNKNOWN) is ANONYMOUS
    for scope in SCOPES:
        check_scope(ANONYMOUS, scope)


def test_a_scope_that_is_lacking_is_named() -> None:
    principal = Principal("0a1b2c3d4e5f", "gate", frozenset({"index", "ask"}))
    check_scope(principal, "ask")
    with pytest.raises(ForbiddenError, match=r"needs an API key with the scope admin; .* 0a.* has: ask, index"):
        check_scope(principal, "admin")


def test_who_starts_a_service_is_told_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data=tmp_path)
    off = settings.model_copy(update={"auth": "off"})
    assert notice(off, "0.0.0.0") == (  # noqa: S104 nothing listens
        "authentication is off: whoever reaches 0.0.0.0 may read, change and delete everything"
    )
    assert "`trackspeak keys create NAME --scope ask --scope index` makes one" in (notice(settings, "::1") or "")
    assert list(tmp_path.iterdir()) == []
    with open_keys(settings) as keys:
        _, made = keys.create("gate", ["ask"])
        assert notice(settings, "::1") is None
        keys.revoke(made.id)
        assert "there is no API key yet" in (notice(settings, "::1") or "")

    def fail(*_: object) -> None:
        raise OutputError("it is locked")

    monkeypatch.setattr(ApiKeys, "all", fail)
    assert notice(settings, "::1") == "the API keys could not be read: it is locked"
