"""A full disk, a folder that cannot be written, a lost database: clear errors, and all is well when they pass."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from trackspeak.models.errors import OutputError


def no_space(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def send(client: Any, video: Path) -> Any:
    with video.open("rb") as file:
        return client.post("/v1/videos", files={"video": (video.name, file)})


def test_a_full_disk(make_idle: Callable[..., Any], tiny_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_idle(auth="off")
    with monkeypatch.context() as full:
        full.setattr("shutil.move", no_space)
        refused = send(client, tiny_clip)
        assert (refused.status_code, refused.json()["code"]) == (500, OutputError.code)
    assert client.get("/v1/videos").json() == []
    assert send(client, tiny_clip).status_code == 201


def test_a_data_folder_that_cannot_be_written(make_idle: Callable[..., Any], tiny_clip: Path) -> None:
    client = make_idle(auth="off")
    videos = client.app.state.context.settings.data / "videos"
    videos.touch()  # for root no folder is read-only: a file in its place refuses everybody
    refused = send(client, tiny_clip)
    assert (refused.status_code, refused.json()["code"]) == (500, OutputError.code)
    assert str(videos) not in refused.text
    videos.unlink()
    assert send(client, tiny_clip).status_code == 201


def test_a_lost_database(make_idle: Callable[..., Any], tiny_clip: Path) -> None:
    client = make_idle(auth="off")
    video = send(client, tiny_clip).json()
    database = client.app.state.context.settings.database_file
    away = database.with_suffix(".away")
    database.rename(away)
    for path in ("/v1/videos", "/v1/jobs", f"/v1/videos/{video['id']}"):
        refused = client.get(path)
        assert (refused.status_code, refused.json()["code"]) == (500, OutputError.code)
    assert client.get("/readyz").status_code == 503
    assert not database.exists()  # an empty one in its place would have lost all jobs
    away.rename(database)
    assert [one["id"] for one in client.get("/v1/videos").json()] == [video["id"]]


def test_a_running_job_outlives_a_lost_database(
    make_brief_service: Callable[..., Any], tiny_clip: Path, shared_dir: Path
) -> None:
    service = make_brief_service(job_lease_s=60)
    with (shared_dir / "data" / "traffic.mp4").open("rb") as file:
        form = {"query": "the red car", "options": "{}"}
        headers = {"Prefer": "respond-async"}
        job = service.client.post("/v1/track", files={"video": ("a.mp4", file)}, data=form, headers=headers).json()
    until = time.monotonic() + 120
    while not service.client.get(f"/v1/jobs/{job['id']}").json()["progress"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    database = service.settings.database_file
    away = database.with_suffix(".away")
    database.rename(away)
    time.sleep(2)
    away.rename(database)
    while (seen := service.client.get(f"/v1/jobs/{job['id']}").json())["state"] == "running":
        assert time.monotonic() < until
        time.sleep(0.1)
    assert (seen["state"], seen["attempts"]) == ("succeeded", 1)
    assert service.track(tiny_clip, "a car").status_code == 200
