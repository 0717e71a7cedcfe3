"""Ask while a video is indexed, delete while it is asked, two writers of one index: documented answers alone."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from trackspeak.models.training.render import RenderOptions, render_clip
from trackspeak.service.demo import write_clip

pytest.importorskip("lancedb", reason="needs lancedb")

QUESTION = {"queries": ["a car"], "options": {"near_misses": 2}}
DOCUMENTED = {HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("at-once")
    made = []
    for seed in (11, 12):
        clip = render_clip(seed, RenderOptions(frames=36, width=240, height=136, frame_rate=12.0))
        made.append(folder / f"clip{seed}.mp4")
        write_clip(clip.rgb, clip.frame_rate, made[-1])
    return made


def index(data: Path, *clips: Path) -> subprocess.CompletedProcess[str]:
    """Index clips in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "trackspeak.service", "index", *map(str, clips)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "TRACKSPEAK_DATA": str(data)},
    )


class Crowd:
    """Callers that go on until the writers are done.

    Attributes:
        found: what was called, and the status of its answer.
    """

    def __init__(self, client: Any, video: str, writers: list[Future[Any]]) -> None:
        self.client, self.video, self.writers = client, video, writers
        self.found: list[tuple[str, int]] = []

    def call(self, what: str) -> None:
        while not all(writer.done() for writer in self.writers):
            answer = getattr(self, what)()
            self.found.append((what, answer.status_code))

    def ask(self) -> Any:
        return self.client.post(f"/v1/videos/{self.video}/queries", json=QUESTION)

    def search(self) -> Any:
        answer = self.client.post("/v1/search", json={"query": "a car"})
        assert answer.json().get("left_out", []) == []
        return answer

    def delete(self) -> Any:
        return self.client.delete(f"/v1/videos/{self.video}")


def test_everything_at_once(make_service: Callable[..., Any], clips: list[Path]) -> None:
    service = make_service()
    data = service.settings.data
    assert index(data, clips[0]).returncode == 0
    (first,) = service.client.get("/v1/videos").json()
    with ThreadPoolExecutor() as pool:
        writers = [pool.submit(index, data, *some) for some in (clips, clips[::-1])]
        crowd = Crowd(service.client, first["id"], writers)
        for one in [pool.submit(crowd.call, what) for what in ("ask", "search", "delete")]:
            one.result()
    for writer in writers:
        assert writer.result().returncode == 0, writer.result().stderr
    assert {status for _, status in crowd.found} <= DOCUMENTED
    counts = Counter(what for what, _ in crowd.found)
    assert min(counts[what] for what in ("ask", "search", "delete")) > 3, counts
    assert ("delete", HTTPStatus.NO_CONTENT) in crowd.found
    # now that it is quiet, what is there is whole
    assert index(data, *clips).returncode == 0
    videos = service.client.get("/v1/videos").json()
    assert len(videos) == len(clips)
    for video in videos:
        assert service.client.post(f"/v1/videos/{video['id']}/queries", json=QUESTION).status_code == HTTPStatus.OK
    answer = service.client.post("/v1/search", json={"query": "a car"}).json()
    assert (answer["searched"]["indexes"], answer["left_out"]) == (len(clips), [])


def test_asking_does_not_wait_for_a_video(make_service: Callable[..., Any], clips: list[Path], tmp_path: Path) -> None:
    service = make_service()
    assert index(service.settings.data, clips[0]).returncode == 0
    (video,) = service.client.get("/v1/videos").json()
    service.client.post(f"/v1/videos/{video['id']}/queries", json=QUESTION)
    long = render_clip(14, RenderOptions(frames=160, width=480, height=272, frame_rate=12.0))
    write_clip(long.rgb, long.frame_rate, tmp_path / "long.mp4")
    order: list[str] = []

    def watch() -> None:
        with (tmp_path / "long.mp4").open("rb") as file:
            form = {"files": {"video": ("long.mp4", file)}, "data": {"query": ["a car"]}}
            assert service.client.post("/v1/track", **form).status_code == HTTPStatus.OK
        order.append("watched")

    with ThreadPoolExecutor() as pool:
        watching = pool.submit(watch)
        for _ in range(3):
            answer = service.client.post(f"/v1/videos/{video['id']}/queries", json=QUESTION)
            assert answer.status_code == HTTPStatus.OK
            order.append("asked")
        watching.result()
    assert order == ["asked"] * 3 + ["watched"]
