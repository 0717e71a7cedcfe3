"""Two services over one PostgreSQL and one data folder: every job is done once."""

import re
from collections.abc import Iterator
from pathlib import Path

import postgres_server
import pytest
from served import Served, wait_for

JOBS = 10


@pytest.fixture
def pair(tmp_path: Path, tiny_model: Path) -> Iterator[tuple[Served, Served]]:
    reason = postgres_server.missing()
    if reason is not None:
        pytest.skip(reason)
    with postgres_server.running_server() as folder:
        url = postgres_server.make_database(folder, "pair")
        services = [Served(tmp_path / "data", database_url=url, plugin_files=tiny_model.parent) for _ in range(2)]
        yield services[0], services[1]
        for served in services:
            served.stop()


def test_no_job_runs_twice(pair: tuple[Served, Served], tiny_clip: Path, tiny_model: Path) -> None:
    chosen = [{"set": {"matcher.model": str(tiny_model)}, "threshold": -100 + number} for number in range(JOBS)]
    jobs = [pair[number % 2].submit(tiny_clip, "the red car", options) for number, options in enumerate(chosen)]
    for number, job in enumerate(jobs):
        other = pair[(number + 1) % 2]  # whoever accepted it, both know it
        wait_for(lambda other=other, job=job: other.job(job)["state"] == "succeeded", f"job {job}")
        assert other.job(job)["attempts"] == 1
        assert other.result(job) == pair[number % 2].result(job)
    begun = re.findall(r"job ([0-9a-f]{32}) begins", pair[0].log.read_text())
    assert sorted(begun) == sorted(jobs)
