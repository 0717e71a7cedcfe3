"""One suite over HTTP and gRPC: the same results, errors and limits."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from callers import GrpcCaller, HttpCaller, RefusedError

from trackspeak.service import RunOptions, track
from trackspeak.service.assemble import assemble
from trackspeak.service.indexing import make_index
from trackspeak.service.jobs.ledger import Chosen
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video
from trackspeak.service.schema import result_schema
from trackspeak.service.schema_jobs import job_schema
from trackspeak.service.store.indexes import Indexes

QUERIES = ("the red car", '"a car" and not "moving to the left"', "ein Zug 🚆")
CALLERS = {"http": HttpCaller, "grpc": GrpcCaller}


@pytest.fixture(scope="module")
def strict(make_service: Callable[..., Any]) -> Any:
    """One with small limits, and no files for options."""
    limits = {"max_video_bytes": 200_000, "max_queries": 2, "max_uploads_per_key": 1, "max_queued_jobs": 1}
    return make_service(grpc_port=0, plugin_files=None, run_jobs=False, **limits)


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest, both: Any) -> Any:
    return CALLERS[request.param](both)


@pytest.fixture(params=CALLERS)
def strict_caller(request: pytest.FixtureRequest, strict: Any) -> Any:
    return CALLERS[request.param](strict)


@pytest.fixture(autouse=True)
def nothing_left(both: Any) -> Iterator[None]:
    yield
    jobs = both.client.app.state.front.shop.ledger.find(Chosen(most=None))
    for job in jobs:
        both.client.app.state.front.shop.retention.forget(job)
    assert both.uploads() == []
    assert [job for job in jobs if job.waited] == []


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(RefusedError) as caught:
        call()
    return caught.value.code, caught.value.detail


def untimed(result: dict[str, Any]) -> dict[str, Any]:
    assert result["timings_s"]
    return {**result, "timings_s": {}}


def options_of(service: Any, **more: Any) -> dict[str, Any]:
    return {"set": {"matcher.model": str(service.model)}, **more}


@pytest.mark.parametrize(
    "more",
    [
        {"threshold": -100, "max_gap": 2, "first_frame": 0},
        {"near_misses": 3, "calibrator": "platt", "threshold": 0, "top": 1},
        {"threshold": 2, "near_misses": 0},
    ],
    ids=["all", "some", "none"],
)
def test_the_result_is_pythons(caller: Any, both: Any, tiny_clip: Path, more: dict[str, Any]) -> None:
    options = options_of(both, **more)
    result = caller.track(tiny_clip.read_bytes(), QUERIES, options)
    jsonschema.validate(result, result_schema())
    wanted = json.loads(track(tiny_clip, QUERIES, RunOptions(**options)).to_json())
    assert untimed(result) == untimed(wanted)


def test_tracks_of_a_file_need_no_detector(caller: Any, both: Any, tiny_clip: Path) -> None:
    tracks = both.model.parent / "tracks.txt"
    tracks.write_text("".join(f"{frame},{2**40},10,20,60,50,1,-1,-1,-1\n" for frame in range(1, 30)))
    options = options_of(both, tracker="from_file", threshold=-100)
    options["set"]["tracker.path"] = str(tracks)
    result = caller.track(tiny_clip.read_bytes(), QUERIES[:1], options)
    assert result["plugins"]["detector"] is None
    assert [found["track_id"] for found in result["queries"][0]["tracks"]] == [2**40]
    wanted = json.loads(track(tiny_clip, QUERIES[:1], RunOptions(**options)).to_json())
    assert untimed(result) == untimed(wanted)


def test_a_job_is_shown_and_gives_the_same_result(caller: Any, both: Any, tiny_clip: Path) -> None:
    options = options_of(both, threshold=-100)
    accepted = caller.submit(tiny_clip.read_bytes(), QUERIES, options)
    jsonschema.validate(accepted, job_schema())
    result = caller.result(accepted["id"])
    wanted = json.loads(track(tiny_clip, QUERIES, RunOptions(**options)).to_json())
    assert untimed(result) == untimed(wanted)
    shown = [CALLERS[name](both).job(accepted["id"]) for name in CALLERS]
    assert shown[0] == shown[1]
    assert (shown[0]["state"], shown[0]["options"], shown[0]["video_name"]) == ("succeeded", options, "street.mp4")


def test_a_cancelled_job_has_no_result(caller: Any, both: Any, tiny_clip: Path) -> None:
    both.worker.start()  # it may have been killed for a job that was cancelled before
    pid = both.worker.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        job = caller.submit(tiny_clip.read_bytes(), QUERIES, options_of(both))
        assert caller.cancel(job["id"])["id"] == job["id"]
        code, detail = refused(lambda: caller.result(job["id"]))
    finally:
        if both.worker.pid == pid:
            os.kill(pid, signal.SIGCONT)
    assert (code, detail) == ("cancelled", f"job {job['id']} was cancelled")


def test_a_failed_job_tells_why(caller: Any, both: Any, tiny_clip: Path) -> None:
    job = caller.submit(tiny_clip.read_bytes(), ["red " * 100], options_of(both))
    code, detail = refused(lambda: caller.result(job["id"]))
    assert (code, "75 tokens" in detail) == ("bad_query", True)
    assert caller.job(job["id"])["error"] == {"code": code, "detail": detail}


def test_an_index_is_asked(caller: Any, both: Any, tiny_clip: Path) -> None:
    chosen = RunOptions()
    indexes = Indexes(both.settings.indexes_folder)
    indexes.add(make_index(open_video(tiny_clip, Limits()), "street.mp4", assemble(chosen), chosen))
    (kept,) = indexes
    answers = [CALLERS[name](both).ask(kept.id, QUERIES[:2], {"top": 1, "near_misses": 2}) for name in CALLERS]
    assert untimed(answers[0]) == untimed(answers[1])
    jsonschema.validate(answers[0], result_schema())
    assert caller.ask("street.mp4", QUERIES[:2], {}, index=kept.id)["queries"]


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (("nonesuch", ["a car"], {}), "not_found", "nonesuch"),
        (("nonesuch", [], {}), "bad_query", "at least one sentence"),
        (("nonesuch", ['"a'], {}), "not_found", "nonesuch"),
        (("nonesuch", ["a car"], {"tracker": "sort"}), "bad_option", "tracker"),
        (("nonesuch", ["a car"], {"threshold": "high"}), "bad_option", "threshold"),
        (
            ("nonesuch", ["a car"], {"calibrator": "frequency", "set": {"calibrator.path": "/etc/passwd"}}),
            "bad_option",
            "plugin_files",
        ),
    ],
)
def test_wrong_questions(caller: Any, asked: Any, code: str, said: str) -> None:
    got, detail = refused(lambda: caller.ask(*asked))
    assert (got, said in detail) == (code, True), detail


@pytest.mark.parametrize(
    ("queries", "options", "code", "said"),
    [
        ([], {}, "bad_query", "at least one sentence"),
        (["a car", " \n"], {}, "bad_query", "query 2 must be a sentence"),
        (['"a'], {}, "bad_query", "column"),
        (["red " * 5_000], {}, "bad_query", "over max_query_chars"),
        (["red " * 100], {}, "bad_query", "at most 75 tokens"),
        (["a car"], {"threshold": float("nan")}, "bad_option", ""),
        (["a car"], {"thresold": 1}, "bad_option", "options.thresold is unknown"),
        (["a car"], {"top": 1.5}, "bad_option", "options.top"),
        (["a car"], {"detector": "nonesuch"}, "unknown_name", "there are: "),
        (["a car"], {"set": {"matcher.model": "/etc"}}, "bad_option", "plugin_files"),
        (["a car"], {"min_probability": 0.5}, "bad_option", "got scores of kind cosine"),
    ],
)
def test_wrong_orders(
    caller: Any, both: Any, tiny_clip: Path, queries: Any, options: Any, code: str, said: str
) -> None:
    got, detail = refused(lambda: caller.track(tiny_clip.read_bytes(), queries, {**options_of(both), **options}))
    assert (got, said in detail) == (code, True), detail


@pytest.mark.parametrize("video", ["empty", "text", "sound", "no frames"])
@pytest.mark.parametrize("how", ["track", "submit"])
def test_files_that_are_no_video(caller: Any, bad_videos: dict[str, Path], video: str, how: str) -> None:
    path = bad_videos[video]
    code, detail = refused(lambda: getattr(caller, how)(path.read_bytes(), ["a car"], {}, path.name))
    assert code == "unreadable_video"
    assert "/" not in detail


def test_failures_inside_tell_no_paths(caller: Any, both: Any, tiny_clip: Path) -> None:
    broken = both.model.parent / "broken"
    broken.mkdir(exist_ok=True)
    code, detail = refused(
        lambda: caller.track(tiny_clip.read_bytes(), ["a car"], {"set": {"matcher.model": str(broken)}})
    )
    assert (code, detail) == ("bad_weights", "the server could not do this; its log says why")


def test_a_mistake_of_the_program(caller: Any, both: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(both.client.app.state.context.asking.worker, "do", fail)
    monkeypatch.setattr("trackspeak.service.videos.listing.Library.index_to_ask", lambda *_: "an index")
    code, detail = refused(lambda: caller.ask("a.mp4", ["a car"], {}))
    assert (code, "secret" in detail) == ("internal_error", False)


@pytest.mark.parametrize("call", ["job", "cancel", "result"])
def test_jobs_that_are_not_there(caller: Any, call: str) -> None:
    job_id = "0" * 32
    code, detail = refused(lambda: getattr(caller, call)(job_id))
    assert (code, detail) == ("not_found", f"unknown job '{job_id}'")


def test_plugins_are_listed_alike(both: Any) -> None:
    listed = [CALLERS[name](both).plugins() for name in CALLERS]
    assert listed[0] == listed[1]
    assert {"detector", "tracker", "matcher"} <= {plugin["kind"] for plugin in listed[0]}


def test_a_video_too_large(strict_caller: Any, strict: Any) -> None:
    code, detail = refused(lambda: strict_caller.track(bytes(300_000), ["a car"], {}))
    assert code == "video_over_limit"
    assert "over the limit max_video_bytes of 200,000" in detail
    assert strict.uploads() == []


def test_sentences_too_many(strict_caller: Any, tiny_clip: Path) -> None:
    code, detail = refused(lambda: strict_caller.track(b"a", ["a car"] * 3, {}))
    assert (code, "max_queries of 2" in detail) == ("bad_query", True)


def test_files_need_the_setting(strict_caller: Any) -> None:
    code, detail = refused(lambda: strict_caller.track(b"a", ["a car"], {"set": {"matcher.model": "/etc"}}))
    assert (code, "plugin_files is unset" in detail) == ("bad_option", True)


def test_places_are_shared(strict_caller: Any, strict: Any) -> None:
    with strict.client.app.state.context.places.taken("anonymous"):
        code, detail = refused(lambda: strict_caller.track(b"a", ["a car"], {}))
    assert (code, "may send 1 videos at once" in detail) == ("over_quota", True)


def test_the_queue_is_shared(strict_caller: Any, strict: Any, tiny_clip: Path) -> None:
    video = tiny_clip.read_bytes()
    front = strict.client.app.state.front
    with ExitStack() as after:
        after.callback(lambda: [front.shop.queue.cancel(one.id) for one in front.shop.ledger.find(Chosen(most=None))])
        strict_caller.submit(video, ["a car"], {})
        code, detail = refused(lambda: strict_caller.submit(video, ["another car"], {}))
    assert (code, "the queue is full" in detail) == ("busy", True)
