"""Whatever is killed when: every accepted job ends, its result is the undisturbed one, and no file is left over."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import Served, wait_for

from trackspeak.service.jobs.shop import opened_shop
from trackspeak.service.settings import Settings

JOBS = 8
WORKER_KILLS = 20
SERVICE_KILLS = 5
LEASE_S = 2.0


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Start a service over a data folder of this name."""
    started: list[Served] = []

    def start(name: str = "data", **settings: Any) -> Served:
        started.append(Served(tmp_path / name, job_lease_s=LEASE_S, **settings))
        return started[-1]

    yield start
    for served in started:
        served.process.kill()
        served.process.wait()


def options_of(model: Path, number: int) -> dict[str, Any]:
    """Options in which the jobs differ, so that none is taken for another."""
    return {"set": {"matcher.model": str(model)}, "threshold": -100.0 + number}


def undisturbed(serve: Callable[..., Served], clip: Path, model: Path) -> list[Any]:
    """Do all jobs in peace; gives their results."""
    served = serve("undisturbed", plugin_files=model.parent)
    jobs = [served.submit(clip, "the red car", options_of(model, number)) for number in range(JOBS)]
    for job in jobs:
        wait_for(lambda job=job: served.job(job)["state"] == "succeeded", f"job {job}")
    results = [served.result(job) for job in jobs]
    served.stop()
    return results


def all_ended(served: Served, jobs: list[str]) -> bool:
    return all(served.job(job)["state"] in ("succeeded", "failed", "cancelled") for job in jobs)


def nothing_left(data: Path, jobs: list[str]) -> None:
    """Check that on the disk there is what the jobs are to have, and nothing else."""
    with opened_shop(Settings(data=data)) as shop:
        shop.retention.sweep(0)
        for job in jobs:
            shop.retention.forget(shop.ledger.get(job))
    files = [path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file() and path.name != ".lock"]
    assert [name for name in files if not name.startswith(("trackspeak.db", "search/"))] == []


def test_workers_and_the_service_are_killed_at_random_moments(
    serve: Callable[..., Served], tiny_clip: Path, tiny_model: Path, tmp_path: Path
) -> None:
    wanted = undisturbed(serve, tiny_clip, tiny_model)
    chance = random.Random(5)
    served = serve(plugin_files=tiny_model.parent)
    jobs = [served.submit(tiny_clip, "the red car", options_of(tiny_model, number)) for number in range(JOBS)]
    deaths = ["worker"] * WORKER_KILLS + ["service"] * SERVICE_KILLS
    chance.shuffle(deaths)
    happened = {"worker": 0, "service": 0}
    for death in deaths:
        if all_ended(served, jobs):  # what failed for its worker's deaths is asked for again, so that work goes on
            jobs += [served.submit(tiny_clip, "the red car", options_of(tiny_model, number)) for number in range(JOBS)]
        time.sleep(chance.uniform(0.2, 3.2))
        if death == "worker":
            for pid in wait_for(served.worker_pids, "a worker process"):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            happened["worker"] += 1
        else:
            served.kill()
            happened["service"] += 1
            served = serve(plugin_files=tiny_model.parent)
    assert happened == {"worker": WORKER_KILLS, "service": SERVICE_KILLS}
    wait_for(lambda: all_ended(served, jobs), "the end of all jobs")
    states = [served.job(job)["state"] for job in jobs]
    for number, (job, state) in enumerate(zip(jobs, states, strict=True)):
        if state == "succeeded":
            assert served.result(job) == wanted[number % JOBS]
        else:  # three deaths in the middle of one job end it, with that reason
            assert served.job(job)["error"]["code"] == "worker_died"
            assert served.job(job)["attempts"] == 3
    assert "succeeded" in states  # how many depends on the machine: on a slow one more work falls to each death
    served.stop()
    nothing_left(tmp_path / "data", jobs)


def test_a_job_that_kills_its_worker_stops_nothing_else(
    serve: Callable[..., Served], tiny_clip: Path, tiny_model: Path
) -> None:
    served = serve(plugin_files=tiny_model.parent)
    killer = served.submit(tiny_clip, "the red car", options_of(tiny_model, 0))
    others = [served.submit(tiny_clip, "the red car", options_of(tiny_model, number)) for number in (1, 2)]
    for attempt in range(1, 4):
        wait_for(
            lambda attempt=attempt: served.job(killer)["attempts"] == attempt and served.job(killer)["progress"],
            f"attempt {attempt}",
        )
        for pid in served.worker_pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for(
            lambda attempt=attempt: served.job(killer)["attempts"] > attempt or served.job(killer)["state"] == "failed",
            "its end",
        )
    ended = served.job(killer)
    assert (ended["state"], ended["error"]["code"], ended["attempts"]) == ("failed", "worker_died", 3)
    for job in others:
        wait_for(lambda job=job: served.job(job)["state"] == "succeeded", f"job {job}")
    result = httpx.get(f"{served.url}/v1/jobs/{killer}/result", timeout=60)
    assert (result.status_code, result.json()["code"]) == (503, "worker_died")


def test_a_drained_service_hands_its_job_back(serve: Callable[..., Served], tiny_model: Path, shared_dir: Path) -> None:
    served = serve(plugin_files=tiny_model.parent)
    job = served.submit(shared_dir / "data" / "traffic.mp4", "the red car", options_of(tiny_model, 0))
    wait_for(lambda: (served.job(job)["progress"] or {}).get("frames_done"), "progress")
    served.stop()
    again = serve(plugin_files=tiny_model.parent)
    seen = again.job(job)
    assert seen["state"] in ("queued", "running", "succeeded")
    wait_for(lambda: again.job(job)["state"] == "succeeded", "its end")
    assert again.job(job)["attempts"] == 1  # what was handed back does not count
