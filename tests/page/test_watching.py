"""A video that is watched: threshold, cards, the address that keeps the view, questions that are wrong, keys."""

from typing import Any

import httpx
import pytest
from page_browser import Visit
from page_clips import BAD, QUESTIONS
from playwright.sync_api import Page, expect

NOW = "document.querySelector('.stage video').currentTime"
TRACKS = "cards => cards.map((one) => Number(one.dataset.track))"


def asked(api: httpx.Client, watched: Any, queries: list[str], **options: Any) -> Any:
    answer = api.post(f"/v1/videos/{watched.id}/queries", json={"queries": queries, "options": options})
    assert answer.status_code == 200, answer.text
    return answer.json()["queries"]


def opened(visit: Visit, watched: Any, **values: Any) -> Page:
    page = visit.open(video=watched.id, **{"q": list(QUESTIONS), **values})
    page.locator(".card").first.wait_for()
    return page


def shows(page: Page, frame: int | str) -> None:
    """Wait until the boxes of a frame are drawn."""
    expect(page.locator(".stage canvas").first).to_have_attribute("data-frame", str(frame))


def test_the_threshold_slider_shows_the_tracks_of_the_services_answer(
    visit: Visit, api: httpx.Client, street: Any
) -> None:
    page = opened(visit, street)
    slider = page.get_by_label("Threshold", exact=True)
    counts = set()
    for threshold in (0.0, 0.5, 1.0):
        slider.fill(str(threshold))
        expect(page.locator(".threshold-value")).to_have_text(f"{threshold:.0%}".replace("%", " %"))
        answer = asked(api, street, list(QUESTIONS), threshold=threshold)
        for number, query in enumerate(answer):
            tracks = [track["track_id"] for track in query["tracks"]]
            found = page.locator(f".answer[data-query='{query['query']}'] .card")
            expect(found).to_have_count(len(tracks))  # the cards follow when the slider rests
            assert found.evaluate_all(TRACKS) == tracks
            expect(page.locator(".chip .count").nth(number)).to_have_text(str(len(tracks)))
            counts.add(len(tracks))
    assert counts == {2, 1, 0}
    expect(page.locator(".answer .nothing").first).to_contain_text("Nothing matches")


def test_a_card_jumps_to_where_its_track_begins(visit: Visit, api: httpx.Client, street: Any) -> None:
    query = "a car on the left"
    page = opened(visit, street, q=query)
    tracks = asked(api, street, [query])[0]["tracks"]
    for track in tracks:
        page.locator(f".card[data-track='{track['track_id']}'] .picture").click()
        wanted_s = track["spans"][0]["first_time_s"]
        page.wait_for_function(f"wanted => Math.abs({NOW} - wanted) < 0.01", arg=wanted_s)
        shows(page, track["spans"][0]["first_frame"])
        expect(page.locator(".card.chosen")).to_have_attribute("data-track", str(track["track_id"]))
    assert len({track["spans"][0]["first_frame"] for track in tracks}) == 2


def test_a_reload_keeps_the_view(visit: Visit, street: Any) -> None:
    page = visit.open(video=street.id)
    for question in QUESTIONS[:2]:
        page.get_by_label("Ask about this video").fill(question)
        page.get_by_role("button", name="Ask", exact=True).click()
        page.locator(f".answer[data-query='{question}']").wait_for()
    page.locator(".card .picture").nth(1).click()
    page.get_by_label("Threshold", exact=True).fill("0.31")
    page.locator("h1").click()
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function("() => new URLSearchParams(location.search).get('t') > 1")
    before = view(page)
    assert before["threshold"] == "31 %"
    assert before["questions"] == list(QUESTIONS[:2])
    assert before["chosen"]
    page.reload()
    page.locator(".card.chosen").wait_for()
    shows(page, before["frame"])
    assert view(page) == before


def view(page: Page) -> dict[str, Any]:
    seen: dict[str, Any] = page.evaluate("""() => ({
      address: location.search,
      questions: [...document.querySelectorAll('.chip .text')].map((one) => one.textContent),
      threshold: document.querySelector('.threshold-value').textContent,
      chosen: document.querySelector('.card.chosen')?.dataset.track,
      clock: document.querySelector('.clock').textContent,
      frame: document.querySelector('.stage canvas').dataset.frame,
    })""")
    return seen


def test_an_error_in_a_question_is_shown_under_its_column(visit: Visit, api: httpx.Client, street: Any) -> None:
    told = api.post(f"/v1/videos/{street.id}/queries", json={"queries": [BAD]}).json()
    assert told["code"] == "bad_query"
    visit.expect_failures(r"422.*/scores")
    page = opened(visit, street)
    page.get_by_label("Ask about this video").fill(BAD)
    page.keyboard.press("Enter")
    expect(page.locator(".question-error p")).to_contain_text(told["detail"])
    expect(page.locator(".question-error p")).to_contain_text("request ")
    written, pointer = page.locator(".question-error .pointer").inner_text().split("\n")
    assert written == BAD
    assert f"column {pointer.index('^') + 1}:" in told["detail"]
    expect(page.locator(".chip")).to_have_count(len(QUESTIONS))
    page.get_by_label("Ask about this video").fill('"red car" and not "blue car"')
    page.keyboard.press("Enter")
    page.locator(".chip").nth(3).wait_for()
    expect(page.locator(".question-error p")).to_have_count(0)


def test_keys_alone_do_everything(visit: Visit, street: Any) -> None:
    page = visit.open(video=street.id)
    page.get_by_text("Ask for the ones you mean").wait_for()
    keys = page.keyboard
    keys.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("main")).to_be_focused()
    keys.press("/")
    expect(page.get_by_label("Ask about this video")).to_be_focused()
    keys.type(QUESTIONS[0])
    keys.press("Enter")
    page.locator(".card").wait_for()
    reach(page, ".card .picture")
    keys.press("Enter")
    shows(page, 2)
    keys.press("ArrowRight")
    shows(page, 3)
    keys.press("ArrowLeft")
    shows(page, 2)
    reach(page, ".field-of-time")
    keys.press("End")
    shows(page, 59)
    keys.press("Home")
    page.wait_for_function(f"() => {NOW} < 0.01")
    reach(page, "input[type=range]")
    keys.press("ArrowRight")
    expect(page.locator(".threshold-value")).to_have_text("51 %")
    keys.press(" ")
    page.wait_for_function(f"() => {NOW} > 0.2")
    keys.press(" ")
    page.wait_for_function("() => document.querySelector('.stage video').paused")
    keys.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    reach(page, ".chip .text")
    keys.press(" ")
    expect(page.locator(".chip .text")).to_have_attribute("aria-pressed", "false")


def reach(page: Page, selector: str) -> None:
    """Press Tab until something has the focus."""
    for _ in range(80):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab does not lead to {selector}")
