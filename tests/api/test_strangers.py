"""A service that asks nobody for a key changes nothing for web pages of other sites, and tells them nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

LOCAL = "http://127.0.0.1:8000"
SEARCH = {"query": "a car"}
HOSTS = {"video.example.org:81": 200, "127.0.0.1": 200, "example.org": 403, "a.video.example.org": 403}


@pytest.fixture
def make_open(make_idle: Callable[..., TestClient]) -> Callable[..., TestClient]:
    """Make a service that asks nobody and is called at the machine's own address."""

    def make(**changes: Any) -> TestClient:
        client = make_idle(auth="off", **changes)
        client.base_url = LOCAL
        return client

    return make


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": LOCAL}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": LOCAL}, 200),
        ({"Origin": "https://video.example.org", "Sec-Fetch-Site": "cross-site"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://other.example.org"}, 403),
        ({"Origin": "https://other.example.org"}, 403),
        ({"Origin": "http://127.0.0.1:8001"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_other_sites_change_nothing(make_open: Any, headers: dict[str, str], status: int) -> None:
    client = make_open(cors_origins=("https://video.example.org",))
    answer = client.put("/v1/searches/mine", json=SEARCH, headers=headers)
    assert answer.status_code == status
    assert client.get("/v1/searches", headers=headers).json() == ({"mine": SEARCH} if status == 200 else {})
    if status == 403:
        assert answer.json()["code"] == "forbidden"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost:8000", 200),
        ("LOCALHOST", 200),
        ("trackspeak.localhost", 200),
        ("[::1]:8000", 200),
        ("127.8.9.1", 200),
        ("other.example.org", 403),
        ("other.example.org:8000", 403),
        ("127.0.0.1.other.example.org", 403),
        ("localhost.other.example.org", 403),
        ("10.0.0.1", 200),
        ("[fe80::1]", 200),
        ("trackspeak:8000", 200),  # of a container
        ("my_host", 200),
        ("localhost.", 403),
        ("[", 200),  # no name at all counts as none
        ("a b", 200),
    ],
)
def test_no_name_of_the_internet_leads_here(make_open: Any, host: str, status: int) -> None:
    answer = make_open().get("/v1/videos", headers={"Host": host})
    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "forbidden"


def test_the_setting_says_which_names_do(make_open: Any) -> None:
    client = make_open(allowed_hosts=("video.example.org",))
    told = {host: client.get("/v1/videos", headers={"Host": host}).status_code for host in HOSTS}
    assert told == HOSTS


def test_a_proxy_may_change_scheme_and_host(make_open: Any) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "https://video.example.org"}
    assert make_open().put("/v1/searches/mine", json=SEARCH, headers=headers).status_code == 200


def test_with_keys_the_key_decides(keyed: Any) -> None:
    headers = {"Host": "video.example.org", "Origin": "https://other.example.org", **keyed.headers("index", "ask")}
    answer = keyed.client.put(f"{LOCAL}/v1/searches/mine", json=SEARCH, headers=headers)
    assert answer.status_code == 200
