"""Sending videos: progress, giving up, going on where it broke off."""

import json
import re
from pathlib import Path

import httpx
import pytest
from axe_checks import check
from page_browser import Visit
from page_clips import QUESTIONS, Street, render_street
from playwright.sync_api import Route, expect
from served import wait_for

VIDEO = "new URLSearchParams(location.search).get('video')"
_LISTEN = """() => {
  const queue = document.querySelector('#queue');
  window.told = [];
  new MutationObserver(() => told.push(queue.innerText)).observe(queue, {subtree: true, childList: true});
}"""
FOUND = {
    "frames_done": 48,
    "queries": [
        {
            "query": QUESTIONS[0],
            "tracks": [{"track_id": 7, "class": "object", "spans": [{"first_time_s": 0.4, "last_time_s": 2.6}]}],
        }
    ],
    "refused": [{"query": "a car that", "code": "bad_query", "detail": "too many words"}],
}


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
    assert "Ready" in said
    for question in QUESTIONS[1:]:
        page.get_by_label("Ask about this video").fill(question)
        page.keyboard.press("Enter")
        page.locator(f".answer[data-query='{question}']").wait_for()
    video = page.evaluate(VIDEO)
    answer = api.post(f"/v1/videos/{video}/queries", json={"queries": list(QUESTIONS)}).json()
    for query in answer["queries"]:
        cards = page.locator(f".answer[data-query='{query['query']}'] .card")
        assert cards.evaluate_all("cards => cards.map((one) => Number(one.dataset.track))") == [
            track["track_id"] for track in query["tracks"]
        ]
        assert len(query["tracks"]) == 1
    api.delete(f"/v1/videos/{video}")


def test_what_is_found_so_far_is_shown(visit: Visit, fresh: Street, api: httpx.Client) -> None:
    """The service tells of it after a second, which a short clip does not take: it is told in its place."""
    page = visit.open()
    waiting: list[Route] = []

    def events(route: Route) -> None:
        if "last-event-id" in route.request.headers and route.request.headers["last-event-id"] != "0":
            waiting.append(route)  # the stream broke off after the partial answer
        else:
            body = f"event: partial\ndata: {json.dumps(FOUND)}\nid: 1\n\n"
            route.fulfill(status=200, content_type="text/event-stream", body=body)

    page.route("**/v1/jobs/*/events", events)
    page.get_by_label("What are you looking for?").fill(QUESTIONS[0])
    page.locator("#file").set_input_files(fresh.path)
    expect(page.locator(".results")).to_contain_text("Found so far, in 48 frames:")
    expect(page.locator(".results")).to_contain_text("#7 object, 0:00.4")
    expect(page.locator(".results")).to_contain_text("a car that: too many words")
    page.locator(".chip .text").click()
    expect(page.locator(".chip.off")).to_have_count(1)
    expect(page.locator(".results")).to_contain_text("#7 object, 0:00.4")  # still
    page.locator(".chip .text").click()
    wait_for(lambda: page.wait_for_timeout(50) or waiting, "the next stream")
    waiting[0].continue_()
    page.locator(".card").wait_for()
    api.delete(f"/v1/videos/{page.evaluate(VIDEO)}")


def test_a_question_is_answered_while_the_clip_is_watched(visit: Visit, api: httpx.Client, tmp_path: Path) -> None:
    clip = render_street(tmp_path / "long.mp4", seed=6, frames=500)
    visit.expect_failures(r"422.*/queries")
    page = visit.open()
    page.locator("#file").set_input_files(clip.path)
    page.get_by_text("This video is being watched").wait_for()
    field = page.get_by_label("Ask about this video")
    field.fill('"red car" and (')
    field.press("Enter")
    expect(page.locator(".question-error p")).to_contain_text("column")
    with page.expect_response(re.compile("/v1/jobs/[0-9a-f]+/queries")) as told:
        field.fill(QUESTIONS[0])
        field.press("Enter")
    assert told.value.json()["queries"] == [QUESTIONS[0]]
    expect(page.locator(".results")).to_contain_text("Found so far")
    expect(page.locator(".results h2")).to_contain_text(QUESTIONS[0])
    page.locator(f".answer[data-query='{QUESTIONS[0]}'] .card").wait_for()
    assert page.locator(".chip .text").all_inner_texts() == [QUESTIONS[0]]
    api.delete(f"/v1/videos/{page.evaluate(VIDEO)}")


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
    video = page.evaluate(VIDEO)
    assert api.get(f"/v1/videos/{video}/file").content == content
    assert page.evaluate("localStorage.length") == 0
    page.get_by_text("2 tracks in this video").wait_for()  # else its job would be in the way of other tests
    api.delete(f"/v1/videos/{video}")
