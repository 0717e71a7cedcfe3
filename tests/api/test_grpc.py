"""What gRPC alone can do, and what alone can go wrong there."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from callers import LONG_S, GrpcCaller, requests
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

from trackspeak.service.grpc.access import client_address, given_key
from trackspeak.service.grpc.generated import trackspeak_pb2 as pb
from trackspeak.service.jobs.ledger import Chosen

SERVICE = "trackspeak.v1.TrackSpeak"
ORDER = pb.TrackRequest(order=pb.TrackOrder(queries=["a car"], video_bytes=5))
JOB = pb.TrackRequest(order=pb.TrackOrder(queries=["a car"], video_bytes=5, as_job=True))
CHUNK = pb.TrackRequest(chunk=b"video")


@pytest.fixture
def caller(both: Any) -> GrpcCaller:
    return GrpcCaller(both)


def wait_for(look: Callable[[], Any]) -> Any:
    until = time.monotonic() + LONG_S
    while not (seen := look()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)
    return seen


def jobs(service: Any) -> list[Any]:
    found: list[Any] = service.client.app.state.front.shop.ledger.find(Chosen(most=None))
    return found


def nothing_left(service: Any) -> bool:
    return service.uploads() == [] and jobs(service) == []


@contextmanager
def held(service: Any) -> Iterator[None]:
    """Let the worker process stand still."""
    pid = service.worker.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if service.worker.pid == pid:
            os.kill(pid, signal.SIGCONT)


def failure(call: Callable[[], Any]) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


def refused(call: Callable[[], Any]) -> tuple[str, str, str]:
    error = failure(call)
    return error.code().name, dict(error.trailing_metadata() or ()).get("trackspeak-code", ""), error.details()


def test_updates_come_before_the_result(caller: GrpcCaller, both: Any, tiny_clip: Path) -> None:
    options = {"set": {"matcher.model": str(both.model)}}
    updates = caller.updates(tiny_clip.read_bytes(), ["the red car"], options)
    kinds = [update.WhichOneof("update") for update in updates]
    assert (kinds[0], kinds[-1]) == ("state", "result")
    assert [update.state.state for update in updates if update.HasField("state")] == ["queued", "running", "succeeded"]
    assert {update.progress.stage for update in updates if update.HasField("progress")} <= {"load", "watch", "answer"}
    numbers = [update.number for update in updates[:-1]]
    assert numbers == sorted(set(numbers))
    assert nothing_left(both)


def test_a_job_is_followed_from_where_one_was(caller: GrpcCaller, both: Any, tiny_clip: Path) -> None:
    job = caller.submit(tiny_clip.read_bytes(), ["the red car"], {})
    updates = list(caller.stub.WatchJob(pb.WatchJobRequest(job_id=job["id"]), timeout=LONG_S))
    again = list(caller.stub.WatchJob(pb.WatchJobRequest(job_id=job["id"], after=updates[-2].number), timeout=LONG_S))
    assert [update.WhichOneof("update") for update in again] == ["result"]
    assert again[-1] == updates[-1]
    front = both.client.app.state.front
    for one in jobs(both):
        front.shop.retention.forget(one)


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        ([], "must begin with an order, got no message"),
        ([CHUNK, ORDER], "the first message must be an order, got chunk"),
        ([pb.TrackRequest()], "the first message must be an order, got an empty one"),
        ([ORDER, CHUNK, ORDER], "must be chunks of the video, got order"),
        ([ORDER, pb.TrackRequest()], "must be chunks of the video, got an empty one"),
        ([ORDER], "ended after 0 of the 5 video_bytes"),
        ([JOB, pb.TrackRequest(chunk=b"vi")], "ended after 2 of the 5 video_bytes"),
        ([JOB, CHUNK, pb.TrackRequest(chunk=b"o")], "must have the 5 video_bytes of the order, got more"),
    ],
)
def test_streams_that_are_none(caller: GrpcCaller, both: Any, stream: list[pb.TrackRequest], said: str) -> None:
    status, code, detail = refused(lambda: list(caller.stub.Track(iter(stream), timeout=LONG_S)))
    assert (status, code, said in detail) == ("INVALID_ARGUMENT", "bad_input", True), detail
    assert nothing_left(both)


def test_messages_that_cannot_be_read(caller: GrpcCaller, both: Any) -> None:
    unary = caller.channel.unary_unary(f"/{SERVICE}/GetJob")
    assert refused(lambda: unary(b"\xff\xff"))[:2] == ("INVALID_ARGUMENT", "bad_input")
    stream = caller.channel.stream_stream(f"/{SERVICE}/Track")
    for sent in ([b"\xff\xff"], [ORDER.SerializeToString(), b"\xff\xff"]):
        status, code, detail = refused(lambda sent=sent: list(stream(iter(sent))))
        assert (status, code, "cannot be read" in detail) == ("INVALID_ARGUMENT", "bad_input", True)
    assert nothing_left(both)


def test_a_message_too_large_is_no_end_of_the_video(caller: GrpcCaller, both: Any) -> None:
    large = bytes(3_000_000)
    order = pb.TrackRequest(order=pb.TrackOrder(queries=["a car"], video_bytes=len(large), as_job=True))
    sent = [order, pb.TrackRequest(chunk=large)]
    status, _, detail = refused(lambda: list(caller.stub.Track(iter(sent), timeout=LONG_S)))
    assert (status, "larger than max" in detail) == ("RESOURCE_EXHAUSTED", True)
    wait_for(lambda: nothing_left(both))


def sent_slowly(stop: threading.Event) -> Iterator[pb.TrackRequest]:
    """Send the beginning of a video, and nothing more."""
    yield ORDER
    yield pb.TrackRequest(chunk=b"vid")
    stop.wait(LONG_S)


@pytest.mark.parametrize("how", ["cancel", "deadline"])
def test_an_upload_that_is_given_up_leaves_nothing(caller: GrpcCaller, both: Any, how: str) -> None:
    stop = threading.Event()
    call = caller.stub.Track(sent_slowly(stop), timeout=2 if how == "deadline" else LONG_S)
    wait_for(both.uploads)
    if how == "cancel":
        call.cancel()
    error = failure(lambda: list(call))
    assert error.code().name == {"cancel": "CANCELLED", "deadline": "DEADLINE_EXCEEDED"}[how]
    stop.set()
    wait_for(lambda: nothing_left(both))


@pytest.mark.parametrize("how", ["cancel", "deadline"])
def test_a_call_that_is_given_up_cancels_its_job(caller: GrpcCaller, both: Any, tiny_clip: Path, how: str) -> None:
    with held(both):
        video = requests(tiny_clip.read_bytes(), ["a car"], {})
        call = caller.stub.Track(video, timeout=2 if how == "deadline" else LONG_S)
        wait_for(lambda: [job for job in jobs(both) if job.state == "running"])
        if how == "cancel":
            call.cancel()
        error = failure(lambda: list(call))
        assert error.code().name == {"cancel": "CANCELLED", "deadline": "DEADLINE_EXCEEDED"}[how]
        wait_for(lambda: nothing_left(both))
    assert caller.track(tiny_clip.read_bytes(), ["a car"], {})["queries"]


def test_an_upload_that_stalls_is_refused(make_brief_service: Callable[..., Any]) -> None:
    other = make_brief_service(grpc_port=0, run_jobs=False, upload_stall_s=0.5)
    stop = threading.Event()
    status, code, _ = refused(lambda: list(GrpcCaller(other).stub.Track(sent_slowly(stop), timeout=LONG_S)))
    stop.set()
    assert (status, code) == ("DEADLINE_EXCEEDED", "upload_stalled")
    assert nothing_left(other)


def test_request_ids_come_back(caller: GrpcCaller) -> None:
    def told(given: str) -> str:
        metadata = (("x-request-id", given),)
        _, call = caller.stub.ListPlugins.with_call(pb.ListPluginsRequest(), metadata=metadata)
        found: str = dict(call.initial_metadata())["x-request-id"]
        return found

    assert told("mine-1") == "mine-1"
    assert told("no good id") != "no good id"
    error = failure(lambda: caller.stub.GetJob(pb.GetJobRequest(job_id="0"), metadata=(("x-request-id", "mine-2"),)))
    assert dict(error.initial_metadata())["x-request-id"] == "mine-2"


def test_the_standard_services_are_there(caller: GrpcCaller) -> None:
    healthy = HealthStub(caller.channel)
    for name in ("", SERVICE):
        answer = healthy.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE),
    ]
    listed, described = ServerReflectionStub(caller.channel).ServerReflectionInfo(iter(asked))
    names = {service.name for service in listed.list_services_response.service}
    assert names == {SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
    files = [FileDescriptorProto.FromString(one) for one in described.file_descriptor_response.file_descriptor_proto]
    (ours,) = [file for file in files if file.package == "trackspeak.v1"]
    calls = {method.name for method in ours.service[0].method}
    assert calls == {"Track", "Ask", "ListPlugins", "GetJob", "CancelJob", "WatchJob"}


def test_what_waits_is_told_that_the_service_is_being_stopped(
    make_brief_service: Callable[..., Any], tiny_clip: Path
) -> None:
    other = make_brief_service(grpc_port=0)
    caller = GrpcCaller(other)
    with held(other):
        call = caller.stub.Track(requests(tiny_clip.read_bytes(), ["a car"], {}), timeout=LONG_S)
        wait_for(lambda: [job for job in jobs(other) if job.state == "running"])
        for runner in other.client.app.state.front.runners:
            runner.drain()
        assert refused(lambda: list(call))[:2] == ("UNAVAILABLE", "worker_died")
    again = requests(tiny_clip.read_bytes(), ["a car"], {})
    assert refused(lambda: list(caller.stub.Track(again, timeout=LONG_S)))[:2] == ("UNAVAILABLE", "worker_died")
    healthy = HealthStub(caller.channel)
    down = health_pb2.HealthCheckResponse.NOT_SERVING
    wait_for(lambda: healthy.Check(health_pb2.HealthCheckRequest()).status == down)
    assert healthy.Check(health_pb2.HealthCheckRequest(service=SERVICE)).status == down


def test_a_full_disk_leaves_the_detail_in_the_log(
    caller: GrpcCaller, both: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    status, code, detail = refused(lambda: list(caller.stub.Track(iter([ORDER, CHUNK]), timeout=LONG_S)))
    assert (status, code) == ("INTERNAL", "output_failed")
    assert str(both.settings.data) not in detail


@pytest.mark.parametrize(
    ("metadata", "key"),
    [
        ((), None),
        ((("authorization", "Bearer k"),), "k"),
        ((("authorization", "bearer k"), ("x-api-key", "other")), "k"),
        ((("x-api-key", "k"),), "k"),
        ((("authorization", "Basic k"),), None),
        ((("x-api-key", b"k"),), None),
    ],
)
def test_keys_are_found_in_metadata(metadata: Any, key: str | None) -> None:
    assert given_key(metadata) == key


@pytest.mark.parametrize(
    ("peer", "address"),
    [("ipv4:10.0.0.1:5", "10.0.0.1"), ("ipv6:%5B::1%5D:5", "::1"), ("ipv6:[::1]:5", "::1"), ("unix:", "")],
)
def test_addresses_of_callers(peer: str, address: str) -> None:
    assert client_address(peer) == address


def one_line(done: Any) -> str:
    assert (done.code in (1, 2), done.err.count("\n")) == (True, 1), done.err
    text: str = done.err
    return text


def test_a_start_without_the_extra_is_one_line(command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path))
    monkeypatch.setenv("TRACKSPEAK_GRPC_PORT", "0")
    monkeypatch.setitem(sys.modules, "trackspeak.service.grpc.server", None)
    assert "pip install 'trackspeak[grpc]'" in one_line(command("serve", "--port", "0"))


def test_a_port_that_is_taken_is_one_line(
    command: Any, both: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = both.client.app.state.grpc_port
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path))
    monkeypatch.setenv("TRACKSPEAK_GRPC_PORT", str(port))
    assert f"gRPC cannot listen on port {port} of 127.0.0.1" in one_line(command("serve", "--port", "0"))
