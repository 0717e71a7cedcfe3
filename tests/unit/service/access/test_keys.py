"""API keys: made once, kept as hashes, revoked, and found again."""

import hashlib
import hmac
import re
import time
from pathlib import Path

import pytest

from trackspeak.models.errors import NotFoundError, OptionError
from trackspeak.service.access.keys import USED_EVERY_S, ApiKeys, expiry, open_keys
from trackspeak.service.access.principal import Principal, Quotas
from trackspeak.service.settings import Settings


def test_a_key_is_found_by_itself_alone(keys: ApiKeys) -> None:
    key, made = keys.create("  gate ", ["ask", "index"], quotas=Quotas(max_jobs=3))
    assert re.fullmatch(r"tsk_[0-9a-f]{12}_[0-9a-f]{64}", key)
    assert key.startswith(f"tsk_{made.id}_")
    assert keys.find(key) == made
    assert made.principal == Principal(made.id, "gate", frozenset({"ask", "index"}), Quotas(max_jobs=3))
    other = key[:-1] + ("0" if key[-1] != "0" else "1")
    for wrong in (
        other,
        key.upper(),
        key + "0",
        f" {key}",
        made.id,
        "",
        "tsk_",
        "\ud800",
        key.replace(made.id, "0" * 12),
    ):
        assert keys.find(wrong) is None


def test_two_keys_of_one_name_differ(keys: ApiKeys) -> None:
    first, second = keys.create("gate", ["ask"]), keys.create("gate", ["ask"])
    assert first[0] != second[0]
    assert {one.id for one in keys.all()} == {first[1].id, second[1].id}


def test_only_the_hash_is_kept(tmp_path: Path) -> None:
    with open_keys(Settings(data=tmp_path)) as keys:
        key, _ = keys.create("gate", ["ask"])
        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert hashlib.sha256(key.encode()).hexdigest().encode() in kept
    assert key.rpartition("_")[2].encode() not in kept


def test_hashes_are_compared_in_constant_time_also_where_there_is_none(
    keys: ApiKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, made = keys.create("gate", ["ask"])
    compared: list[tuple[str, str]] = []
    compare_digest = hmac.compare_digest

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return compare_digest(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    keys.find(key)
    keys.find(key.replace(made.id, "0" * 12))
    assert [len(one) == len(other) == 64 for one, other in compared] == [True, True]


def test_a_revoked_key_keeps_the_time_it_was_revoked(keys: ApiKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    key, made = keys.create("gate", ["ask"])
    revoked = keys.revoke(made.id)
    assert not revoked.counts(time.time())
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert keys.revoke(made.id) == keys.find(key) == revoked
    with pytest.raises(NotFoundError, match=f"unknown API key 'nonesuch'; there are: {made.id}"):
        keys.revoke("nonesuch")


def test_a_key_counts_until_it_expires(keys: ApiKeys) -> None:
    _, made = keys.create("gate", ["ask"], expires_at_s=2_000)
    assert made.counts(1_999.9)
    assert not made.counts(2_000)


def test_the_last_use_is_written_seldom(keys: ApiKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    key, made = keys.create("gate", ["ask"])
    start = int(time.time()) + 100
    for after, written in ((0, 0), (USED_EVERY_S - 1, 0), (USED_EVERY_S, USED_EVERY_S)):
        monkeypatch.setattr(time, "time", lambda now=start + after: float(now))
        found = keys.find(key)
        assert found is not None
        keys.used(found)
        seen = keys.find(key)
        assert seen is not None
        assert seen.last_used_at_s == start + written
    assert made.last_used_at_s is None


@pytest.mark.parametrize(
    ("scopes", "message"),
    [([], "at least once: ask, index, admin"), (["ask", "root"], "one of ask, index, admin, got 'root'")],
)
def test_scopes_that_there_are_not(keys: ApiKeys, scopes: list[str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        keys.create("gate", scopes)
    assert keys.all() == ()


@pytest.mark.parametrize(("name", "value"), [("max_jobs", -1), ("max_upload_bytes", 2**63)])
def test_quotas_that_cannot_be(name: str, value: int) -> None:
    with pytest.raises(OptionError, match=f"{name} must be from 0 to"):
        Quotas(**{name: value})


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_days_that_cannot_be(days: int) -> None:
    with pytest.raises(OptionError, match="expires-days must be from 1 to 36500"):
        expiry(days)
