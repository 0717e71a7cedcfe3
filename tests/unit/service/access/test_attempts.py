"""Wrong keys are counted by address, for a time, in bounded memory."""

from typing import Any

import pytest

from trackspeak.models.errors import TooManyAttemptsError
from trackspeak.service.access import attempts as attempts_module
from trackspeak.service.access.attempts import MAX_WRONG, WINDOW_S, Attempts


def spend(attempts: Attempts, client: str) -> None:
    for _ in range(MAX_WRONG):
        attempts.check(client)
        attempts.count(client)


def test_an_address_waits_for_the_end_of_its_window(clock: Any) -> None:
    attempts = Attempts(clock)
    spend(attempts, "203.0.113.7")
    clock.now_s += WINDOW_S - 10
    with pytest.raises(TooManyAttemptsError, match="wait 10 s") as caught:
        attempts.check("203.0.113.7")
    assert caught.value.retry_after_s == 10
    attempts.check("203.0.113.8")
    clock.now_s += 10
    spend(attempts, "203.0.113.7")


@pytest.mark.parametrize(
    ("client", "other", "alike"),
    [
        ("2a00:1:2:3::1", "2a00:1:2:3:ffff::2", True),
        ("2a00:1:2:3::1", "2a00:1:2:4::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("::1", "::2", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "x" * 10_000, False),
    ],
)
def test_what_counts_as_one_address(clock: Any, client: str, other: str, alike: bool) -> None:
    attempts = Attempts(clock)
    spend(attempts, client)
    if alike:
        with pytest.raises(TooManyAttemptsError):
            attempts.check(other)
    else:
        attempts.check(other)


def test_the_oldest_addresses_are_forgotten(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts_module, "_MAX_ADDRESSES", 2)
    attempts = Attempts(clock)
    for client in ("203.0.113.1", "203.0.113.2", "203.0.113.3"):
        spend(attempts, client)
    attempts.check("203.0.113.1")
    for client in ("203.0.113.2", "203.0.113.3"):
        with pytest.raises(TooManyAttemptsError):
            attempts.check(client)
    assert len(attempts._windows) == 2
