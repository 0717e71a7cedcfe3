"""What the worker process does, without the process."""

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from trackspeak.models.errors import ContractError, OptionError, TrackspeakError, UnknownNameError, VideoLimitError
from trackspeak.service.assemblies import Assemblies
from trackspeak.service.jobs.job import JobRequest
from trackspeak.service.jobs.teller import Teller
from trackspeak.service.options import RunOptions
from trackspeak.service.pipeline.watch import Rarely
from trackspeak.service.settings import Settings
from trackspeak.service.tasks import Also, AskTask, JobTask
from trackspeak.service.telemetry.context import bound
from trackspeak.service.telemetry.measured import Measured
from trackspeak.service.telemetry.tracing import NoTracing
from trackspeak.service.work import Failure, Workroom, do_traced
from trackspeak.service.worker import Worker


class OwnError(VideoLimitError):
    """An error class of somebody else's."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OptionError("threshold must be finite"), OptionError),
        (UnknownNameError("tracker", "x", ["a", "b"]), UnknownNameError),
        (ContractError("boxes"), ContractError),
        (TrackspeakError("?"), TrackspeakError),
        (OwnError("too long"), VideoLimitError),
    ],
)
def test_errors_travel_as_class_and_message(error: TrackspeakError, kind: type[TrackspeakError]) -> None:
    again = Failure.of(error).to_error()
    assert type(again) is kind
    assert str(again) == str(error)


def options_for(tiny_model: Path, **changes: object) -> RunOptions:
    return RunOptions(set={"matcher.model": str(tiny_model), **changes})


def test_plugins_are_kept_and_bounded(tiny_model: Path) -> None:
    assemblies = Assemblies(2, tiny_model)
    first, second, third = (options_for(tiny_model, **{"calibrator.intercept": value}) for value in (0.0, 1.0, 2.0))
    made = assemblies.get(first)
    assert assemblies.get(options_for(tiny_model, **{"calibrator.intercept": 0.0})) is made
    other = assemblies.get(second)
    assert assemblies.get(first) is made
    assemblies.get(third)  # the second was used longest ago
    assert assemblies.get(first) is made
    assert assemblies.get(second) is not other


def test_what_is_not_a_plugins_option_shares_the_plugins(tiny_model: Path) -> None:
    assemblies = Assemblies(2, tiny_model)
    made = assemblies.get(options_for(tiny_model))
    values = {"matcher.model": str(tiny_model)}
    assert assemblies.get(RunOptions(set=values, threshold=0.7, first_frame=0)) is made


def test_a_changed_file_is_read_again(tmp_path: Path, tiny_model: Path) -> None:
    tracks = tmp_path / "tracks.txt"
    tracks.write_text("1,7,10,10,20,20,1\n")
    assemblies = Assemblies(2, Path(os.path.commonpath([tmp_path, tiny_model])))
    values = {"tracker.path": str(tracks), "matcher.model": str(tiny_model)}
    options = RunOptions(tracker="from_file", set=values)
    made = assemblies.get(options)
    assert assemblies.get(options) is made
    tracks.write_text("1,7,10,10,20,20,1\n2,7,10,10,20,20,1\n")
    assert assemblies.get(options) is not made


def test_changed_weights_that_were_pulled_are_read_again(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path))
    tracks = tmp_path / "weights" / "tracks.txt"
    tracks.parent.mkdir()
    tracks.write_text("1,7,10,10,20,20,1\n")
    assemblies = Assemblies(2, tiny_model)
    options = RunOptions(
        tracker="from_file", set={"tracker.path": "pulled:tracks.txt", "matcher.model": str(tiny_model)}
    )
    made = assemblies.get(options)
    assert assemblies.get(options) is made
    tracks.write_text("1,7,10,10,20,20,1\n2,7,10,10,20,20,1\n")
    assert assemblies.get(options) is not made


def test_files_elsewhere_are_refused_before_anything_is_made(tiny_model: Path) -> None:
    with pytest.raises(OptionError, match="plugin_files"):
        Assemblies(2, None).get(options_for(tiny_model))


@pytest.fixture
def job(tmp_path: Path, tiny_clip: Path, tiny_model: Path) -> JobTask:
    request = JobRequest("track", "a" * 64, "a.mp4", ("the red car",), {"set": {"matcher.model": str(tiny_model)}})
    return JobTask("j1", request, tiny_clip, tmp_path / "job", keep=False)


@pytest.fixture
def connection() -> Iterator[Connection]:
    """Where a worker tells how far it is; nobody reads it here."""
    here, there = multiprocessing.Pipe()
    with here, there:
        yield there


def room(tmp_path: Path, tiny_model: Path) -> Workroom:
    return Workroom(Settings(data=tmp_path, plugin_files=tiny_model.parent))


def test_what_a_task_took_comes_with_its_answer(
    tmp_path: Path, tiny_model: Path, job: JobTask, connection: Connection
) -> None:
    reply = do_traced(room(tmp_path, tiny_model), job, connection, NoTracing())
    assert reply.answer == ""
    timings_s = json.loads((job.folder / "result.json").read_text())["timings_s"]
    assert {stage.name: round(stage.seconds, 6) for stage in reply.took.stages} == timings_s
    assert {stage.name: stage.plugin for stage in reply.took.stages if stage.plugin} == {
        "detect": "motion", "track": "bytetrack", "observe": "kum", "describe": "kum", "score": "kum"
    }  # fmt: skip
    assert {stage.name: stage.frames for stage in reply.took.stages if stage.frames} == {
        "decode": 36, "detect": 36, "track": 36
    }  # fmt: skip


def test_previews_are_not_measured_as_answers(
    tmp_path: Path, tiny_model: Path, job: JobTask, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    previews = [0]

    def found(teller: Teller, _result: object) -> None:
        previews[0] += 1

    monkeypatch.setattr(Rarely, "due", lambda _self: True)
    monkeypatch.setattr(Teller, "found", found)
    reply = do_traced(room(tmp_path, tiny_model), job, connection, NoTracing())
    assert previews[0] > 1
    timings_s = json.loads((job.folder / "result.json").read_text())["timings_s"]
    assert {stage.name: round(stage.seconds, 6) for stage in reply.took.stages} == timings_s


def test_what_is_asked_before_anything_can_be_asked_waits() -> None:
    here, there = multiprocessing.Pipe()
    with here, there:
        teller = Teller(there, ["a tram"])
        here.send(Also(("a car", "a bus")))
        teller.stage("load")
        assert teller.asked() == ["a tram", "a car", "a bus"]
        here.send(Also(("a van",)))
        teller.watched(1, 2)
        assert (teller.asked(), teller.asked()) == (["a van"], [])


def test_what_was_asked_before_a_job_began_cannot_end_it(tmp_path: Path, tiny_model: Path, job: JobTask) -> None:
    more = ("the red car", "car " * 90, "a bus")
    here, there = multiprocessing.Pipe()
    with here, there:
        asked = replace(job, request=replace(job.request, kind="index", queries=(), more=more))
        assert room(tmp_path, tiny_model).do(asked, there)[0] == ""
        told = []
        while here.poll():
            told.append(here.recv().partial)
    found = [one for one in told if one is not None][-1]
    assert [query["query"] for query in found["queries"]] == ["the red car", "a bus"]
    assert [(one["query"], one["code"]) for one in found["refused"]] == [("car " * 90, "bad_query")]


def test_a_task_that_fails_is_measured_too(
    tmp_path: Path, tiny_model: Path, job: JobTask, connection: Connection
) -> None:
    long = replace(job, request=replace(job.request, queries=("car " * 100,)))
    reply = do_traced(room(tmp_path, tiny_model), long, connection, NoTracing())
    assert isinstance(reply.answer, Failure)
    assert {"load", "describe", "total"} <= {stage.name for stage in reply.took.stages}


def test_a_task_is_a_span_with_its_stages(
    tmp_path: Path, tiny_model: Path, job: JobTask, connection: Connection
) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="needs the extra otel")
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from trackspeak.service.telemetry.otel import OtelTracing

    exporter = InMemorySpanExporter()
    spans = OtelTracing(exporter, "worker")
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    with bound(job_id="j1", traceparent=f"00-{trace_id}-b7ad6b7169203331-01"):
        do_traced(room(tmp_path, tiny_model), job, connection, spans)
    spans.close()
    *stages, task = exporter.get_finished_spans()
    assert (task.name, task.attributes) == ("job", {"trackspeak.job_id": "j1"})
    assert {"decode", "detect", "observe", "score", "total"} <= {stage.name for stage in stages}
    assert {f"{span.context.trace_id:032x}" for span in (task, *stages)} == {trace_id}
    assert {stage.parent and stage.parent.span_id for stage in stages} == {task.context.span_id}
    assert all(task.start_time <= stage.start_time <= stage.end_time for stage in stages)


def test_a_worker_process_logs_whose_work_it_was(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    took: list[Measured] = []
    worker = Worker(Settings(data=tmp_path, log_format="json"), report=took.append)
    try:
        with bound(request_id="r1", job_id="j1"), pytest.raises(TrackspeakError, match="unexpected error"):
            worker.do(AskTask("1" * 64, ("a car",), None))  # type: ignore[arg-type]
    finally:
        worker.stop()
    (event,) = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert (event["request_id"], event["job_id"], event["level"]) == ("r1", "j1", "ERROR")
    assert "AttributeError" in event["exception"]
    assert took == [Measured()]


def test_videos_are_decoded_in_a_process_of_their_own(
    tmp_path: Path, make_clip: Callable[..., Path], tiny_model: Path, job: JobTask, connection: Connection
) -> None:
    """Where rare codecs are not read, which are read otherwise."""
    snow = replace(job, video=make_clip("a.avi", codec="snow"))
    answer, _ = room(tmp_path, tiny_model).do(snow, connection)
    assert answer == Failure("VideoError", "a.avi is of the codec snow, which is not accepted here")
