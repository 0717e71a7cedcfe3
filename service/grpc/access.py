"""Who makes a call, and whether they may."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import grpc

from ..access.principal import Principal, Scope
from ..access.verifier import Verifier, check_scope


async def authenticate(verifier: Verifier, context: grpc.aio.ServicerContext[Any, Any], scope: Scope) -> Principal:
    """Tell who makes a call, before anything else of it is looked at.

    Raises:
        UnauthenticatedError: if it has no key that counts.
        TooManyAttemptsError: if too many wrong keys came from its address.
        ForbiddenError: if the key has not the scope.
        OutputError: if the database fails.
    """
    key = given_key(context.invocation_metadata() or ())
    principal = verifier.remembered(key)
    if principal is None:
        principal = await asyncio.to_thread(verifier.verify, key, client_address(context.peer()))
    check_scope(principal, scope)
    return principal


def given_key(metadata: Iterable[tuple[str, str | bytes]]) -> str | None:
    """Give the API key in a call's metadata: `authorization: Bearer KEY`, or `x-api-key: KEY`."""
    given = {name: value for name, value in metadata if isinstance(value, str)}
    kind, _, key = given.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else given.get("x-api-key")


def client_address(peer: str) -> str:
    """Give the address of a caller, such as `::1` of `ipv6:%5B::1%5D:40000`."""
    return unquote(peer).partition(":")[2].rpartition(":")[0].strip("[]")
