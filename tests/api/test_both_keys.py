"""API keys count alike over HTTP and gRPC."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from callers import GrpcCaller, HttpCaller, RefusedError

from trackspeak.service.access.keys import open_keys

CALLERS = {"http": HttpCaller, "grpc": GrpcCaller}


def refused(call: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(RefusedError) as caught:
        call(*arguments)
    return caught.value.code


@pytest.fixture(params=CALLERS)
def make_keyed_caller(request: pytest.FixtureRequest, make_idle: Callable[..., Any]) -> Callable[..., Any]:
    """Make a caller of one service that wants keys; gives also what makes keys."""
    client = make_idle(grpc_port=0)
    keyed = Keyed(client)
    return lambda key: CALLERS[request.param](keyed, key and keyed.key(*key))


@dataclass(frozen=True)
class Keyed:
    client: Any

    def key(self, *scopes: str) -> str:
        with open_keys(self.client.app.state.context.settings) as keys:
            return keys.create("test", scopes)[0]


def test_keys_and_scopes_count(make_keyed_caller: Callable[..., Any]) -> None:
    calls = {
        "track": lambda caller: caller.track(b"a", ["a car"], {"thresold": 1}),
        "ask": lambda caller: caller.ask("nonesuch", ["a car"], {}),
        "plugins": lambda caller: caller.plugins(),
        "job": lambda caller: caller.job("0" * 32),
        "cancel": lambda caller: caller.cancel("0" * 32),
        "result": lambda caller: caller.result("0" * 32),
    }
    wants = {"track": "index", "cancel": "index"}
    nobody = make_keyed_caller(None)
    assert {refused(call, nobody) for call in calls.values()} == {"unauthenticated"}
    for scope in ("ask", "index"):
        caller = make_keyed_caller([scope])
        for name, call in calls.items():
            if wants.get(name, "ask") != scope:
                assert refused(call, caller) == "forbidden", name
            elif name != "plugins":
                assert refused(call, caller) in ("not_found", "bad_option"), name
            else:
                assert call(caller)


def test_jobs_of_others_are_not_shown(make_keyed_caller: Callable[..., Any], tiny_clip: Path) -> None:
    owner, other = make_keyed_caller(["ask", "index"]), make_keyed_caller(["ask", "index"])
    job = owner.submit(tiny_clip.read_bytes(), ["a car"], {})
    assert owner.job(job["id"])["ahead"] == 0
    assert refused(other.job, job["id"]) == "not_found"
    assert refused(other.cancel, job["id"]) == "not_found"
    assert owner.cancel(job["id"])["state"] == "cancelled"


def test_wrong_keys_are_counted_together(make_keyed_caller: Callable[..., Any]) -> None:
    caller = make_keyed_caller(None)
    caller.key = "tsk_wrong"
    codes = [refused(caller.plugins) for _ in range(12)]
    assert codes == ["unauthenticated"] * 10 + ["too_many_attempts"] * 2
