"""The Python clients and `--server` against a real service."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import Served

from trackspeak.models.errors import NotFoundError, UnauthenticatedError, VideoError
from trackspeak.service import RunOptions, track
from trackspeak.service.client import AsyncClient, Client


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("client") / "data", plugin_files=tiny_model.parent)
    yield served
    served.stop()


def chosen(model: Path) -> dict[str, Any]:
    return {"set": {"matcher.model": str(model)}, "threshold": -100.0}


def test_a_video_and_sentences(served: Served, tiny_clip: Path, tiny_model: Path) -> None:
    with Client(served.url) as client:
        answers = client.track(tiny_clip, ["the red car", "a bus"], **chosen(tiny_model))
    here = track(tiny_clip, ["the red car", "a bus"], RunOptions(**chosen(tiny_model))).to_dict()
    assert {**answers.raw, "timings_s": 0} == {**here, "timings_s": 0}
    first = answers.queries[0].tracks[0]
    box = first.boxes[0]
    detections = answers.to_supervision(box.frame_index)
    assert box.xyxy in [tuple(pytest.approx(side) for side in row) for row in detections.xyxy.tolist()]
    assert set(detections.data["query"]) == {"the red car", "a bus"}
    assert first.track_id in detections.tracker_id
    assert len(answers.to_supervision(10_000)) == 0


def test_index_once_and_ask_often(served: Served, tiny_clip: Path, tmp_path: Path) -> None:
    with Client(served.url) as client:
        video = client.upload(tiny_clip)
        assert client.upload(tiny_clip) == video
        job = client.index(video.id, ["the red car"])
        events = list(client.events(job.id))
        assert events[-1].data["state"] == "succeeded"
        assert client.wait(job.id).state == "succeeded"
        answers = client.ask(video.id, ["the red car"], top=1)
        assert answers.queries[0].query == "the red car"
        assert [one.id for one in client.jobs(video=video.id, top=1)] == [job.id]
        found = client.video(video.id)
        assert found is not None
        assert len(found.indexes) == 1
        client.delete_video(video.id)
        assert client.video(video.id) is None
        with pytest.raises(NotFoundError):
            client.job(job.id)


def test_files_are_fetched(served: Served, tiny_clip: Path, tiny_model: Path, tmp_path: Path) -> None:
    with Client(served.url) as client:
        job = client.submit(tiny_clip, ["the red car"], **chosen(tiny_model))
        client.wait(job.id)
        client.export(job.id, "coco", tmp_path / "coco.json")
        client.annotated(job.id, tmp_path / "a.mp4")
    assert json.loads((tmp_path / "coco.json").read_text())["annotations"]
    assert (tmp_path / "a.mp4").read_bytes()[4:8] == b"ftyp"


def test_what_is_no_video(served: Served, bad_videos: dict[str, Path]) -> None:
    with Client(served.url) as client, pytest.raises(VideoError, match="is not a video that can be read"):
        client.track(bad_videos["text"], ["a car"])


def test_in_an_event_loop(served: Served, tiny_clip: Path, tiny_model: Path) -> None:
    async def ask() -> Any:
        async with AsyncClient(served.url) as client:
            jobs = [await client.submit(tiny_clip, [text], **chosen(tiny_model)) for text in ("a car", "a van")]
            ended = await asyncio.gather(*(client.wait(job.id) for job in jobs))
            events = [event async for event in client.events(jobs[0].id)]
            return [one.state for one in ended], events[-1].data["state"], await client.result(jobs[0].id)

    states, last, answers = asyncio.run(ask())
    assert (states, last) == (["succeeded", "succeeded"], "succeeded")
    assert answers.queries[0].query == "a car"


def test_a_key_is_wanted_where_there_are_keys(tmp_path: Path) -> None:
    served = Served(tmp_path / "data", auth="keys", run_jobs=False)
    try:
        with Client(served.url, "tsk_wrong") as client, pytest.raises(UnauthenticatedError):
            client.videos()
    finally:
        served.stop()


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "trackspeak.service", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)


def test_the_command_line_does_its_work_there(
    served: Served, tiny_clip: Path, tiny_model: Path, tmp_path: Path
) -> None:
    asked = ["run", tiny_clip, "--query", "the red car", "--threshold=-100", "--set", f"matcher.model={tiny_model}"]
    plain = ["run", tiny_clip, "--query", "the red car", "--threshold=-100"]
    there = command(*plain, "--json", "--server", served.url)
    local = command(*plain, "--json")
    assert there.returncode == 0, there.stderr
    assert {**json.loads(there.stdout), "timings_s": 0} == {**json.loads(local.stdout), "timings_s": 0}
    assert command(*plain, "--server", served.url).stdout == command(*plain).stdout
    written = command(*plain, "--server", served.url, "--out", tmp_path / "out", "--export", "cvat")
    assert written.returncode == 0, written.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["annotated.mp4", "cvat.xml", "result.json"]
    refused = command(*asked, "--server", served.url)
    assert refused.returncode == 2
    assert "matcher.model names a file of this machine" in refused.stderr


def test_indexing_and_asking_there(served: Served, tiny_clip: Path) -> None:
    made = command("index", tiny_clip, "--server", served.url)
    assert made.returncode == 0, made.stderr
    index_id, name = made.stdout.split()
    asked = command("ask", index_id, "--query", "the red car", "--server", served.url)
    assert (asked.returncode, name) == (0, tiny_clip.name)
    assert "the red car" in asked.stdout
    assert command("ask", "nonesuch", "--query", "a car", "--server", served.url).returncode == 2
    nobody = command("ask", index_id, "--query", "a car", "--server", "http://127.0.0.1:9")
    assert nobody.returncode == 1
    assert "no answer from http://127.0.0.1:9" in nobody.stderr


def test_the_pages_examples_run(
    served: Served, tiny_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/client.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    shutil.copy(tiny_clip, tmp_path / "street.mp4")
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        code = block.replace("http://127.0.0.1:8000", served.url)
        exec(compile(code, "client.md", "exec"), {"__name__": "__main__"})  # noqa: S102
    assert "the red car" in capsys.readouterr().out
