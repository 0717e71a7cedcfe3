"""The session of the page: a key in a cookie, which counts for the service's own page alone."""

from http.cookies import SimpleCookie
from typing import Any

import jsonschema
import pytest

from trackspeak.service.access.keys import open_keys
from trackspeak.service.access.verifier import REMEMBERED_S
from trackspeak.service.http.access import COOKIE
from trackspeak.service.schema_view import session_schema

OURS = {"Sec-Fetch-Site": "same-origin"}


def begin(keyed: Any, *scopes: str) -> Any:
    return keyed.client.post("/v1/session", headers=keyed.headers(*scopes))


def test_a_session_keeps_the_key_out_of_reach_of_scripts_until_the_browser_is_closed(keyed: Any) -> None:
    answer = begin(keyed, "ask", "index")
    jsonschema.validate(answer.json(), session_schema())
    assert answer.json() == {"auth": "on", "name": "test", "scopes": ["ask", "index"]}
    cookie = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"].lower() == "strict"
    assert cookie["path"] == "/"
    assert not cookie["max-age"]
    assert not cookie["expires"]
    assert not cookie["secure"]
    assert keyed.client.get("/v1/videos").json() == []
    assert keyed.client.get("/v1/session").json()["name"] == "test"


def test_over_https_the_cookie_goes_nowhere_else(keyed: Any) -> None:
    headers = keyed.headers("ask")
    answer = keyed.client.post("https://testserver/v1/session", headers=headers)
    assert SimpleCookie(answer.headers["set-cookie"])[COOKIE]["secure"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OURS, 200),
        ({"Origin": "http://testserver"}, 200),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://testserver"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "http://testserver:81"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_other_sites_change_nothing_with_it(keyed: Any, headers: dict[str, str], status: int) -> None:
    begin(keyed, "ask", "index")
    answer = keyed.client.put("/v1/searches/mine", json={"query": "a car"}, headers=headers)
    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "forbidden"


def test_a_header_comes_before_the_cookie(keyed: Any) -> None:
    begin(keyed, "ask")
    assert keyed.client.put("/v1/searches/mine", json={"query": "a car"}, headers=OURS).status_code == 403
    headers = {**OURS, **keyed.headers("index")}
    assert keyed.client.put("/v1/searches/mine", json={"query": "a car"}, headers=headers).status_code == 200
    wrong = {"X-API-Key": "tsk_wrong"}
    assert keyed.client.get("/v1/videos", headers=wrong).status_code == 401


def test_a_key_that_is_revoked_ends_the_session(keyed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(keyed, "ask")
    with open_keys(keyed.settings) as keys:
        for key in keys.all():
            keys.revoke(key.id)
    verifier = keyed.client.app.state.verifier
    now_s = verifier._clock()
    monkeypatch.setattr(verifier, "_clock", lambda: now_s + REMEMBERED_S + 1)
    assert keyed.client.get("/v1/videos").status_code == 401


def test_signing_out_forgets_the_key(keyed: Any) -> None:
    begin(keyed, "ask")
    assert keyed.client.delete("/v1/session", headers=OURS).status_code == 204
    assert keyed.client.get("/v1/videos").status_code == 401


def test_without_keys_nothing_is_kept(make_idle: Any) -> None:
    client = make_idle(auth="off")
    answer = client.post("/v1/session", headers={"X-API-Key": "anything"})
    assert answer.json() == {"auth": "off", "name": "anonymous", "scopes": ["admin", "ask", "index"]}
    assert "set-cookie" not in answer.headers
