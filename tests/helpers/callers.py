"""Callers of a running service, over HTTP and over gRPC, that ask the same and get the same values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict

from trackspeak.service.grpc.generated import trackspeak_pb2 as pb
from trackspeak.service.grpc.generated.trackspeak_pb2_grpc import TrackSpeakStub
from trackspeak.service.grpc.messages import result_to_dict, struct_to_dict
from trackspeak.service.problems import error_of, grpc_status_of, status_of

CHUNK = 64 * 1024
LONG_S = 120
"""Far longer than anything takes."""


class RefusedError(Exception):
    """A call was answered with an error."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail


class HttpCaller:
    """Calls over HTTP."""

    def __init__(self, service: Any, key: str | None = None) -> None:
        self.client, self.key = service.client, key

    def track(self, video: bytes, queries: Any, options: Any, name: str = "street.mp4") -> dict[str, Any]:
        return self._taken(self._post(video, queries, options, name, {}))

    def submit(self, video: bytes, queries: Any, options: Any, name: str = "street.mp4") -> dict[str, Any]:
        return self._taken(self._post(video, queries, options, name, {"Prefer": "respond-async"}))

    def _post(self, video: bytes, queries: Any, options: Any, name: str, headers: Any) -> Any:
        form = {"query": list(queries), "options": json.dumps(options)}
        return self.client.post(
            "/v1/track", files={"video": (name, video)}, data=form, headers={**self._key, **headers}
        )

    def ask(self, video: str, queries: Any, options: Any, index: str | None = None) -> dict[str, Any]:
        body = {"queries": list(queries), "options": options, **({} if index is None else {"index": index})}
        return self._taken(self.client.post(f"/v1/videos/{video}/queries", json=body, headers=self._key))

    def plugins(self) -> Any:
        return self._taken(self.client.get("/v1/plugins", headers=self._key))

    def job(self, job_id: str) -> dict[str, Any]:
        return self._taken(self.client.get(f"/v1/jobs/{job_id}", headers=self._key))

    def cancel(self, job_id: str) -> dict[str, Any]:
        return self._taken(self.client.post(f"/v1/jobs/{job_id}/cancel", headers=self._key))

    def result(self, job_id: str) -> dict[str, Any]:
        with self.client.stream("GET", f"/v1/jobs/{job_id}/events", headers=self._key) as events:
            events.read()
        return self._taken(self.client.get(f"/v1/jobs/{job_id}/result", headers=self._key))

    @property
    def _key(self) -> dict[str, str]:
        return {} if self.key is None else {"Authorization": f"Bearer {self.key}"}

    def _taken(self, response: Any) -> Any:
        body = response.json()
        if response.is_success:
            return body
        assert response.status_code == status_of(error_of(body["code"], ""))
        raise RefusedError(body["code"], body["detail"])


class GrpcCaller:
    """Calls over gRPC."""

    def __init__(self, service: Any, key: str | None = None) -> None:
        self.key = key
        self.channel = grpc.insecure_channel(
            f"127.0.0.1:{service.client.app.state.grpc_port}", [("grpc.max_receive_message_length", -1)]
        )
        self.stub = TrackSpeakStub(self.channel)

    def track(self, video: bytes, queries: Any, options: Any, name: str = "street.mp4") -> dict[str, Any]:
        return result_to_dict(self.updates(video, queries, options, name)[-1].result)

    def submit(self, video: bytes, queries: Any, options: Any, name: str = "street.mp4") -> dict[str, Any]:
        (update,) = self.updates(video, queries, options, name, as_job=True)
        return job_to_dict(update.job)

    def updates(self, *asked: Any, **more: Any) -> list[pb.TrackUpdate]:
        return self._taken(lambda: list(self.stub.Track(requests(*asked, **more), **self._how)))

    def ask(self, video: str, queries: Any, options: Any, index: str | None = None) -> dict[str, Any]:
        request = pb.AskRequest(video=video, queries=queries, options=options, index=index)
        return result_to_dict(self._taken(lambda: self.stub.Ask(request, **self._how)))

    def plugins(self) -> Any:
        listed = self._taken(lambda: self.stub.ListPlugins(pb.ListPluginsRequest(), **self._how))
        return [plugin_to_dict(plugin) for plugin in listed.plugins]

    def job(self, job_id: str) -> dict[str, Any]:
        job = self._taken(lambda: self.stub.GetJob(pb.GetJobRequest(job_id=job_id), **self._how))
        return {**job_to_dict(job), "ahead": job.ahead if job.HasField("ahead") else None}

    def cancel(self, job_id: str) -> dict[str, Any]:
        return job_to_dict(self._taken(lambda: self.stub.CancelJob(pb.CancelJobRequest(job_id=job_id), **self._how)))

    def result(self, job_id: str) -> dict[str, Any]:
        request = pb.WatchJobRequest(job_id=job_id)
        return result_to_dict(self._taken(lambda: list(self.stub.WatchJob(request, **self._how)))[-1].result)

    @property
    def _how(self) -> dict[str, Any]:
        return {"timeout": LONG_S, "metadata": () if self.key is None else (("x-api-key", self.key),)}

    def _taken(self, call: Any) -> Any:
        try:
            return call()
        except grpc.RpcError as error:
            refused = error
        code = dict(refused.trailing_metadata())["trackspeak-code"]
        assert refused.code().name == grpc_status_of(error_of(code, ""))
        raise RefusedError(code, refused.details())


def requests(
    video: bytes, queries: Any, options: Any, name: str = "street.mp4", *, as_job: bool = False
) -> Iterator[pb.TrackRequest]:
    """Stream an order and its video."""
    order = pb.TrackOrder(queries=queries, options=options, video_name=name, video_bytes=len(video), as_job=as_job)
    yield pb.TrackRequest(order=order)
    for begin in range(0, len(video), CHUNK):
        yield pb.TrackRequest(chunk=video[begin : begin + CHUNK])


def job_to_dict(job: pb.Job) -> dict[str, Any]:
    """Give a job as HTTP does."""
    times = ("created_at", "started_at", "ended_at", "expires_at")
    values = MessageToDict(job, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    values.pop("ahead", None)
    progress = values.get("progress") and {
        "stage": job.progress.stage,
        "frames_done": job.progress.frames_done,
        "frames_total": job.progress.frames_total if job.progress.HasField("frames_total") else None,
        "eta_s": job.progress.eta_s if job.progress.HasField("eta_s") else None,
    }
    return {
        **values,
        **{name: values.get(name) for name in times},
        "options": struct_to_dict(job.options),
        "progress": progress,
        "error": values.get("error"),
    }


def plugin_to_dict(plugin: pb.Plugin) -> dict[str, Any]:
    """Give a plugin as HTTP does."""
    values = MessageToDict(plugin, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    return {**values, "requirements": values.get("requirements"), "error": values.get("error")}
