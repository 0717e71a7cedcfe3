"""What is around every answer: request ids, security headers, other origins; and the page at `/docs`."""

import asyncio
import re
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.responses import StreamingResponse

from trackspeak.service.http.middleware import CONTENT_POLICY
from trackspeak.service.request_ids import accepted_request_id
from trackspeak.service.telemetry.context import bound, current

ALWAYS = {
    "content-security-policy": CONTENT_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def add_routes(client: TestClient) -> TestClient:
    """Add two routes to a service."""
    app: Any = client.app

    @app.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError("secret")

    @app.get("/id")
    async def get_id() -> str | None:
        return current().request_id

    return client


@pytest.fixture
def client(make_idle: Any) -> TestClient:
    return add_routes(make_idle(auth="off"))


@pytest.mark.parametrize(
    ("path", "status"),
    [("/healthz", 200), ("/v1/videos", 200), ("/v1/videos/1", 404), ("/v2", 404), ("/v1/track", 405), ("/broken", 500)],
)
def test_every_answer_has_an_id_and_the_headers(client: TestClient, path: str, status: int) -> None:
    response = client.get(path)
    assert response.status_code == status
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"])
    assert {name: response.headers[name] for name in ALWAYS} == ALWAYS
    assert response.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in response.headers
    assert "access-control-allow-origin" not in response.headers
    if status >= 400:
        assert response.json()["request_id"] == response.headers["x-request-id"]
        assert "secret" not in response.text


def test_ids_are_taken_as_they_come_and_reach_the_route(client: TestClient) -> None:
    given = "a-1.B_2:" + "x" * 120
    response = client.get("/id", headers={"X-Request-ID": given})
    assert response.json() == response.headers["x-request-id"] == given
    assert client.get("/id").json() != client.get("/id").json()
    assert current().request_id is None


@pytest.mark.parametrize("given", ["", "a" * 129, "a b", "a\tb", 'a"b', "<b>", "é", "a,b", "${x}"])
def test_ids_that_are_not_safe_to_repeat_are_replaced(client: TestClient, given: str) -> None:
    response = client.get("/healthz", headers={"X-Request-ID": given.encode("latin-1")})
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"])


def test_an_id_ends_with_its_block() -> None:
    with bound(request_id="outer"):
        with bound(request_id=accepted_request_id("inner")):
            assert current().request_id == "inner"
        assert current().request_id == "outer"
    assert current().request_id is None
    assert accepted_request_id("a\n") != "a\n"


def test_browsers_are_told_to_stay_with_https_over_https_alone(client: TestClient) -> None:
    headers = client.get("https://testserver/healthz").headers
    assert headers["strict-transport-security"] == "max-age=31536000"


def test_an_answer_that_says_how_long_to_keep_it_is_left_alone(client: TestClient) -> None:
    assert client.get("/docs").headers["cache-control"] == "max-age=3600"


def test_pages_of_other_origins_read_nothing_by_default(client: TestClient) -> None:
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}
    response = client.options("/v1/videos", headers=asked)
    assert response.status_code == 405
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_pages_of_origins_that_are_named_may(make_idle: Any) -> None:
    client = add_routes(make_idle(auth="off", cors_origins=("https://example.org",)))
    asked = {
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "authorization",
    }
    allowed = client.options("/v1/videos/1", headers={**asked, "Origin": "https://example.org"})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://example.org"
    assert allowed.headers["access-control-allow-headers"] == "authorization"
    assert "access-control-allow-credentials" not in allowed.headers
    assert {name: allowed.headers[name] for name in ALWAYS} == ALWAYS
    broken = client.get("/broken", headers={"Origin": "https://example.org"})
    assert broken.headers["access-control-allow-origin"] == "https://example.org"
    for other in ("https://example.org.evil", "http://example.org", "null"):
        refused = client.options("/v1/videos/1", headers={**asked, "Origin": other})
        assert (refused.status_code, "access-control-allow-origin" in refused.headers) == (400, False)
        assert "access-control-allow-origin" not in client.get("/v1/videos", headers={"Origin": other}).headers


def test_pieces_of_an_answer_go_out_as_they_are_made(client: TestClient) -> None:
    out: list[str] = []

    async def pieces() -> AsyncIterator[str]:
        for number in range(3):
            out.append(f"made {number}")
            yield str(number)

    client.app.get("/pieces")(lambda: StreamingResponse(pieces()))  # type: ignore[attr-defined]

    async def ask() -> None:
        async def receive() -> dict[str, Any]:
            await asyncio.sleep(3600)
            raise AssertionError("unreachable")

        async def send(message: MutableMapping[str, Any]) -> None:
            if message.get("body"):
                out.append(f"sent {message['body'].decode()}")

        scope = {"type": "http", "method": "GET", "path": "/pieces", "query_string": b"", "headers": []}
        await client.app(scope, receive, send)

    asyncio.run(ask())
    assert out == [f"{what} {number}" for number in range(3) for what in ("made", "sent")]


def test_the_page_of_the_interface_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert not re.findall(r"(?:https?:)?//", page.text.replace("<!doctype html>", ""))
    assert not re.findall(r"<style|\sstyle=|\son\w+=|<script>|javascript:", page.text)
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(named) == 5
    for path in named:
        if not path.startswith("data:"):
            response = client.get(f"/{path}")
            assert response.status_code == 200, path
    script = client.get("/docs/swagger-ui-bundle.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "SwaggerUIBundle" in script.text
