"""What is asked of a service and what its answers mean, without sending anything: both clients share it.

A *flow* is a generator: it yields a `Call` to be sent, is given the `Reply`, and returns what came of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

from trackspeak.models.errors import (
    BusyError,
    OptionError,
    ServerError,
    TrackspeakError,
    WorkerError,
)
from trackspeak.service.problems import error_of

from .answers import Answers, read_answers
from .reading import list_in, object_in
from .told import JobStatus, Video, read_job, read_video

Given = TypeVar("Given")
Flow = Generator["Call", "Reply", Given]
Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all."""

TRIES: Final = 5
FIRST_PAUSE_S: Final = 0.5
_PAUSE_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 60.0
"""Whoever is to wait longer is told so instead."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request.

    Attributes:
        method: of HTTP.
        path: below the service's address.
        params: of the query.
        json: the body, as JSON values; None: none.
        form: fields of a form, with the video beside them.
        video: a file that is sent with the form.
        content: the body, as bytes.
        headers: beside the usual ones.
        repeatable: whether sending it twice is the same as once, so that it is sent again where nothing came back.
        may_be: statuses that are no error here, beside those below 300.
    """

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, Any] | None = None
    video: Path | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True
    may_be: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        status: of HTTP.
        headers: by their names in lower case.
        body: whole.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Read the body.

        Raises:
            ServerError: if it is no JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError:
            said = self.body[:60].decode(errors="replace")
            raise ServerError(
                f"a trackspeak service must answer with JSON, got status {self.status}: {said!r}"
            ) from None


def quoted(name: str) -> str:
    """Give a name as it stands in a path: one with a slash or a number sign must not mean something else.

    Raises:
        OptionError: if there is none, which would mean all.
    """
    if name.strip(". ") == "":
        raise OptionError(f"a name or id must have letters or digits, got {name!r}")
    return quote(name, safe="")


def check(call: Call, reply: Reply) -> None:
    """Raise the error that a reply tells of.

    Raises:
        TrackspeakError: of the class of its `code`.
        ServerError: if it is an error, but none of a trackspeak service.
    """
    if reply.status < 300 or reply.status in call.may_be:
        return
    if not reply.headers.get("content-type", "").startswith("application/problem+json"):
        raise ServerError(f"no trackspeak service: {call.method} {call.path} was answered with status {reply.status}")
    problem = reply.json()
    code, detail = str(problem.get("code")), str(problem.get("detail"))
    error = error_of(code, detail)
    if isinstance(error, BusyError):
        told = reply.headers.get("retry-after", "")
        error.retry_after_s = float(told) if told.isdecimal() else _PAUSE_S  # a date is as good as nothing here
    if problem.get("request_id"):
        error.add_note(f"request id {problem['request_id']}")
    raise error


def pause_before(call: Call, error: TrackspeakError, tries: int) -> float | None:
    """Give the seconds after which a call is sent again that failed; None: it is not.

    Args:
        call: that failed.
        error: how: a `ServerError` where nothing came back.
        tries: how often it was sent.
    """
    if tries >= TRIES:
        return None
    if isinstance(error, BusyError):
        return error.retry_after_s if error.retry_after_s <= _LONGEST_PAUSE_S else None
    unsent = isinstance(error, ServerError) and error.unsent
    if unsent or (call.repeatable and isinstance(error, ServerError | WorkerError)):
        return FIRST_PAUSE_S * 2.0 ** (tries - 1)
    return None


def ask_json(call: Call) -> Flow[Any]:
    """Send a call, and give the JSON values of its answer."""
    return (yield call).json()


def answers_in(raw: bytes) -> Answers:
    """Read a result as the service has written it.

    Raises:
        ServerError: if it is none.
    """
    return read_answers(Reply(200, {}, raw).json())


def find_video(video_id: str) -> Flow[Video | None]:
    """Give a video by what it is known by; None if there is none."""
    reply = yield Call("GET", f"/v1/videos/{quoted(video_id)}", may_be=(404, 410))
    return None if reply.status >= 300 else read_video(reply.json())


def submit(path: Path, queries: Sequence[str], options: Mapping[str, Any]) -> Flow[JobStatus]:
    """Send a video and sentences, and have it done as a job."""
    form = {"query": list(queries), "options": json.dumps(dict(options))}
    headers = {"Prefer": "respond-async"}
    # it may have been accepted where no answer came back: the same must not be done twice unasked
    reply = yield Call("POST", "/v1/track", form=form, video=path, headers=headers, repeatable=False)
    return read_job(reply.json())


def index(video_id: str, queries: Sequence[str], options: Mapping[str, Any]) -> Flow[JobStatus]:
    """Have a video indexed that was sent."""
    body = {"queries": list(queries), "options": dict(options)}
    return read_job((yield Call("POST", f"/v1/videos/{quoted(video_id)}/index", json=body)).json())


def job(job_id: str) -> Flow[JobStatus]:
    """Give a job as it is now."""
    return read_job((yield Call("GET", f"/v1/jobs/{quoted(job_id)}")).json())


def jobs(params: Mapping[str, Any]) -> Flow[list[JobStatus]]:
    """List jobs."""
    reply = yield Call("GET", "/v1/jobs", params=params)
    return [read_job(one) for one in list_in(object_in(reply.json(), "a list of jobs"), "jobs")]


def cancel(job_id: str) -> Flow[JobStatus]:
    """Cancel a job."""
    return read_job((yield Call("POST", f"/v1/jobs/{quoted(job_id)}/cancel")).json())


def ask_meanwhile(job_id: str, queries: Sequence[str]) -> Flow[JobStatus]:
    """Have a job that makes an index answer more sentences in what its events tell."""
    body = {"queries": list(queries)}
    return read_job((yield Call("POST", f"/v1/jobs/{quoted(job_id)}/queries", json=body)).json())


def raw_result(job_id: str) -> Flow[bytes]:
    """Give the result of a job, JSON as it was written."""
    return (yield Call("GET", f"/v1/jobs/{quoted(job_id)}/result")).body


def ask(video: str, queries: Sequence[str], index_id: str | None, options: Mapping[str, Any]) -> Flow[Answers]:
    """Ask an indexed video."""
    body: dict[str, Any] = {"queries": list(queries), "options": dict(options)}
    if index_id is not None:
        body["index"] = index_id
    return read_answers((yield Call("POST", f"/v1/videos/{quoted(video)}/queries", json=body)).json())


def videos(labels: Sequence[str]) -> Flow[list[Video]]:
    """List videos."""
    found = (yield Call("GET", "/v1/videos", params={"label": list(labels)})).json()
    return [read_video(one) for one in list_in({"videos": found}, "videos")]


def delete_video(video: str) -> Flow[None]:
    """Delete a video and all that was derived of it; one that is not there is no error."""
    yield Call("DELETE", f"/v1/videos/{quoted(video)}", may_be=(404, 410))


def failed(status: JobStatus) -> TrackspeakError | None:
    """Give the error that a job ended with; None if it succeeded or has not ended."""
    if status.error_code is not None:
        return error_of(status.error_code, status.error_detail or "")
    return error_of("cancelled", f"job {status.id} was cancelled") if status.state == "cancelled" else None
