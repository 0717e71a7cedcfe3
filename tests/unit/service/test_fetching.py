"""Videos from URLs: only from where it is allowed, within the limits, and nothing left behind."""

import asyncio
import errno
import os
import socket
from pathlib import Path
from typing import NoReturn

import pytest
import trustme
from tls_web import HERE, LIMITS, Web, leads_to, ok

from trackspeak.models.errors import OutputError, UrlError, VideoLimitError
from trackspeak.service.fetching import FetchedVideo, fetch_video
from trackspeak.service.settings import Settings


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def web(tmp_path: Path, authority: trustme.CA) -> Web:
    return Web(tmp_path, authority)


def refused(web: Web, url: str, message: str) -> None:
    """Check that a URL is refused, and that nothing is left."""
    with pytest.raises(UrlError, match=message):
        web.fetch(url)
    assert list(web.folder.iterdir()) == []


def test_a_video_is_fetched_by_its_name(web: Web) -> None:
    web.answers["/a%20b/street%20north.MP4?x=1"] = ok(b"video", "Content-Type: text/html")
    found = web.fetch("https://video.test/a%20b/street%20north.MP4?x=1#t=3")
    assert found == FetchedVideo(web.folder / "video.MP4", "street north.MP4")
    assert found.path.read_bytes() == b"video"
    (head,) = web.asked
    assert f"Host: video.test:{web.port}\r\n" in head
    assert "Accept-Encoding: identity\r\n" in head


def test_it_is_off_unless_it_is_allowed(web: Web) -> None:
    web.changes["allow_urls"] = False
    refused(web, "https://video.test/a.mp4", "TRACKSPEAK_ALLOW_URLS is not true")
    assert web.resolved == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "1 to 4000 plain characters"),
        ("https://video.test/a b.mp4", "plain characters"),
        ("https://video.test/\r\nX: y", "plain characters"),
        ("https://vidéo.test/", "plain characters"),
        ("https://video.test/" + "a" * 4_000, "plain characters"),
        ("a.mp4", "must begin with https://, got 'no scheme'"),
        ("http://video.test/a.mp4", "must begin with https://, got 'http'"),
        ("file:///etc/passwd", "must begin with https://, got 'file'"),
        ("https://me@video.test/a.mp4", "no user and no password"),
        ("https://me:secret@video.test/a.mp4", "no user and no password"),
        ("https://@video.test/a.mp4", "no user and no password"),
        ("https:///a.mp4", "must name a host"),
        ("https://video.test\\a.mp4", "must name a host"),
        ("https://[fe80::1%25eth0]/a.mp4", "url must"),
        ("https://[::1/a.mp4", "must be one of https"),
        ("https://video.test:99999/a.mp4", "must be one of https"),
        ("https://video.test:22/a.mp4", "must have the port"),
        ("https://nowhere.test/a.mp4", "no address of nowhere.test is known"),
    ],
)
def test_urls_that_are_none_to_fetch(web: Web, url: str, message: str) -> None:
    web.names["nowhere.test"] = [()]
    refused(web, url, message)
    assert web.asked == []


@pytest.mark.parametrize("addresses", [["10.0.0.1"], [HERE, "10.0.0.1"], ["10.0.0.1", HERE], ["::1"]])
def test_all_addresses_of_a_name_must_be_allowed(web: Web, addresses: list[str]) -> None:
    web.names["video.test"] = [addresses]
    refused(web, "https://video.test/a.mp4", "video.test is no public host")
    assert web.asked == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "localhost", "[::1]", "[::ffff:7f00:1]"]
)
def test_by_default_nothing_of_this_machine_is_reached(web: Web, host: str) -> None:
    settings = Settings(data=web.folder, allow_urls=True)
    with pytest.raises(UrlError, match=r"is no public host|no address of"):
        asyncio.run(fetch_video(f"https://{host}/a.mp4", web.folder, LIMITS, settings))


def test_a_name_that_means_another_address_a_moment_later_gains_nothing(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolves(host: str, *_: object, **__: object) -> NoReturn:
        pytest.fail(f"{host} was resolved once more")

    web.names["video.test"] = [[HERE], ["127.0.0.2"]]
    web.answers["/a.mp4"] = ok(b"video")
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolves)
        assert web.fetch("https://video.test/a.mp4").path.read_bytes() == b"video"
    assert web.resolved == ["video.test"]


def test_the_address_that_was_reached_is_checked_too(web: Web) -> None:
    checked: list[str] = []

    def once(address: str) -> bool:
        checked.append(address)
        return len(checked) == 1

    web.is_allowed = once
    web.answers["/a.mp4"] = ok(b"video")
    refused(web, "https://video.test/a.mp4", "is no public host")
    assert (checked, web.asked) == ([HERE, HERE], [])


