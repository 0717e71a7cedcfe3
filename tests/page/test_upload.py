"""Sending videos: progress, giving up, going on where it broke off."""

import re
from pathlib import Path

import httpx
import pytest
from axe_checks import check
from page_browser import Visit
from page_clips import QUESTIONS, Street, render_street
from playwright.sync_api import Route, expect
from served import wait_for

_LISTEN = """() => {
  window.told = [];
  const listen = () => told.push(...['#queue', '.results'].map((one) => document.querySelector(one)?.innerText ?? ''));
  new MutationObserver(listen).observe(document.body, {subtree: true, childList: true});
}"""


def uploads(api: httpx.Client, addresses: list[str]) -> list[int]:
    """Give how the service answers for uploads."""
    return [api.head(address, headers={"Tus-Resumable": "1.0.0"}).status_code for address in addresses]


def names(api: httpx.Client) -> list[str]:
    return [video["name"] for video in api.get("/v1/videos").json()]


@pytest.fixture
def addresses(visit: Visit) -> list[str]:
    """The addresses of all uploads that are begun in this visit."""
    begun: list[str] = []
    visit.page.on(
        "response",
        lambda response: (
            response.request.method == "POST"
            and response.url.endswith("/v1/uploads")
            and begun.append(response.headers["location"])
        ),
    )
    return begun


def test_a_clip_is_sent_watched_and_asked(visit: Visit, api: httpx.Client, tmp_path: Path) -> None:
    """The clip is long enough for the service to tell how far it is."""
    clip = render_street(tmp_path / "fresh.mp4", seed=5, frames=320)
    page = visit.open()
    page.get_by_label("What are you looking for?").fill(QUESTIONS[0])
    page.evaluate(_LISTEN)
    page.locator("#file").set_input_files(clip.path)
    expect(page.locator("h1")).to_have_text("fresh.mp4")
    page.get_by_text("This video is being watched").wait_for()
    page.locator(".card").first.wait_for()
    said = "\n".join(page.evaluate("told"))
    assert re.search(r"Sending, \d+ k?B of \d+ kB", said)
    assert re.search(r"Watching, frame \d+ of 320", said), said
    assert re.search(r"Found so far, in \d+ frames:", said), said
    assert "Ready" in said
    for question in QUESTIONS[1:]:
        page.get_by_label("Ask about this video").fill(question)
        page.keyboard.press("Enter")
        page.locator(f".answer[data-query='{question}']").wait_for()
    video = page.evaluate("new URLSearchParams(location.search).get('video')")
    answer = api.post(f"/v1/videos/{video}/queries", json={"queries": list(QUESTIONS)}).json()
    for query in answer["queries"]:
        cards = page.locator(f".answer[data-query='{query['query']}'] .card")
        assert cards.evaluate_all("cards => cards.map((one) => Number(one.dataset.track))") == [
            track["track_id"] for track in query["tracks"]
        ]
        assert len(query["tracks"]) == 1
    api.delete(f"/v1/videos/{video}")


@pytest.fixture
def held(visit: Visit) -> list[Route]:
    """Holds the first piece of an upload back: it is neither sent nor refused until the test says so."""
    routes: list[Route] = []
    visit.page.route("**/v1/uploads/*", lambda route: hold(route, routes))
    return routes


def hold(route: Route, routes: list[Route]) -> None:
    if route.request.method == "PATCH" and not routes:
        routes.append(route)
    else:
        route.continue_()


def test_an_upload_that_is_given_up_leaves_nothing(
    visit: Visit, api: httpx.Client, fresh: Street, held: list[Route], addresses: list[str]
) -> None:
    page = visit.open()
    before = names(api)
    page.locator("#file").set_input_files(fresh.path)
    expect(page.locator("#queue")).to_contain_text(re.compile("Sending, 0 B of"))
    assert uploads(api, addresses) == [200]
    check(page, "an upload")
    page.get_by_role("button", name="Cancel fresh.mp4").click()
    expect(page.locator("#queue")).to_contain_text("Cancelled")
    wait_for(lambda: uploads(api, addresses) == [404], "the end of the upload")
    assert names(api) == before
    assert page.evaluate("localStorage.length") == 0


def test_an_upload_goes_on_after_a_reload(
    visit: Visit, api: httpx.Client, fresh: Street, held: list[Route], addresses: list[str]
) -> None:
    """The page is loaded anew while a piece is under way; the same file, chosen again, takes up the same upload."""
    page = visit.open()
    page.locator("#file").set_input_files(fresh.path)
    expect(page.locator("#queue")).to_contain_text(re.compile("Sending, 0 B of"))
    content = fresh.path.read_bytes()
    half = len(content) // 2
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    api.patch(addresses[0], content=content[:half], headers=headers).raise_for_status()
    page.reload()
    offsets: list[str] = []
    page.on("request", lambda request: request.method == "PATCH" and offsets.append(request.headers["upload-offset"]))
    page.locator("#file").set_input_files(fresh.path)
    expect(page.locator("h1")).to_have_text("fresh.mp4")
    assert len(addresses) == 1
    assert offsets == [str(half)]
    video = page.evaluate("new URLSearchParams(location.search).get('video')")
    assert api.get(f"/v1/videos/{video}/file").content == content
    assert page.evaluate("localStorage.length") == 0
    page.get_by_text("2 tracks in this video").wait_for()  # else its job would be in the way of other tests
    api.delete(f"/v1/videos/{video}")
