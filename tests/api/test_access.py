"""Who may call what: every route has a scope, and nothing is told before there is a key that counts."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from trackspeak.service.access.attempts import MAX_WRONG
from trackspeak.service.access.keys import ApiKeys, open_keys
from trackspeak.service.access.principal import SCOPES

OPEN = re.compile(r"/|/page(/.*)?|/healthz|/readyz|/openapi\.json|/docs(/.*)?")
"""What needs no key: nothing in there is anybody's."""

NAMES = {401: "unauthenticated", 403: "forbidden"}
UNKNOWN = f"tsk_{'0' * 12}_{'0' * 64}"


def calls(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Give method and path of all that the application answers."""
    for route in app.routes:
        for method in sorted(getattr(route, "methods", None) or {"GET"}):
            yield method, re.sub(r"\{[^}]*\}", "1", getattr(route, "path", "/"))


def closed(app: FastAPI) -> list[tuple[str, str]]:
    return [(method, path) for method, path in calls(app) if not OPEN.fullmatch(path)]


def problem(response: Any) -> tuple[int, str]:
    """Give status and code of a problem; the answer to HEAD has no body to name the code."""
    assert response.headers["content-type"] == "application/problem+json"
    code = NAMES[response.status_code] if response.request.method == "HEAD" else response.json()["code"]
    return response.status_code, code


def test_no_route_answers_without_a_key(keyed: Any) -> None:
    asked = closed(keyed.client.app)
    assert ("POST", "/v1/track") in asked
    for method, path in asked:
        response = keyed.client.request(method, path)
        assert (method, path, *problem(response)) == (method, path, 401, "unauthenticated")
        assert response.headers["www-authenticate"] == 'Bearer realm="trackspeak"'
        response = keyed.client.request(method, path, headers={"X-API-Key": UNKNOWN})
        assert response.status_code in (401, 429)


def test_every_closed_route_says_its_scope_and_keeps_to_it(keyed: Any) -> None:
    document = keyed.client.get("/openapi.json").json()
    assert {scheme["type"] for scheme in document["components"]["securitySchemes"].values()} == {"http", "apiKey"}
    routes = [route for route in keyed.client.app.routes if isinstance(route, APIRoute)]
    for route in routes:
        for method in route.methods:
            if OPEN.fullmatch(route.path):
                continue
            operation = document["paths"][route.path][method.lower()]
            said = {scope for way in operation["security"] for scopes in way.values() for scope in scopes}
            assert len(operation["security"]) == 2, route.path
            (scope,) = said
            assert scope in SCOPES
            others = keyed.headers(*(other for other in SCOPES if other != scope))
            response = keyed.client.request(method, re.sub(r"\{[^}]*\}", "1", route.path), headers=others)
            assert (route.path, *problem(response)) == (route.path, 403, "forbidden")
            assert method == "HEAD" or f"the scope {scope};" in response.json()["detail"]
            assert {"401", "403", "429"} <= set(operation["responses"])


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_a_key_comes_in_either_header(keyed: Any, header: str) -> None:
    key = keyed.key("ask")
    value = f"Bearer {key}" if header == "Authorization" else key
    assert keyed.client.get("/v1/videos", headers={header: value}).json() == []


def test_a_proxys_own_authorization_hides_no_key(keyed: Any) -> None:
    headers = {"Authorization": "Basic bWU6c2VjcmV0", "X-API-Key": keyed.key("ask")}
    assert keyed.client.get("/v1/videos", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/docs/page.js", "/openapi.json"])
def test_what_is_open_needs_none(keyed: Any, path: str) -> None:
    assert keyed.client.get(path).status_code == 200


def test_nothing_is_listed_and_nothing_checked_before_the_key(keyed: Any) -> None:
    keyed.key("ask")
    response = keyed.client.get("/v1/videos/nonesuch")
    assert (problem(response), "there are" in response.text) == ((401, "unauthenticated"), False)
    response = keyed.client.get("/v1/indexes/1/tracks/no-number/thumbnail")
    assert problem(response) == (401, "unauthenticated")
    response = keyed.client.get("/v1/videos/nonesuch", headers=keyed.headers("ask"))
    assert problem(response) == (404, "not_found")
    assert "unknown video 'nonesuch'; there are: none" in response.json()["detail"]


def test_a_body_is_not_read_before_the_key(keyed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def receives(*_: object) -> None:
        raise AssertionError("it was received")

    monkeypatch.setattr("trackspeak.service.http.track.receive_form", receives)
    response = keyed.client.post("/v1/track", files={"video": b"a"})
    assert problem(response) == (401, "unauthenticated")


def test_unknown_revoked_and_malformed_keys_are_answered_alike(keyed: Any) -> None:
    with open_keys(keyed.settings) as keys:
        revoked, made = keys.create("gone", ["ask"])
        keys.revoke(made.id)
    answers = []
    for key in (UNKNOWN, revoked, "nonsense", "é".encode().decode("latin-1")):
        response = keyed.client.get("/v1/videos", headers={"X-API-Key": key.encode("latin-1")})
        answers.append({**response.json(), "request_id": "", "headers": sorted(response.headers)})
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["code"] == "unauthenticated"


def test_wrong_keys_make_their_address_wait(keyed: Any) -> None:
    accepted = keyed.headers("ask")
    assert keyed.client.get("/v1/videos", headers=accepted).status_code == 200
    for _ in range(MAX_WRONG):
        assert keyed.client.get("/v1/videos", headers={"X-API-Key": UNKNOWN}).status_code == 401
    response = keyed.client.get("/v1/videos", headers={"X-API-Key": UNKNOWN})
    assert problem(response) == (429, "too_many_attempts")
    assert 1 <= int(response.headers["retry-after"]) <= 60
    assert keyed.client.get("/v1/videos", headers=accepted).status_code == 200


def test_a_database_that_fails_tells_no_path(keyed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from trackspeak.models.errors import OutputError

    def fail(*_: object) -> None:
        raise OutputError(f"the database {keyed.settings.database_file} could not be used: locked")

    headers = keyed.headers("ask")
    monkeypatch.setattr(ApiKeys, "find", fail)
    response = keyed.client.get("/v1/videos", headers=headers)
    assert problem(response) == (500, "output_failed")
    assert str(keyed.settings.data) not in response.text
