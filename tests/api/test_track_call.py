"""`POST /v1/track`: the answer, and that it is the command line's."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from trackspeak.service import RunOptions, track
from trackspeak.service.cli import main
from trackspeak.service.schema import result_schema

QUERIES = ("the red car", "vehicles moving to the left", "ein Zug 🚆")


def without_timings(text: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(text)
    assert values.pop("timings_s")
    return values


def test_http_and_command_line_and_python_agree(
    service: Any, tiny_clip: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    options = ["--threshold=-100", "--max-gap", "2", "--first-frame", "0", "--set", f"matcher.model={service.model}"]
    queries = [part for query in QUERIES for part in ("--query", query)]
    with pytest.raises(SystemExit):
        main(["run", str(tiny_clip), *queries, *options, "--json"])
    from_cli = capfdbinary.readouterr().out.decode()

    response = service.track(tiny_clip, *QUERIES, threshold=-100, max_gap=2, first_frame=0)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert without_timings(response.text) == without_timings(from_cli)
    assert list(json.loads(response.text)) == list(json.loads(from_cli))
    assert service.uploads() == []

    values = {"matcher.model": str(service.model)}
    result = track(tiny_clip, QUERIES, RunOptions(set=values, threshold=-100, max_gap=2, first_frame=0))
    assert without_timings(result.to_json()) == without_timings(from_cli)


def test_the_answer_is_the_same_again_and_keeps_to_the_schema(service: Any, tiny_clip: Path) -> None:
    first, second = (service.track(tiny_clip, *QUERIES, threshold=-100) for _ in range(2))
    assert without_timings(first.text) == without_timings(second.text)
    result = first.json()
    jsonschema.validate(result, result_schema())
    assert [answer["query"] for answer in result["queries"]] == list(QUERIES)
    assert all(answer["tracks"] for answer in result["queries"])
    assert tiny_clip.name not in first.text


def test_filters_and_near_misses_are_options_too(service: Any, tiny_clip: Path) -> None:
    asked = {"calibrator": "platt", "threshold": 0, "near_misses": 3}
    one = service.track(tiny_clip, "the red car", **asked, top=1).json()["queries"][0]
    assert (len(one["tracks"]), one["near_misses"]) == (1, [])
    none = service.track(tiny_clip, "the red car", **asked, min_probability=1).json()
    jsonschema.validate(none, result_schema())
    assert none["queries"][0]["tracks"] == []
    assert none["queries"][0]["near_misses"][0]["why"].endswith("is below min_probability 1")
    raw = service.track(tiny_clip, "the red car", min_probability=0.5)
    assert (raw.status_code, raw.json()["code"]) == (422, "bad_option")
    assert "got scores of kind cosine" in raw.json()["detail"]


def test_no_match_is_an_answer(service: Any, tiny_clip: Path) -> None:
    response = service.track(tiny_clip, "the red car", threshold=2)
    assert (response.status_code, response.json()["queries"][0]["tracks"]) == (200, [])


def test_a_truncated_video_is_answered_with_a_warning(service: Any, tmp_path: Path) -> None:
    import av
    import numpy as np

    path = tmp_path / "cut.mjpeg.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuvj420p"
        for index in range(20):
            image = np.random.default_rng(index).integers(0, 255, (64, 96, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuvj420p")))
        container.mux(stream.encode())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    response = service.track(path, "a car")
    assert response.status_code == 200
    assert 0 < response.json()["video"]["frames"] < 20
    assert response.json()["warnings"]


def test_a_killed_worker_is_replaced_and_the_job_done_again(service: Any, tiny_clip: Path) -> None:
    undisturbed = service.track(tiny_clip, "a car")
    before = service.worker.pid
    os.kill(before, signal.SIGSTOP)  # so that it dies with the request in its hands
    killer = _kill_soon(before)
    response = service.track(tiny_clip, "a car")
    killer.join()
    assert response.status_code == 200
    assert without_timings(response.text) == without_timings(undisturbed.text)
    assert service.uploads() == []
    assert service.worker.pid != before


def _kill_soon(pid: int) -> Any:
    import threading

    timer = threading.Timer(0.5, os.kill, (pid, signal.SIGKILL))
    timer.start()
    return timer


def test_a_worker_that_died_between_requests_is_replaced_unseen(service: Any, tiny_clip: Path) -> None:
    service.worker.start()
    os.kill(service.worker.pid, signal.SIGKILL)
    os.waitid(os.P_PID, service.worker.pid, os.WEXITED | os.WNOWAIT)
    assert service.track(tiny_clip, "a car").status_code == 200


def test_the_worker_ends_with_the_service(make_service: Any, tiny_clip: Path) -> None:
    other = make_service()
    pid = other.worker.pid
    other.worker.stop()
    assert other.worker.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert tiny_clip.exists()
