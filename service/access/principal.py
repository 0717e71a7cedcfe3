"""Who a request comes from, and what that one may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, cast, get_args

from trackspeak.models.errors import OptionError

Scope = Literal["ask", "index", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
"""What a key may do; none of them holds another.

`ask`: read, ask and search. `index`: upload, track and index, own jobs, labels, saved searches. `admin`: delete what is
others', see everybody's jobs and the metrics.
"""


@dataclass(frozen=True, slots=True)
class Quotas:
    """What one key may take; None for what the settings say of all.

    Attributes:
        max_jobs: jobs that wait or run.
        max_upload_bytes: bytes of uploads that are kept.
    """

    max_jobs: int | None = None
    max_upload_bytes: int | None = None

    def __post_init__(self) -> None:
        """Check that each is a whole number from 0 on that a database can hold."""
        for name in ("max_jobs", "max_upload_bytes"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 2**63:
                raise OptionError(f"{name} must be from 0 to {2**63 - 1}, got {value}")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request comes from.

    Attributes:
        key_id: the public id of the key, what is kept of one caller is kept under it.
        name: what the administrator calls it.
        scopes: what it may do.
        quotas: what it may take.
    """

    key_id: str
    name: str
    scopes: frozenset[Scope]
    quotas: Quotas = field(default_factory=Quotas)

    def may(self, scope: Scope) -> bool:
        """Whether the caller may do what a scope allows."""
        return scope in self.scopes


ANONYMOUS: Final = Principal("anonymous", "anonymous", frozenset(SCOPES))
"""Everybody, where authentication is off."""


def check_scopes(scopes: Iterable[str]) -> frozenset[Scope]:
    """Give the scopes that are named.

    Raises:
        OptionError: if there are none, or one that there is not.
    """
    given = tuple(scopes)
    if not given:
        raise OptionError(f"scope must be given at least once: {', '.join(SCOPES)}")
    for scope in given:
        if scope not in SCOPES:
            raise OptionError(f"scope must be one of {', '.join(SCOPES)}, got {scope!r}")
    return frozenset(cast("tuple[Scope, ...]", given))
