"""`/readyz` says whether work can be done, what is amiss, and nothing of the server."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from trackspeak.models.errors import OutputError, WorkerError
from trackspeak.service.http.health import (
    Check,
    Checks,
    add_health_routes,
    check_data_folder,
    check_workers,
)
from trackspeak.service.settings import Settings
from trackspeak.service.worker import Worker

PAGE = Path(__file__).resolve().parents[2] / "docs/operations.md"
WHY = "it is not well"


def holds() -> None:
    """A check of which nothing is amiss."""


def fails() -> None:
    raise OutputError("/srv/secret/place is broken")


def asked(*checks: Check, longest_s: float = 60) -> TestClient:
    app = FastAPI()
    app.state.checks = Checks(checks, longest_s)
    add_health_routes(app, app.state.checks)
    return TestClient(app)


def test_a_service_that_was_just_started_is_ready(service: Any) -> None:
    response = service.client.get("/readyz")
    assert response.status_code == 200
    checks = {name: {"ok": True} for name in ("database", "data_folder", "workers")}
    assert response.json() == {"status": "ready", "checks": checks}
    assert list(service.settings.data.glob(".ready*")) == []


def test_what_fails_is_told_without_what_it_is_about(caplog: pytest.LogCaptureFixture) -> None:
    with asked(Check("disk", fails, WHY), Check("other", holds, WHY)) as client:
        for _ in range(3):
            response = client.get("/readyz")
            assert response.status_code == 503
            assert response.json() == {
                "status": "not ready",
                "checks": {"disk": {"ok": False, "why": WHY}, "other": {"ok": True}},
            }
        assert client.get("/healthz").status_code == 200
    # in the log once, with what it is about
    assert [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING] == [
        "check disk: OutputError: /srv/secret/place is broken"
    ]


def test_it_is_ready_again_when_what_failed_has_passed(caplog: pytest.LogCaptureFixture) -> None:
    broken = [True]

    def look() -> None:
        if broken:
            raise ValueError("any error will do")

    with asked(Check("disk", look, WHY)) as client:
        assert client.get("/readyz").status_code == 503
        broken.clear()
        assert client.get("/readyz").status_code == 200
    assert caplog.messages[-1] == "check disk: is well again"


def test_a_check_that_hangs_fails_and_is_not_begun_again() -> None:
    begun, released = [0], threading.Event()

    def hang() -> None:
        begun[0] += 1
        released.wait()

    async def look() -> None:
        checks = Checks([Check("disk", hang, WHY)], longest_s=0.01)
        assert [await checks.run() for _ in range(3)] == [{"disk": WHY}] * 3
        assert begun == [1]
        released.set()
        for _ in range(100):
            if await checks.run() == {"disk": None}:
                return
            await asyncio.sleep(0.05)
        pytest.fail("it was not well again")

    asyncio.run(look())


def test_while_draining_nothing_is_ready() -> None:
    client = asked(Check("disk", holds, WHY))
    with client:
        assert client.get("/readyz").status_code == 200
        client.app.state.checks.drain()  # type: ignore[attr-defined]
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["draining"]["ok"] is False


def test_a_lost_database_is_seen_and_that_it_is_back(make_service: Callable[..., Any]) -> None:
    service = make_service()
    file, client = service.settings.database_file, service.client
    assert client.get("/readyz").status_code == 200
    with sqlite3.connect(file) as other:  # what no other connection can read then
        other.execute("ALTER TABLE jobs RENAME TO away")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == {"ok": False, "why": "it cannot be read"}
    assert "trackspeak_queue_depth 0.0" not in client.get("/metrics").text
    with sqlite3.connect(file) as other:
        other.execute("ALTER TABLE away RENAME TO jobs")
    assert client.get("/readyz").status_code == 200


def test_the_data_folder_is_written(tmp_path: Path) -> None:
    check_data_folder(Settings(data=tmp_path))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OutputError, match="could not be written"):
        check_data_folder(Settings(data=tmp_path / "gone"))


def test_one_living_worker_is_enough_and_dead_ones_are_started_again(tmp_path: Path) -> None:
    workers = [Worker(Settings(data=tmp_path)), Worker(Settings(data=tmp_path))]
    try:
        workers[0].start()
        check_workers(workers)
        assert workers[0].pid is not None
        os.kill(workers[0].pid, signal.SIGKILL)
        while workers[0].alive:
            pass
        with pytest.raises(WorkerError):
            check_workers(workers)
        assert [worker.alive for worker in workers] == [True, True]
        check_workers(workers)
    finally:
        for worker in workers:
            worker.stop()
    with pytest.raises(WorkerError):
        check_workers(workers)
    assert [worker.alive for worker in workers] == [False, False]  # none is started while the service is being stopped


def test_the_operators_page_has_every_check(service: Any, make_service: Callable[..., Any]) -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Health\n")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert documented == {*service.client.get("/readyz").json()["checks"], "draining"}
    (example,) = re.findall(r"^```json\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    shown = json.loads(example)
    why = {"database": "it cannot be read", "data_folder": "it cannot be written"}
    assert shown["checks"]["data_folder"] == {"ok": False, "why": why["data_folder"]}
    assert set(shown["checks"]) == documented - {"draining"}
