"""Checks the key of a request, for HTTP and whatever else serves."""

from __future__ import annotations

import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from trackspeak.models.errors import ForbiddenError, OutputError, UnauthenticatedError

from ..database import database_is_there
from .attempts import Attempts
from .principal import ANONYMOUS, Principal, Scope

if TYPE_CHECKING:
    from trackspeak.service.settings import Settings

    from .keys import ApiKey

_log = logging.getLogger(__name__)

REMEMBERED_S: Final = 5.0
"""How long a key is accepted without looking into the database again: so soon a revocation takes effect."""

_MAX_REMEMBERED: Final = 1_000
_NO_KEY: Final = "an API key is needed: send it as `Authorization: Bearer KEY` or `X-API-Key: KEY`"
_WRONG_KEY: Final = "this API key is not accepted"
"""Said alike of unknown, revoked and expired ones."""


@dataclass(frozen=True, slots=True)
class _Seen:
    key: ApiKey
    until_s: float


class Verifier:
    """Tells whose a key is; may be used from several threads.

    Keys are remembered by their hash. One that was accepted before is looked up also while wrong ones come from its
    address: others behind the same proxy cannot lock its owner out.

    Args:
        settings: where the database is, and whether there is authentication at all.
        clock: gives the time in seconds from any beginning.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._attempts, self._lock = Attempts(clock), Lock()
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()

    def remembered(self, key: str | None) -> Principal | None:
        """Tell whose a key is without asking the database; None where it must be asked.

        Raises:
            UnauthenticatedError: if there is no key.
        """
        if self._settings.auth == "off":
            return ANONYMOUS
        if not key:
            raise UnauthenticatedError(_NO_KEY)
        with self._lock:
            seen = self._seen.get(_digest(key))
        fresh = seen is not None and self._clock() < seen.until_s and seen.key.counts(time.time())
        return seen.key.principal if seen is not None and fresh else None

    def verify(self, key: str | None, client: str) -> Principal:
        """Tell whose a key is; may wait for the database.

        Args:
            key: as the caller gave it.
            client: the caller's address.

        Raises:
            UnauthenticatedError: if there is no key, or one that does not count.
            TooManyAttemptsError: if too many wrong ones came from this address.
            OutputError: if the database fails.
        """
        principal = self.remembered(key)
        if principal is not None:
            return principal
        given = key or ""
        digest = _digest(given)
        if digest not in self._seen:
            self._attempts.check(client)
        found = self._found(given)
        with self._lock:
            self._seen.pop(digest, None)
            if found is not None:
                self._seen[digest] = _Seen(found, self._clock() + REMEMBERED_S)
                while len(self._seen) > _MAX_REMEMBERED:
                    self._seen.popitem(last=False)
        if found is None:
            self._attempts.count(client)
            raise UnauthenticatedError(_WRONG_KEY)
        return found.principal

    def _found(self, key: str) -> ApiKey | None:
        """Look a key up; None where it does not count."""
        if not database_is_there(self._settings):
            return None
        from .keys import open_keys

        with open_keys(self._settings) as keys:
            found = keys.find(key)
            if found is None or not found.counts(time.time()):
                return None
            try:
                keys.used(found)
            except OutputError as error:  # whoever may read what is kept may do so while nothing can be written
                _log.warning("the last use of the API key %s could not be written: %s", found.id, error)
            return found


def check_scope(principal: Principal, scope: Scope) -> None:
    """Refuse who may not do something.

    Raises:
        ForbiddenError: naming the scope.
    """
    if not principal.may(scope):
        has = ", ".join(sorted(principal.scopes))
        raise ForbiddenError(f"this needs an API key with the scope {scope}; the key {principal.key_id} has: {has}")


def notice(settings: Settings, host: str) -> str | None:
    """Give what whoever starts a service should know of its keys, if anything."""
    if settings.auth == "off":
        return f"authentication is off: whoever reaches {host} may read, change and delete everything"
    if database_is_there(settings):
        from .keys import open_keys

        try:
            with open_keys(settings) as keys:
                if any(key.counts(time.time()) for key in keys.all()):
                    return None
        except OutputError as error:  # it may be back before the first request
            return f"the API keys could not be read: {error}"
    make = "trackspeak keys create NAME --scope ask --scope index"
    return f"there is no API key yet: `{make}` makes one; `trackspeak serve --no-auth` does without, for you alone"


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
