"""What happens while an answer is on its way: another question, another index, another view, an error that passes."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from page_browser import Visit
from page_clips import BAD, QUESTIONS, Watched, watch
from playwright.sync_api import Page, Route, expect
from served import wait_for

AWAY = {"title": "The queue is full", "detail": "try again", "code": "too_many_jobs", "status": 503}


class Held:
    """Calls that are held back until the test lets them go.

    Attributes:
        routes: those that wait.
    """

    def __init__(self, page: Page, pattern: str) -> None:
        self.routes: list[Route] = []
        self._page = page
        self._pattern = re.compile(pattern)
        self._let_go = False
        page.route(self._pattern, self._take)

    def _take(self, route: Route) -> None:
        if self._let_go:
            route.fallback()
        else:
            self.routes.append(route)

    def wait(self, count: int = 1) -> None:
        wait_for(lambda: self._page.wait_for_timeout(20) or len(self.routes) >= count, self._pattern.pattern)

    def let_go(self) -> None:
        """Have all answered by the service, those that come later too."""
        self._let_go = True
        for route in self.routes:
            route.fallback()
        self.routes.clear()


@pytest.fixture(scope="module")
def other(api: httpx.Client, street: Watched) -> Iterator[Watched]:
    """Another index of the same clip."""
    other = watch(api, street.street, tracker="sort")
    yield other
    api.delete(f"/v1/indexes/{other.index}").raise_for_status()


def ask(page: Page, text: str) -> None:
    page.get_by_label("Ask about this video").fill(text)
    page.keyboard.press("Enter")


def chips(page: Page) -> list[str]:
    return page.locator(".chip .text").all_inner_texts()


def test_a_view_that_was_left_says_no_more(visit: Visit, street: Watched) -> None:
    page = visit.open(video=street.id)
    page.locator(".suggestions button").first.wait_for()
    held = Held(page, "/scores$")
    ask(page, QUESTIONS[0])
    held.wait()
    page.get_by_role("link", name="Videos").click()
    page.locator(f".video[data-video='{street.id}']").wait_for()
    held.let_go()
    page.wait_for_timeout(800)  # the address follows after 400 ms
    assert page.evaluate("location.search") == ""
    expect(page.locator("h1")).to_have_text("Videos")


def test_a_question_of_a_link_stays_where_its_error_may_pass(visit: Visit, street: Watched) -> None:
    visit.expect_failures(r"503.*/scores", r"422.*/scores")
    page = visit.page
    refused: list[str] = []

    def answer(route: Route) -> None:
        queries = route.request.post_data_json["queries"]
        if queries == [QUESTIONS[0]] and not refused:
            refused.append(QUESTIONS[0])
            route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(AWAY))
        else:
            route.continue_()

    page.route(re.compile("/scores$"), answer)
    visit.open(video=street.id, q=[QUESTIONS[0], BAD, QUESTIONS[1]])
    page.locator(f".answer[data-query='{QUESTIONS[1]}'] .card").wait_for()
    assert chips(page) == [QUESTIONS[0], QUESTIONS[1]]  # the bad one will never be answered
    expect(page.locator(".notice.error")).to_have_count(2)
    expect(page.locator(".chip .count").first).to_have_text("…")
    page.get_by_role("button", name="Try again").click()
    page.locator(f".answer[data-query='{QUESTIONS[0]}'] .card").wait_for()
    assert chips(page) == [QUESTIONS[0], QUESTIONS[1]]


def test_indexes_that_are_changed_quickly(visit: Visit, api: httpx.Client, street: Watched, other: Watched) -> None:
    """What comes late of the one that was left is not shown on the other, which answers what was asked meanwhile."""
    page = visit.open(video=street.id, index=street.index, q=QUESTIONS[0])
    page.locator(".card").wait_for()
    slow = Held(page, f"/v1/indexes/{street.index}/scores$")
    ask(page, QUESTIONS[1])
    slow.wait()
    page.get_by_label("Index", exact=True).select_option(other.index)
    expect(page.locator(f".card[data-index='{other.index}']")).to_have_count(1)
    slow.let_go()
    page.locator(f".answer[data-query='{QUESTIONS[1]}'] .card").wait_for()
    assert set(page.locator(".card").evaluate_all("cards => cards.map((one) => one.dataset.index)")) == {other.index}
    answer = api.post(f"/v1/videos/{street.id}/queries", json={"queries": list(QUESTIONS[:2]), "index": other.index})
    for query in answer.json()["queries"]:
        cards = page.locator(f".answer[data-query='{query['query']}'] .card")
        assert cards.evaluate_all("cards => cards.map((one) => Number(one.dataset.track))") == [
            track["track_id"] for track in query["tracks"]
        ]
    tracks = Held(page, "/tracks$")
    page.get_by_label("Index", exact=True).select_option(street.index)
    tracks.wait()
    page.get_by_label("Index", exact=True).focus()
    page.get_by_label("Index", exact=True).select_option(other.index)
    page.get_by_label("Index", exact=True).select_option(street.index)
    tracks.let_go()
    expect(page.locator(f".card[data-index='{street.index}']")).to_have_count(2)
    expect(page.get_by_label("Index", exact=True)).to_be_focused()


def test_a_question_that_is_sent_twice_is_there_once(visit: Visit, street: Watched) -> None:
    page = visit.open(video=street.id)
    page.locator(".suggestions button").first.wait_for()
    held = Held(page, "/scores$")
    ask(page, QUESTIONS[0])
    page.keyboard.press("Enter")
    held.wait(2)
    held.let_go()
    page.locator(".card").wait_for()
    page.wait_for_load_state("networkidle")
    assert chips(page) == [QUESTIONS[0]]
    expect(page.get_by_label("Ask about this video")).to_have_value("")


def test_what_is_being_written_stays(visit: Visit, street: Watched) -> None:
    visit.expect_failures(r"422.*/scores")
    page = visit.open(video=street.id)
    suggestion = page.locator(".suggestions button").first
    suggestion.wait_for()
    field = page.get_by_label("Ask about this video")
    for text in (QUESTIONS[0], BAD):
        held = Held(page, "/scores$")
        ask(page, text)
        held.wait()
        field.fill("the next")
        held.let_go()
        expect(page.locator(".chip")).to_have_count(1)
    expect(page.locator(".question-error")).to_contain_text("query, column")
    suggestion.click()
    expect(page.locator(".chip")).to_have_count(2)
    expect(field).to_have_value("the next")


def test_a_card_of_the_second_index_acts_on_it(visit: Visit, street: Watched, other: Watched) -> None:
    page = visit.open(video=street.id, index=street.index, against=other.index, q=QUESTIONS[0])
    expect(page.locator(".card")).to_have_count(2)
    page.locator(f".card[data-index='{other.index}'] .picture").click()
    expect(page.locator(".card.chosen")).to_have_count(1)
    expect(page.locator(".card.chosen")).to_have_attribute("data-index", other.index)
    with page.expect_request(re.compile("/drawn")) as asked, page.expect_download():
        page.locator(f".card[data-index='{other.index}']").get_by_role("button", name="Save a clip").click()
    assert f"index={other.index}" in asked.value.url


def test_show_more_goes_on_with_what_was_searched(visit: Visit, street: Watched) -> None:
    page = visit.page
    bodies: list[Any] = []

    def answer(route: Route) -> None:
        bodies.append(route.request.post_data_json)
        told = route.fetch().json()
        told["next"] = f"page {len(bodies)}" if len(bodies) < 3 else None
        route.fulfill(json=told)

    page.route("**/v1/search", lambda route: answer(route) if "cursor" not in route.request.post_data else fake(route))

    def fake(route: Route) -> None:
        bodies.append(route.request.post_data_json)
        route.fulfill(
            json={
                "tracks": [],
                "next": None,
                "left_out": [],
                "searched": {"videos": 1, "segments": 1},
                "timings_s": {"total": 0},
            }
        )

    visit.open(search="red car")
    more = page.get_by_role("button", name="Show more")
    more.wait_for()
    page.get_by_label("Search all videos").fill("blue car")
    more.click()
    expect(more).to_be_hidden()
    assert [(body["query"], body.get("cursor")) for body in bodies] == [("red car", None), ("red car", "page 1")]


def test_a_selection_that_ends_beside_a_dialog_leaves_it_open(visit: Visit, street: Watched) -> None:
    page = visit.open(video=street.id)
    page.get_by_role("button", name="Take away").click()
    place = page.locator("dialog pre").bounding_box()
    assert place
    page.mouse.move(place["x"] + 5, place["y"] + 5)
    page.mouse.down()
    page.mouse.move(5, 5)
    page.mouse.up()
    expect(page.locator("dialog")).to_have_count(1)
    page.mouse.click(5, 5)
    expect(page.locator("dialog")).to_have_count(0)
