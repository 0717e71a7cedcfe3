"""Where a call comes from: a web page of another site calls from the browser, and the machine, of who visits it."""

from __future__ import annotations

import ipaddress
from typing import Final

from fastapi import Request

from trackspeak.models.errors import ForbiddenError

from ..settings import Settings

READING: Final = ("GET", "HEAD", "OPTIONS")


def is_same_origin(request: Request) -> bool:
    """Whether a browser says that a page of this service is calling."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("origin") == _own_origin(request)


def check_without_keys(request: Request, settings: Settings) -> None:
    """Refuse what another site's page has a browser do with a service that asks nobody for a key.

    Programs that are no browsers send neither `Origin` nor `Sec-Fetch-Site`, and pass.

    Raises:
        ForbiddenError: if a page of an origin that is not allowed would change something; or if the service is called
            by a name of the internet, which its owner may have lead here (DNS rebinding): his page would read all.
    """
    _check_host(request.url.hostname or "", settings)
    origin = request.headers.get("origin")
    if request.method in READING or (origin is not None and origin in (settings.cors_origins or ())):
        return
    site = request.headers.get("sec-fetch-site")  # which a proxy does not change, unlike scheme and host
    is_own = origin in (None, _own_origin(request)) if site is None else site in ("same-origin", "none")
    if not is_own:
        raise ForbiddenError(
            f"a page of {origin or 'another site'} may change nothing here; TRACKSPEAK_CORS_ORIGINS says which may"
        )


def _check_host(name: str, settings: Settings) -> None:
    """Refuse names that anybody can buy: not addresses, nor names of a local network without a dot."""
    if "." not in name or name.endswith(".localhost") or _is_address(name) or name in (settings.allowed_hosts or ()):
        return
    raise ForbiddenError(
        f"this service is not called {name!r}: TRACKSPEAK_ALLOWED_HOSTS says what it may be called without keys"
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _own_origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
