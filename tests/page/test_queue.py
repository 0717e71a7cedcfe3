"""The queue of files and jobs, where something of it goes wrong; and the library that follows it."""

import re
from collections.abc import Callable

import httpx
import pytest
from page_browser import Visit
from page_clips import BAD, QUESTIONS, Street, Watched
from playwright.sync_api import Page, Route, expect


@pytest.fixture
def posts(visit: Visit) -> list[str]:
    """The paths of all that is posted in this visit."""
    found: list[str] = []
    visit.page.on(
        "request",
        lambda request: request.method == "POST" and found.append(re.sub("^[a-z]+://[^/]*", "", request.url)),
    )
    return found


def once(page: Page, pattern: str, answer: Callable[[Route], None]) -> list[Route]:
    """Answer the first of such calls so, and have the service answer the others; gives the first once it came."""
    answered: list[Route] = []

    def take(route: Route) -> None:
        if answered:
            route.continue_()
        else:
            answered.append(route)
            answer(route)

    page.route(pattern, take)
    return answered


def forget(api: httpx.Client, name: str) -> None:
    for video in api.get("/v1/videos").json():
        if video["name"] == name:
            api.delete(f"/v1/videos/{video['id']}").raise_for_status()


def test_an_upload_begins_again_where_the_service_was_away(visit: Visit, api: httpx.Client, fresh: Street) -> None:
    visit.expect_failures("net::ERR_CONNECTION_REFUSED")
    page = visit.page
    refused = once(page, "**/v1/uploads", lambda route: route.abort("connectionrefused"))
    visit.open()
    page.locator("#file").set_input_files(fresh.path)
    expect(page.locator("h1")).to_have_text("fresh.mp4")
    page.get_by_text("2 tracks in this video").wait_for()
    assert refused
    forget(api, "fresh.mp4")


def test_a_queue_that_is_full_is_waited_for(visit: Visit, api: httpx.Client, fresh: Street, posts: list[str]) -> None:
    visit.expect_failures("429.*/index")
    page = visit.page
    full = {"title": "Too many jobs", "detail": "1000 jobs wait", "code": "too_many_jobs", "status": 429}
    once(
        page,
        "**/v1/videos/*/index",
        lambda route: route.fulfill(status=429, headers={"Retry-After": "1"}, json=full),
    )
    visit.open()
    page.locator("#file").set_input_files(fresh.path)
    expect(page.locator("#queue")).to_contain_text("Sent, waiting for a place in the queue")
    page.get_by_text("2 tracks in this video").wait_for()
    assert posts.count("/v1/uploads") == 1
    forget(api, "fresh.mp4")


def test_what_is_not_watched_is_there_all_the_same(
    visit: Visit, api: httpx.Client, fresh: Street, posts: list[str]
) -> None:
    """A question is wrong: the file need not be sent again for that."""
    visit.expect_failures("422.*/index")
    page = visit.open()
    page.get_by_label("What are you looking for?").fill(BAD)
    page.locator("#file").set_input_files(fresh.path)
    expect(page.locator(".notice.error")).to_contain_text("column")
    expect(page.locator("#queue")).to_contain_text("Sent, but not watched")
    expect(page.locator(".index-state")).to_contain_text("This video is not indexed yet")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".notice.error")).to_contain_text("column")
    assert posts.count("/v1/uploads") == 1
    forget(api, "fresh.mp4")


def test_the_library_says_what_a_job_does(visit: Visit, api: httpx.Client, street: Watched) -> None:
    """And nobody who is using it loses his place; a job that cannot be followed is not shown as going on."""
    page, states = visit.page, ["queued", "running"]
    job = {
        "id": "a" * 32,
        "kind": "index",
        "state": "queued",
        "video": street.id,
        "video_name": "street.mp4",
        "queries": [],
    }
    page.route(
        "**/v1/jobs?state=*", lambda route: route.fulfill(json={"jobs": [job] if "queued" in route.request.url else []})
    )
    page.route(f"**/v1/jobs/{job['id']}", lambda route: route.fulfill(json={**job, "ahead": 2}))
    waiting: list[Route] = []

    def events(route: Route) -> None:
        if not states:
            return waiting.append(route)
        body = f'event: state\ndata: {{"state": "{states.pop(0)}"}}\nid: {len(states)}\n\n'
        return route.fulfill(status=200, content_type="text/event-stream", body=body)

    page.route(f"**/v1/jobs/{job['id']}/events", events)
    visit.expect_failures("404.*/events")
    visit.open()
    shown = page.locator(f".video[data-video='{street.id}']")
    expect(shown).to_contain_text("Waiting to be watched")
    page.get_by_role("button", name="Delete street.mp4").focus()
    expect(shown).to_contain_text("Being watched")
    expect(page.get_by_role("button", name="Delete street.mp4")).to_be_focused()
    page.wait_for_timeout(1500)
    problem = {"title": "Not found", "detail": "no such job", "code": "not_found", "status": 404}
    waiting[0].fulfill(status=404, json=problem)
    expect(page.locator("#queue")).to_contain_text("Not followed any longer")
    expect(shown).to_contain_text("2 tracks · embedded")
    expect(page.get_by_role("button", name="Delete street.mp4")).to_be_focused()


def test_a_saved_search_is_deleted(visit: Visit, api: httpx.Client) -> None:
    api.put("/v1/searches/reds", json={"query": QUESTIONS[0]}).raise_for_status()
    page = visit.open(search="")
    saved = page.get_by_label("Saved searches")
    expect(page.get_by_role("button", name="Delete this search")).to_be_hidden()
    saved.select_option("reds")
    page.get_by_role("button", name="Delete this search").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(saved.locator("option")).to_have_text(["No saved searches"])
    assert api.get("/v1/searches").json() == {}
