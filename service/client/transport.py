"""Between calls and httpx."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Final

import httpx

from trackspeak.models.errors import ServerError, VideoError

from .calls import Call

PIECES_FROM: Final = 16 * 1024**2
"""Bytes from which a video is sent in pieces."""

POLL_S: Final = 0.25


def headers_of(api_key: str | None) -> dict[str, str]:
    """Give the headers of all requests."""
    return {} if api_key is None else {"Authorization": f"Bearer {api_key}"}


def no_answer(error: httpx.TransportError) -> ServerError:
    """Say that nothing came back."""
    where = error._request.url.copy_with(query=None) if error._request is not None else "the service"
    failed = ServerError(f"no answer from {where}: {error or type(error).__name__}")
    failed.unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
    return failed


def request_of(call: Call, opened: ExitStack) -> dict[str, Any]:
    """Give the keywords of httpx for a call; a file that it sends is closed by `opened`.

    Raises:
        VideoError: if the file cannot be read.
    """
    keywords: dict[str, Any] = {
        "method": call.method,
        "url": call.path,
        "params": dict(call.params),
        "headers": dict(call.headers),
    }
    if call.json is not None:
        keywords["json"] = call.json
    if call.content is not None:
        keywords["content"] = call.content
    if call.form is not None:
        keywords["data"] = dict(call.form)
    if call.video is not None:
        try:
            file = opened.enter_context(call.video.open("rb"))
        except OSError as error:
            raise VideoError(f"{call.video} cannot be read: {error.strerror}") from error
        keywords["files"] = {"video": (call.video.name, file)}
    return keywords
