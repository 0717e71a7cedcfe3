"""Who calls a route, and whether they may: `principal: Reader`, or `Depends(needs("ask"))`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from trackspeak.models.errors import ForbiddenError

from ..access.principal import Principal, Scope
from ..access.verifier import Verifier, check_scope
from .origins import READING, check_without_keys, is_same_origin

_BEARER: Final = HTTPBearer(auto_error=False, scheme_name="bearer", description="an API key")
_HEADER: Final = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="api_key", description="an API key")

COOKIE: Final = "trackspeak_key"
"""Holds the key of the page's session: a browser sends it along also where no script can set a header."""


async def authenticated(
    request: Request,
    bearer: HTTPAuthorizationCredentials | None = Security(_BEARER),  # noqa: B008 as FastAPI has it
    header: str | None = Security(_HEADER),
) -> Principal:
    """Tell who a request comes from, before anything else of it is looked at.

    Raises:
        UnauthenticatedError: if it has no key that counts.
        TooManyAttemptsError: if too many wrong keys came from its address.
        ForbiddenError: if its key is a cookie that another site's page had sent along; or if such a page calls a
            service that asks nobody for a key.
        OutputError: if the database fails.
    """
    settings = request.app.state.context.settings
    if settings.auth == "off":
        check_without_keys(request, settings)
    verifier: Verifier = request.app.state.verifier
    key = (header if bearer is None else bearer.credentials) or _of_cookie(request)
    principal = verifier.remembered(key)
    if principal is None:
        client = "" if request.client is None else request.client.host
        principal = await asyncio.to_thread(verifier.verify, key, client)
    request.state.principal = principal
    return principal


def _of_cookie(request: Request) -> str | None:
    """Give the key of the page's session; what changes something counts from a page of this service alone.

    Raises:
        ForbiddenError: if it comes from elsewhere.
    """
    key = request.cookies.get(COOKIE)
    if key is None or request.method in READING or is_same_origin(request):
        return key
    raise ForbiddenError("the cookie of a session counts for calls of this service's own page alone")


def needs(scope: Scope) -> Callable[..., Awaitable[Principal]]:
    """Give the dependency of a route that wants a scope; its value is the `Principal`.

    Args:
        scope: what the caller's key must have; OpenAPI names it.
    """

    async def allowed(principal: Principal = Security(authenticated, scopes=[scope])) -> Principal:  # noqa: B008
        check_scope(principal, scope)
        return principal

    return allowed


Reader = Annotated[Principal, Depends(needs("ask"))]
Writer = Annotated[Principal, Depends(needs("index"))]
Administrator = Annotated[Principal, Depends(needs("admin"))]
