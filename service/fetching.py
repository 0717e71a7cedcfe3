"""Fetches a video from a public https URL, without letting the caller reach what only this machine can reach."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

import httpcore

from trackspeak.models.errors import OutputError, UrlError

from .addresses import is_public
from .limits import Limits
from .settings import Settings, variable

MAX_REDIRECTS: Final = 5
_HTTPS: Final = 443
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_MAX_URL_CHARS: Final = 4_000
_PLAIN: Final = re.compile(r"[!-~]+")
_SUFFIX: Final = re.compile(r"\.[A-Za-z0-9]{1,8}$")


async def resolve(host: str, port: int) -> Sequence[str]:
    """Give the addresses that a name has, none where it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be connected to.

    Attributes:
        resolve: gives the addresses of a name.
        is_allowed: whether an address may be connected to.
        port: the only one.
        context: checks certificates; by default against the system's authorities.
    """

    resolve: Callable[[str, int], Awaitable[Sequence[str]]] = resolve
    is_allowed: Callable[[str], bool] = is_public
    port: int = _HTTPS
    context: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class FetchedVideo:
    """A video that was fetched whole.

    Attributes:
        path: of the file.
        name: the last part of the URL, to show; the file is called otherwise.
    """

    path: Path
    name: str


async def fetch_video(
    url: str, folder: Path, limits: Limits, settings: Settings, reach: Reach | None = None
) -> FetchedVideo:
    """Fetch a video. Nothing of it is trusted: what it is, its decoder will say.

    Every address that a name has must be public; the connection is made to the very address that was checked, with the
    certificate checked for the name; redirects are checked in the same way. Neither proxies nor passwords nor
    compression are used.

    Args:
        url: where it is.
        folder: that receives it; nothing is left in there after an error.
        limits: how many bytes it may have.
        settings: whether URLs are allowed, and how long it may take.
        reach: what may be connected to; by default the internet, at port 443.

    Raises:
        UrlError: if URLs are not allowed, this one may not be fetched, or it cannot be fetched in time.
        VideoLimitError: as soon as it is over `max_video_bytes`.
        OutputError: if it cannot be written.
    """
    if not settings.allow_urls:
        raise UrlError(f"url: this service fetches none, since {variable('allow_urls')} is not true")
    fetch = _Fetch(folder, limits, settings.upload_stall_s, reach or Reach())
    try:
        async with asyncio.timeout(settings.max_fetch_s):
            return await fetch.follow(url)
    except TimeoutError:
        raise UrlError(f"url: the video did not come within {settings.max_fetch_s:g} s") from None


class _Fetch:
    """One fetch."""

    def __init__(self, folder: Path, limits: Limits, stall_s: float, reach: Reach) -> None:
        self._folder, self._limits, self._reach = folder, limits, reach
        self._timeouts = dict.fromkeys(("connect", "read", "write", "pool"), stall_s)

    async def follow(self, url: str) -> FetchedVideo:
        """Fetch what a URL leads to."""
        name = _name(url)
        context = self._reach.context or await asyncio.to_thread(ssl.create_default_context)
        network = _CheckedNetwork(self._reach)
        async with httpcore.AsyncConnectionPool(
            context, max_connections=1, max_keepalive_connections=0, network_backend=network
        ) as pool:
            for _ in range(MAX_REDIRECTS + 1):
                target = _checked_url(url, self._reach.port)
                try:
                    found = await self._ask(pool, target, name)
                except httpcore.TimeoutException:
                    raise UrlError("url: its server is too slow") from None
                except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError) as error:
                    raise UrlError(f"url: it could not be fetched: {error or type(error).__name__}") from None
                if isinstance(found, FetchedVideo):
                    return found
                url = urljoin(url, found)
        raise UrlError(f"url: it leads on more than {MAX_REDIRECTS} times")

    async def _ask(self, pool: httpcore.AsyncConnectionPool, url: httpcore.URL, name: str) -> FetchedVideo | str:
        """Give the video, or where the server says that it is."""
        host = url.host.decode()
        headers: dict[bytes | str, bytes | str] = {
            "Host": (f"[{host}]" if ":" in host else host) + ("" if url.port == _HTTPS else f":{url.port}"),
            "User-Agent": "trackspeak",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        }
        extensions = {"timeout": self._timeouts}
        async with pool.stream("GET", url, headers=headers, extensions=extensions) as response:
            given = {key.lower(): value.decode("latin-1") for key, value in response.headers}
            if response.status in _REDIRECTS and b"location" in given:
                return given[b"location"]
            if response.status != 200:
                raise UrlError(f"url: its server answered with status {response.status}")
            if given.get(b"content-encoding", "identity").lower() != "identity":
                raise UrlError("url: its server sends it compressed, which was not asked for")
            declared = given.get(b"content-length", "")
            if declared.isdecimal():
                self._limits.check_video("max_video_bytes", int(declared), "bytes of the video")
            return FetchedVideo(await self._written(response, name), name)

    async def _written(self, response: httpcore.Response, name: str) -> Path:
        """Write a body as it comes."""
        suffix = _SUFFIX.search(name)  # some containers are told by it
        path, size = self._folder / f"video{suffix[0] if suffix else ''}", 0
        try:
            with _clear_errors(self._folder):
                file = path.open("wb", buffering=0)
            with file:
                async for piece in response.aiter_stream():
                    size += len(piece)
                    self._limits.check_video("max_video_bytes", size, "bytes of the video")
                    with _clear_errors(self._folder):
                        await asyncio.to_thread(_write, file, piece)  # a disk can be slow
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were checked: a name is resolved once, since it may mean another one a moment later.

    Args:
        reach: says which are allowed.
    """

    def __init__(self, reach: Reach) -> None:
        self._reach, self._network = reach, httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of a host that answers."""
        addresses = await self._reach.resolve(host, port)
        if not addresses:
            raise UrlError(f"url: no address of {host} is known")
        if not all(self._reach.is_allowed(address) for address in addresses):
            raise UrlError(f"url: {host} is no public host")
        failed: Exception | None = None
        for address in addresses:
            try:
                stream = await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
                continue
            peer = stream.get_extra_info("server_addr")
            if peer is None or not self._reach.is_allowed(str(peer[0])):
                await stream.aclose()
                raise UrlError(f"url: {host} is no public host")
            return stream
        raise httpcore.ConnectError(f"{host} cannot be reached") from failed


@contextmanager
def _clear_errors(folder: Path) -> Iterator[None]:
    """Turn what a disk says into an error of ours."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"the video could not be written to {folder}: {error.strerror}") from error


