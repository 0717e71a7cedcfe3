"""API keys in the database: their hashes, never the keys."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, select

from trackspeak.models.errors import NotFoundError, OptionError
from trackspeak.service.database.checks import check_name
from trackspeak.service.database.engine import open_database, reading, writing
from trackspeak.service.database.tables import ApiKeyRow

from .principal import Principal, Quotas, Scope, check_scopes

if TYPE_CHECKING:
    from trackspeak.service.settings import Settings

USED_EVERY_S: Final = 600
"""A key's last use is written at most once in so many seconds."""

_FORM: Final = re.compile(r"tsk_([0-9a-f]{12})_[0-9a-f]{64}")
_NO_HASH: Final = "0" * 64
"""What a key is compared with where there is none of its id, so that this takes as long."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key; times are seconds since 1970.

    Attributes:
        id: public, a part of the key.
        name: what the administrator calls it.
        scopes: what it may do.
        quotas: what it may take.
        created_at_s: when it was made.
        expires_at_s: from when on it counts no more; None for never.
        revoked_at_s: when it was revoked; None where it was not.
        last_used_at_s: when it was last used, give or take ten minutes; None for never.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    quotas: Quotas
    created_at_s: int
    expires_at_s: int | None
    revoked_at_s: int | None
    last_used_at_s: int | None

    def counts(self, now_s: float) -> bool:
        """Whether the key is accepted at a time."""
        return self.revoked_at_s is None and (self.expires_at_s is None or now_s < self.expires_at_s)

    @property
    def principal(self) -> Principal:
        """Who uses it."""
        return Principal(self.id, self.name, self.scopes, self.quotas)


@contextmanager
def open_keys(settings: Settings) -> Iterator[ApiKeys]:
    """Give the keys of an installation, and close its database at the end.

    Raises:
        OptionError: if the database's URL is wrong.
        OutputError: if the database cannot be made, reached or brought up to date.
    """
    engine = open_database(settings)
    try:
        yield ApiKeys(engine)
    finally:
        engine.dispose()


class ApiKeys:
    """The keys.

    Every method is one transaction, safe beside those of other processes, and raises OutputError if the database fails.

    Args:
        engine: of a database that is up to date.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(
        self,
        name: str,
        scopes: Iterable[str],
        *,
        quotas: Quotas | None = None,
        expires_at_s: int | None = None,
    ) -> tuple[str, ApiKey]:
        """Make a key of 256 random bits.

        Args:
            name: what to call it; several keys may have one name.
            scopes: what it may do.
            quotas: what it may take; by default what the settings say of all.
            expires_at_s: seconds since 1970 from which on it counts no more.

        Returns:
            The key, which cannot be had again, and what is kept of it.

        Raises:
            OptionError: if the name or a scope is not what it must be.
        """
        key_id, own = secrets.token_hex(6), quotas or Quotas()
        key = f"tsk_{key_id}_{secrets.token_hex(32)}"
        row = ApiKeyRow(
            id=key_id,
            name=check_name(name),
            hash=_hash(key),
            scopes=" ".join(sorted(check_scopes(scopes))),
            max_jobs=own.max_jobs,
            max_upload_bytes=own.max_upload_bytes,
            created_at_s=int(time.time()),
            expires_at_s=expires_at_s,
        )
        with writing(self._engine) as session:
            session.add(row)
            session.flush()
            made = _shown(row)
        return key, made

    def all(self) -> tuple[ApiKey, ...]:
        """Give all keys, also those that count no more, the oldest first."""
        with reading(self._engine) as session:
            rows = session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.created_at_s, ApiKeyRow.id))
            return tuple(_shown(row) for row in rows)

    def revoke(self, key_id: str) -> ApiKey:
        """Let a key count no more; one that was revoked before keeps its time.

        Raises:
            NotFoundError: if there is none of this id.
        """
        with writing(self._engine) as session:
            row = session.get(ApiKeyRow, key_id, with_for_update=True)
            if row is None:
                raise NotFoundError("API key", key_id, session.scalars(select(ApiKeyRow.id)))
            if row.revoked_at_s is None:
                row.revoked_at_s = int(time.time())
            return _shown(row)

    def find(self, key: str) -> ApiKey | None:
        """Give what is kept of a key, also of one that counts no more; None where it is none of ours."""
        form = _FORM.fullmatch(key)
        if form is None:
            return None
        with reading(self._engine) as session:
            row = session.get(ApiKeyRow, form[1])
            same = hmac.compare_digest(_hash(key), _NO_HASH if row is None else row.hash)
            return _shown(row) if row is not None and same else None

    def used(self, key: ApiKey) -> None:
        """Write down that a key is used, unless that was done lately."""
        now_s = int(time.time())
        if key.last_used_at_s is not None and now_s - key.last_used_at_s < USED_EVERY_S:
            return
        with writing(self._engine) as session:
            row = session.get(ApiKeyRow, key.id)
            if row is not None:
                row.last_used_at_s = now_s


def expiry(days: int) -> int:
    """Give the time so many days from now, in seconds since 1970.

    Raises:
        OptionError: if that is not in the future, or too far.
    """
    if not 1 <= days <= 36_500:
        raise OptionError(f"expires-days must be from 1 to 36500, got {days}")
    return int(time.time()) + days * 86_400


def _hash(key: str) -> str:
    """Hash a key; its 256 random bits need no slow hash, which is for what people think up."""
    return hashlib.sha256(key.encode()).hexdigest()


def _shown(row: ApiKeyRow) -> ApiKey:
    return ApiKey(
        row.id,
        row.name,
        check_scopes(row.scopes.split()),
        Quotas(row.max_jobs, row.max_upload_bytes),
        row.created_at_s,
        row.expires_at_s,
        row.revoked_at_s,
        row.last_used_at_s,
    )