def test_the_next_address_is_tried_where_one_is_not_there(web: Web) -> None:
    web.is_allowed = lambda address: address.startswith("127.")
    web.names["video.test"] = [["127.0.0.3", HERE]]
    web.answers["/a.mp4"] = ok(b"video")
    assert web.fetch("https://video.test/a.mp4").path.read_bytes() == b"video"
    web.names["video.test"] = [["127.0.0.3"]]
    with pytest.raises(UrlError, match=r"video\.test cannot be reached"):
        web.fetch("https://video.test/a.mp4")


def test_certificates_are_checked_for_the_name(web: Web) -> None:
    web.answers["/a.mp4"] = ok(b"video")
    refused(web, "https://third.test/a.mp4", "could not be fetched: .*certificate verify failed")
    web.trusted = trustme.CA()
    refused(web, "https://video.test/a.mp4", "could not be fetched: .*certificate verify failed")
    assert web.asked == []


def test_redirects_are_followed_and_each_is_checked(web: Web) -> None:
    web.answers |= {
        "/1": leads_to("/2"),
        "/2": leads_to("//other.test:PORT/3"),
        "/3": leads_to("https://video.test/4.mp4"),
        "/4.mp4": ok(b"video"),
    }
    assert web.fetch("https://video.test/1").name == "1"
    assert web.resolved == ["video.test", "video.test", "other.test", "video.test"]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("http://video.test/a.mp4", "must begin with https://, got 'http'"),
        ("https://inside.test/a.mp4", "inside.test is no public host"),
        ("https://10.0.0.1/a.mp4", "10.0.0.1 is no public host"),
        ("https://video.test:22/a.mp4", "must have the port"),
        ("https://me:secret@video.test/a.mp4", "no user and no password"),
        ("file:///etc/passwd", "must begin with https://, got 'file'"),
    ],
)
def test_redirects_to_where_no_url_may_lead(web: Web, target: str, message: str) -> None:
    web.names |= {"inside.test": [["10.0.0.1"]], "10.0.0.1": [["10.0.0.1"]]}
    web.answers["/"] = leads_to(target)
    refused(web, "https://video.test/", message)
    assert len(web.asked) == 1


def test_five_redirects_are_the_most(web: Web) -> None:
    web.answers |= {f"/{number}": leads_to(f"/{number + 1}") for number in range(1, 6)}
    web.answers["/6"] = ok(b"video")
    assert web.fetch("https://video.test/1").path.read_bytes() == b"video"
    web.answers["/0"] = leads_to("/1")
    (web.folder / "video").unlink()
    refused(web, "https://video.test/0", "leads on more than 5 times")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answered with status 404"),
        (b"HTTP/1.1 206 Partial\r\nContent-Length: 1\r\n\r\na", "answered with status 206"),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "answered with status 302"),
        (ok(b"video", "Content-Encoding: gzip"), "sends it compressed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nvideo", "could not be fetched: "),
        (b"nonsense\r\n\r\n", "could not be fetched: "),
        (b"", "could not be fetched: "),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", "could not be fetched: "),
    ],
)
def test_answers_that_are_no_video(web: Web, answer: bytes, message: str) -> None:
    web.answers["/"] = answer
    refused(web, "https://video.test/", message)


def test_a_video_that_says_it_is_too_large_is_not_read(web: Web) -> None:
    web.answers["/"] = b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"
    with pytest.raises(VideoLimitError, match="1,001 is over the limit max_video_bytes of 1,000"):
        web.fetch("https://video.test/")
    assert list(web.folder.iterdir()) == []


def test_a_body_that_does_not_end_is_stopped_at_the_limit(web: Web) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"40\r\n" + bytes(64) + b"\r\n")
            await writer.drain()

    web.answers["/"] = endless
    with pytest.raises(VideoLimitError, match="max_video_bytes of 1,000"):
        web.fetch("https://video.test/")
    assert list(web.folder.iterdir()) == []


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nvideo"])
def test_a_server_that_falls_silent_is_given_up(web: Web, head: bytes) -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        await writer.drain()
        await asyncio.sleep(3600)

    web.answers["/"] = silent
    web.changes["upload_stall_s"] = 0.2
    refused(web, "https://video.test/", "its server is too slow")


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"])
def test_a_server_that_drips_is_given_up_in_the_end(web: Web, head: bytes) -> None:
    async def drips(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.02)

    web.answers["/"] = drips
    web.changes["max_fetch_s"] = 0.4
    refused(web, "https://video.test/", "did not come within 0.4 s")


def test_proxies_of_the_environment_are_not_asked(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    web.answers["/"] = ok(b"video")
    assert web.fetch("https://video.test/").path == web.folder / "video"


def test_a_full_disk(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("trackspeak.service.fetching._write", no_space)
    web.answers["/"] = ok(b"video")
    with pytest.raises(OutputError, match="No space left on device"):
        web.fetch("https://video.test/")
    assert list(web.folder.iterdir()) == []
