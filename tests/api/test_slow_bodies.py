"""Bodies that come too slowly hold no place for ever, on a real connection and beside it."""

import asyncio
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient

from trackspeak.models.errors import SlowUploadError
from trackspeak.service.http.bodies import BodyProgress
from trackspeak.service.patience import PROGRESS_BYTES

LONG_S = 120
STALL_S = 0.3
HEAD = b"POST /v1/track HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
BEGIN = b'--x\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\nvideo'


@pytest.fixture
def served(make_idle: Callable[..., TestClient]) -> Iterator[tuple[int, Any]]:
    """A service on a port, with a short time; gives the port and the application."""
    app: Any = make_idle(auth="off", upload_stall_s=STALL_S).app
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", 0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield server.servers[0].sockets[0].getsockname()[1], app
    server.should_exit = True
    thread.join(LONG_S)


@pytest.mark.parametrize("drips", [False, True])
def test_an_upload_that_stalls_is_refused_and_its_place_is_free(served: tuple[int, Any], drips: bool) -> None:
    port, app = served
    with socket.create_connection(("127.0.0.1", port), LONG_S) as connection:
        connection.sendall(HEAD + b"Content-Length: 9000000\r\n\r\n" + BEGIN)
        answer, stop = b"", threading.Event()
        dripping = threading.Thread(target=_drip, args=(connection, stop))
        if drips:
            dripping.start()
        try:
            while piece := connection.recv(65_536):
                answer += piece
        except ConnectionResetError:  # it closed while a drop was on its way
            pass
        stop.set()
        if drips:
            dripping.join(LONG_S)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"upload_stalled"' in answer
    assert b"connection: close" in answer.lower()
    context = app.state.context
    assert not +context.places._taken
    assert [path.name for path in (context.settings.data / "uploads").glob("*/*") if path.is_dir()] == []


def _drip(connection: socket.socket, stop: threading.Event) -> None:
    """Send a byte now and then, until the other side has had enough."""
    while not stop.wait(0.05):
        try:
            connection.sendall(b"a")
        except OSError:
            return


class QuickSelector(selectors.DefaultSelector):
    """Lets time pass at once where there is nothing to do but wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if not found and timeout is not None:
            self.now_s += timeout
        return found


class QuickLoop(asyncio.SelectorEventLoop):
    """A loop whose seconds take no time, however busy the machine is."""

    def __init__(self) -> None:
        self.selector = QuickSelector()
        super().__init__(self.selector)

    def time(self) -> float:
        return self.selector.now_s


def received(
    messages: list[tuple[float, dict[str, Any]]], stall_s: float, write_s: float = 0.0
) -> list[dict[str, Any]]:
    """Receive messages that come after some seconds each; writing each takes a time too."""
    left, found = iter(messages), []

    async def receive() -> dict[str, Any]:
        after_s, message = next(left)
        await asyncio.sleep(after_s)
        return message

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        for _ in messages:
            found.append(await receive())
            await asyncio.sleep(write_s)

    async def send(_message: Any) -> None: ...

    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        runner.run(BodyProgress(app, stall_s)({"type": "http"}, receive, send))
    return found


def part(size: int, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": bytes(size), "more_body": more}


def test_time_that_writing_takes_does_not_count() -> None:
    messages = [(0.0, part(1))] * 4 + [(0.0, part(1, more=False))]
    assert received(messages, 2, write_s=1) == [message for _, message in messages]


def test_progress_gives_new_time() -> None:
    messages = [(1.5, part(PROGRESS_BYTES))] * 4 + [(1.5, part(1, more=False))]
    assert len(received(messages, 4)) == 5
    with pytest.raises(SlowUploadError, match="less than 65536 bytes of the body came in 4 s"):
        received([(1.5, part(1))] * 4, 4)


def test_whoever_waits_for_the_answer_may_wait() -> None:
    hangs_up = {"type": "http.disconnect"}
    assert received([(0.0, part(1, more=False)), (5.0, hangs_up)], 2)[1] == hangs_up
