"""What happens to a request before it is its turn."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from starlette.types import Message

from trackspeak.service.http.app import create_app
from trackspeak.service.settings import Settings
from trackspeak.service.worker import Worker

BODY = (
    b'--x\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\nvideo\r\n'
    b'--x\r\nContent-Disposition: form-data; name="query"\r\n\r\na car\r\n--x--\r\n'
)


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test fail where the worker is asked."""

    def asked(*_: object) -> NoReturn:
        pytest.fail("the worker was asked")

    monkeypatch.setattr(Worker, "do", asked)


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"profile": "nonesuch"}, "unknown_name"),
        ({"profile": "ikun", "set": {}}, "bad_option"),
        ({"set": {"camera.speed": 1}}, "bad_option"),
        ({"set": {"matcher.model": "/etc"}}, "bad_option"),
        ({"set": {"matcher.model": "pulled:/etc/hosts"}}, "bad_option"),
    ],
)
def test_options_are_checked_before_a_request_waits(
    service: Any, tiny_clip: Path, options: dict[str, Any], code: str
) -> None:
    response = service.track(tiny_clip, "a car", **options)
    assert (response.status_code, response.json()["code"]) == (422, code)
    assert service.uploads() == []


async def _post_and_hang_up(data: Path) -> None:
    """Post a whole form to an application that is asked directly; the caller is gone when it has been read."""
    messages: Iterator[Message] = iter([{"type": "http.request", "body": BODY, "more_body": False}])

    async def receive() -> Message:
        return next(messages, {"type": "http.disconnect"})

    async def send(_message: Message) -> None:
        pass

    app = create_app(Settings(data=data, auth="off"))
    async with app.router.lifespan_context(app) as state:
        headers = [(b"content-type", b"multipart/form-data; boundary=x")]
        scope = {"type": "http", "method": "POST", "path": "/v1/track", "query_string": b"", "headers": headers}
        await app({**scope, "state": dict(state)}, receive, send)


@pytest.mark.usefixtures("idle")
def test_nothing_is_done_for_a_caller_who_is_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Worker, "start", lambda _worker: None)
    asyncio.run(_post_and_hang_up(tmp_path))
    assert [path.name for path in (tmp_path / "uploads").iterdir()] == [".lock"]