def _write(file: FileIO, piece: bytes) -> None:
    unwritten = memoryview(piece)
    while unwritten:
        unwritten = unwritten[file.write(unwritten) :]


def _checked_url(url: str, port: int) -> httpcore.URL:
    """Take a URL apart, once for all that follows.

    Raises:
        UrlError: if it is none that may be fetched.
    """
    if len(url) > _MAX_URL_CHARS or not _PLAIN.fullmatch(url):
        raise UrlError(f"url must have 1 to {_MAX_URL_CHARS} plain characters, with others as %XX; got {url[:80]!r}")
    try:
        parts = urlsplit(url)
        host, given_port = parts.hostname, parts.port
    except ValueError as error:
        raise UrlError(f"url must be one of https: {error}") from None
    if parts.scheme != "https":
        raise UrlError(f"url must begin with https://, got {parts.scheme[:20] or 'no scheme'!r}")
    if parts.username is not None or parts.password is not None:
        raise UrlError("url must have no user and no password")
    if not host or "%" in host or "\\" in url:
        raise UrlError(f"url must name a host, got {parts.netloc[:80]!r}")
    if given_port not in (None, port):
        raise UrlError(f"url must have the port {port}, got {given_port}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return httpcore.URL(scheme=b"https", host=host.encode(), port=port, target=target.encode())


def _name(url: str) -> str:
    """Give what to call a video: the last part of a URL's path."""
    path = url.partition("#")[0].partition("?")[0]
    return re.split(r"[/\\]", unquote(path))[-1][:200]
