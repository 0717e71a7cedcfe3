"""Who calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Scope = Literal["ask", "index", "admin"]
SCOPES: Final[tuple[Scope, ...]] = ("ask", "index", "admin")


@dataclass(frozen=True, slots=True)
class Quotas:
    """What one caller may have, in place of the settings; None: the setting's.

    Attributes:
        max_jobs: jobs that wait or run.
        max_upload_bytes: of videos that are kept.
    """

    max_jobs: int | None = None
    max_upload_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller.

    Attributes:
        key_id: public id of the key that was shown.
        name: of the key.
        scopes: what the caller may do.
        quotas: how much.
    """

    key_id: str
    name: str
    scopes: frozenset[Scope]
    quotas: Quotas = field(default_factory=Quotas)

    def may(self, scope: Scope) -> bool:
        """Whether the caller may do what a scope allows."""
        return scope in self.scopes
