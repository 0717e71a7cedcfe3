"""Errors as callers are told them: RFC 9457 problem details with a stable `code`, and their statuses."""

from __future__ import annotations

import math
import re
from http import HTTPStatus
from typing import Any, Final

from trackspeak.models.errors import (
    BusyError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InputError,
    NotFoundError,
    SlowUploadError,
    StoppedError,
    TrackspeakError,
    UnauthenticatedError,
    VideoLimitError,
    WorkerError,
)

MEDIA_TYPE: Final = "application/problem+json"

# The most special class first: its status over HTTP and over gRPC.
_STATUSES: Final = (
    (VideoLimitError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "INVALID_ARGUMENT"),
    (UnauthenticatedError, HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED"),
    (ForbiddenError, HTTPStatus.FORBIDDEN, "PERMISSION_DENIED"),
    (NotFoundError, HTTPStatus.NOT_FOUND, "NOT_FOUND"),
    (SlowUploadError, HTTPStatus.REQUEST_TIMEOUT, "DEADLINE_EXCEEDED"),
    (GoneError, HTTPStatus.GONE, "NOT_FOUND"),
    (ConflictError, HTTPStatus.CONFLICT, "FAILED_PRECONDITION"),
    (StoppedError, HTTPStatus.CONFLICT, "CANCELLED"),
    (BusyError, HTTPStatus.TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED"),
    (InputError, HTTPStatus.UNPROCESSABLE_ENTITY, "INVALID_ARGUMENT"),
    (WorkerError, HTTPStatus.SERVICE_UNAVAILABLE, "UNAVAILABLE"),
    (TrackspeakError, HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL"),
)


_FOLDERS: Final = re.compile(r"(?:\b[A-Za-z]:|(?<![\w.]))[\\/](?:[^\\/\s'\"():,;]+[\\/])*")
"""What stands before the last name of an absolute path."""


def without_folders(text: str) -> str:
    """Leave out of a text the folders of the server's files, which are for the log alone."""
    return _FOLDERS.sub("", text)


def error_of(code: str, message: str) -> TrackspeakError:
    """Make an error again from what was written down of it; one of an unknown code is a `TrackspeakError`."""
    kinds = [TrackspeakError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    found = next((kind for kind in kinds if kind.code == code), TrackspeakError)
    error = found.__new__(found)  # not by its constructor: some make their message from other things
    error.args = (message,)
    return error


def status_of(error: TrackspeakError) -> HTTPStatus:
    """Give the HTTP status of an error."""
    return next(status for kind, status, _ in _STATUSES if isinstance(error, kind))


def grpc_status_of(error: TrackspeakError) -> str:
    """Give the name of the gRPC status of an error."""
    return next(name for kind, _, name in _STATUSES if isinstance(error, kind))


def headers_of(error: TrackspeakError) -> dict[str, str]:
    """Give the headers that an error's answer needs beside its body."""
    if isinstance(error, UnauthenticatedError):
        return {"WWW-Authenticate": 'Bearer realm="trackspeak"'}
    if isinstance(error, SlowUploadError):
        return {"Connection": "close"}  # or the rest of the body would have to be waited for
    if isinstance(error, BusyError):
        return {"Retry-After": str(math.ceil(error.retry_after_s))}
    return {}


def problem_of(error: TrackspeakError) -> dict[str, Any]:
    """Give the problem details of an error.

    What went wrong inside the server (status 500) is told without its message, which may name the server's files.
    """
    status = status_of(error)
    inside = status == HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "the server could not do this; its log says why" if inside else str(error)
    known = type(error) is not TrackspeakError
    title = (type(error).__doc__ or "").partition("\n")[0].rstrip(".") if known else ""
    return problem(status, error.code, detail, title)


def problem(status: HTTPStatus, code: str, detail: str, title: str = "") -> dict[str, Any]:
    """Give problem details; the title is by default the status in words."""
    detail = detail.encode("utf-8", "backslashreplace").decode()  # JSON in may hold half a character, JSON out not
    return {
        "type": f"urn:trackspeak:problem:{code}",
        "title": title or status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
    }
