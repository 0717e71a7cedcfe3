"""The gRPC server: in the process and the event loop of HTTP, beside it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from trackspeak.models.errors import OutputError

from ..front import Front
from ..incoming import room_beside_video
from ..shared import Shared
from .calls import SERVICE, Calls, ReadLeniently
from .generated.trackspeak_pb2_grpc import add_TrackSpeakServicer_to_server
from .servicer import Servicer

_LAST_REPLIES_S: Final = 1.0
"""How long open calls have to end by themselves: of those that wait for a job nothing more comes by then."""

_LOOK_S: Final = 0.5
"""How often it is looked whether the service is being stopped."""

_log = logging.getLogger(__name__)


def check_port(host: str, port: int) -> None:
    """See that a port can be listened on, before anything is started.

    Raises:
        OutputError: if it cannot.
    """
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(kind, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise OutputError(f"gRPC cannot listen on port {port} of {host}: {error.strerror}") from error


@asynccontextmanager
async def serving_grpc(shared: Shared, host: str, port: int) -> AsyncIterator[int]:
    """Serve gRPC meanwhile.

    Args:
        shared: with HTTP.
        host: address to listen on.
        port: to listen on; 0 takes a free one.

    Yields:
        The port.

    Raises:
        OutputError: if it cannot be listened on.
    """
    server = grpc.aio.server(
        interceptors=[ReadLeniently()],
        options=[
            ("grpc.max_receive_message_length", room_beside_video(shared.front.limits)),
            ("grpc.so_reuseport", 0),  # two services on one port would each get some calls
        ],
    )
    calls = Calls(shared.verifier)
    add_TrackSpeakServicer_to_server(Servicer(shared, calls), server)  # type: ignore[no-untyped-call]
    healthy = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    reflection.enable_server_reflection((SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    try:
        bound = server.add_insecure_port(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    except RuntimeError as error:
        raise OutputError(f"gRPC cannot listen on port {port} of {host}") from error
    await server.start()
    for name in ("", SERVICE):
        await healthy.set(name, health_pb2.HealthCheckResponse.SERVING)
    watching = asyncio.create_task(_say_when_draining(shared.front, healthy))
    _log.info("gRPC on %s port %d", host, bound)
    try:
        yield bound
    finally:
        watching.cancel()
        await healthy.enter_graceful_shutdown()
        await server.stop(_LAST_REPLIES_S)
        await calls.ended()


async def _say_when_draining(front: Front, healthy: Any) -> None:
    while not front.draining:
        await asyncio.sleep(_LOOK_S)
    await healthy.enter_graceful_shutdown()
