"""Where a call comes from: a web page of another site calls from the browser, and the machine, of who visits it."""

from __future__ import annotations

import ipaddress

from fastapi import Request

from trackspeak.models.errors import ForbiddenError

from ..settings import Settings

READING = ("GET", "HEAD", "OPTIONS")


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
        ForbiddenError: if a page of an origin that is not allowed would change something; or if the call came in at
            this machine's own address by another name, such as that of a site that has it lead here (DNS rebinding),
            whose page would read everything.
    """
    _check_host(request, settings)
    if request.method in READING:
        return
    origin = request.headers.get("origin")
    if origin is not None and origin in (settings.cors_origins or ()):
        return
    is_stranger = request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
    if is_stranger or origin not in (None, _own_origin(request)):
        raise ForbiddenError(
            f"a page of {origin or 'another site'} may change nothing here; TRACKSPEAK_CORS_ORIGINS says which may"
        )


def _check_host(request: Request, settings: Settings) -> None:
    name = request.url.hostname or ""
    if settings.allowed_hosts is not None:
        allowed = name in settings.allowed_hosts
    else:
        server = request.scope.get("server") or ("", None)
        allowed = not _is_loopback(server[0]) or _is_own_name(name)
    if not allowed:
        raise ForbiddenError(
            f"this service is not called {name!r}: TRACKSPEAK_ALLOWED_HOSTS says what it may be called without keys"
        )


def _is_own_name(name: str) -> bool:
    return name == "localhost" or name.endswith(".localhost") or _is_loopback(name)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _own_origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
