"""What stands around every call: who calls, its id, and how errors go out."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypeVar

import grpc
from google.protobuf.message import DecodeError

from trackspeak.models.errors import BusyError, InputError, TrackspeakError

from ..access.principal import Principal, Scope
from ..access.verifier import Verifier
from ..problems import grpc_status_of, problem_of
from ..request_ids import accepted_request_id
from ..telemetry.context import bound
from ..telemetry.logs import ACCESS_LOGGER
from .access import authenticate, client_address
from .generated import trackspeak_pb2 as pb

SERVICE: Final[str] = pb.DESCRIPTOR.services_by_name["TrackSpeak"].full_name

REQUEST_ID: Final = "x-request-id"
ERROR_CODE: Final = "trackspeak-code"
RETRY_AFTER: Final = "retry-after"
"""Names in the metadata of answers."""

_SCOPES: Final[Mapping[str, Scope]] = MappingProxyType(
    {
        "Track": "index",
        "Ask": "ask",
        "ListPlugins": "ask",
        "GetJob": "ask",
        "CancelJob": "index",
        "WatchJob": "ask",
    }
)
"""What a caller's key must have for each call, as over HTTP."""

_LONGEST_DETAIL_BYTES: Final = 2_000
"""It travels in a header, where each byte may take three, and 8 KiB are all that some clients take."""

_CLEANING_S: Final = 15.0

Context = grpc.aio.ServicerContext[Any, Any]

_access = logging.getLogger(ACCESS_LOGGER)
_log = logging.getLogger(__name__)


class Calls:
    """The calls that are being answered.

    Args:
        verifier: tells whose a key is.
    """

    def __init__(self, verifier: Verifier) -> None:
        """Begin with none."""
        self._verifier = verifier
        self._open: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def answering(self, call: str, context: Context) -> AsyncIterator[Principal]:
        """Answer a call within this: gives who calls, and ends the call with the status of an error.

        Args:
            call: its name in the `.proto`.
            context: of it.
        """
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        given = dict(context.invocation_metadata() or ()).get(REQUEST_ID)
        current = accepted_request_id(given if isinstance(given, str) else None)
        with bound(request_id=current), _told_of(call, context) as event:
            await context.send_initial_metadata(((REQUEST_ID, current),))
            async with _errors_told(context):
                principal = await authenticate(self._verifier, context, _SCOPES[call])
                event["key_id"] = principal.key_id
                yield principal

    async def ended(self) -> None:
        """Wait a while until all are cleaned up after: callers who are gone may have jobs that are to be cancelled."""
        if self._open:
            await asyncio.wait(self._open, timeout=_CLEANING_S)


@contextmanager
def _told_of(call: str, context: Context) -> Iterator[dict[str, Any]]:
    """Tell the log of a call that is over; gives what else is to be told."""
    began_s = time.perf_counter()
    event: dict[str, Any] = {"route": f"/{SERVICE}/{call}", "client": client_address(context.peer())}
    try:
        yield event
    finally:
        code = context.code()
        status = "CANCELLED" if context.cancelled() else getattr(code, "name", "OK")
        duration_ms = round(1000 * (time.perf_counter() - began_s), 1)
        event |= {"status": status, "duration_ms": duration_ms}
        _access.info("%s %s in %.1f ms", event["route"], status, duration_ms, extra=event)


@asynccontextmanager
async def _errors_told(context: Context) -> AsyncIterator[None]:
    """End a call with the status of an error."""
    try:
        yield
    except TrackspeakError as error:
        await _refuse(context, error)
    except Exception:  # noqa: BLE001 of a mistake of ours nobody is told more
        _log.exception("unexpected error")
        await _refuse(context, TrackspeakError())


async def _refuse(context: Context, error: TrackspeakError) -> NoReturn:
    status = grpc.StatusCode[grpc_status_of(error)]
    if status is grpc.StatusCode.INTERNAL:
        _log.error("%s: %s", error.code, error)
    told = [(ERROR_CODE, error.code)]
    if isinstance(error, BusyError):
        told.append((RETRY_AFTER, str(math.ceil(error.retry_after_s))))
    detail = problem_of(error)["detail"].encode()[:_LONGEST_DETAIL_BYTES].decode(errors="ignore")
    await context.abort(status, detail, tuple(told))
    raise error  # not reached: `abort` raises


Message = TypeVar("Message")


def readable(request: Message | None) -> Message:
    """Give a request.

    Raises:
        InputError: if it could not be read.
    """
    if request is None:
        raise InputError("the message cannot be read: it is not of this call's type")
    return request


class ReadLeniently(grpc.aio.ServerInterceptor):
    """Gives None to our calls for a message that cannot be read, so that they can answer it like any other mistake."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        details: grpc.HandlerCallDetails,
    ) -> Any:
        """Give what answers a call."""
        handler = await continuation(details)
        if handler is None or not details.method.startswith(f"/{SERVICE}/"):
            return handler
        return handler._replace(request_deserializer=partial(_read, handler.request_deserializer))


def _read(parse: Callable[[bytes], Message], data: bytes) -> Message | None:
    try:
        return parse(data)
    except DecodeError:
        return None


class Caller:
    """One who waits for an answer.

    Args:
        context: of his call.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    async def is_disconnected(self) -> bool:
        """Say whether he has hung up, or his time is over."""
        return self._context.done()
