"""A server with TLS on this machine whose answers a test writes, and a fetch from it."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme

from trackspeak.service.fetching import FetchedVideo, Reach, fetch_video
from trackspeak.service.limits import Limits
from trackspeak.service.settings import Settings

HERE = "127.0.0.1"
LIMITS = Limits(max_video_bytes=1_000)
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Web:
    """A server on this machine that all names lead to, unless said otherwise.

    Attributes:
        answers: path -> what is answered there.
        names: host -> addresses, one list after the other for each time it is resolved; the last one stays.
        resolved: hosts, in the order in which they were resolved.
        asked: heads of requests.
        trusted: whose certificates count, the server's by default.
        limits: of the fetch.
        changes: of the settings.
        is_allowed: which addresses are.
    """

    folder: Path
    authority: trustme.CA
    answers: dict[str, bytes | Answer] = field(default_factory=dict)
    names: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    resolved: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    trusted: trustme.CA | None = None
    limits: Limits = LIMITS
    changes: dict[str, Any] = field(default_factory=dict)
    is_allowed: Callable[[str], bool] = HERE.__eq__

    async def resolve(self, host: str, _port: int) -> Sequence[str]:
        self.resolved.append(host)
        known = self.names.get(host, [[HERE]])
        return known.pop(0) if len(known) > 1 else known[0]

    def fetch(self, url: str) -> FetchedVideo:
        """Fetch a URL; `PORT` in it and in answers is the server's."""
        return asyncio.run(self._fetch(url))

    async def _fetch(self, url: str) -> FetchedVideo:
        client = ssl.create_default_context()
        (self.trusted or self.authority).configure_trust(client)
        settings = Settings(data=self.folder, **{"allow_urls": True, **self.changes})
        async with self._served() as port:
            reach = Reach(self.resolve, self.is_allowed, port, client)
            return await fetch_video(url.replace("PORT", str(port)), self.folder, self.limits, settings, reach)

    @asynccontextmanager
    async def _served(self) -> Any:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("video.test", "other.test", HERE).configure_cert(context)
        server = await asyncio.start_server(self._serve, HERE, 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        try:
            self.port = port
            yield port
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head)
            answer = self.answers[head.split(" ")[1]]
            if isinstance(answer, bytes):
                writer.write(answer.replace(b"PORT", str(self.port).encode()))
                await writer.drain()
            else:
                await answer(writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def leads_to(url: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode()
