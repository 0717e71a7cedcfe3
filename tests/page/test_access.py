"""A service that wants keys: one is asked for, and kept for the session alone."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_checks import check
from page_browser import Visit, visiting
from playwright.sync_api import Browser, expect
from served import Served

from trackspeak.service.access.keys import open_keys
from trackspeak.service.settings import Settings

WRONG = "tsk_wrong"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service that wants a key."""
    served = Served(tmp_path_factory.mktemp("guarded") / "data", auth="keys")
    yield served
    served.stop()


@pytest.fixture
def guarded_visit(browser: Browser, guarded: Served) -> Iterator[Visit]:
    with visiting(browser, guarded.url) as visit:
        yield visit


def make_key(served: Served, *scopes: Any) -> str:
    with open_keys(Settings(data=served.data)) as keys:
        return keys.create("analyst", scopes)[0]


def test_a_wrong_key_is_refused_and_the_right_one_opens(guarded_visit: Visit, guarded: Served) -> None:
    guarded_visit.expect_failures(r"401.*/v1/session")
    key = make_key(guarded, "ask", "index")
    page = guarded_visit.open()
    dialog = page.get_by_role("dialog", name="API key")
    for escape in range(2):
        page.keyboard.press("Escape")
        expect(dialog, f"after {escape + 1} times Escape").to_be_visible()
    page.mouse.click(2, 2)
    expect(dialog, "after a click beside it").to_be_visible()
    dialog.get_by_role("textbox").fill(WRONG)
    with page.expect_response("**/v1/session") as refused:
        dialog.get_by_role("button", name="Open").click()
    expect(dialog.get_by_role("alert")).to_contain_text(f"(request {refused.value.headers['x-request-id']})")
    expect(page.locator(".drop")).to_have_count(0)
    check(page, "the dialog for a key")
    dialog.get_by_role("textbox").fill(key)
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator("h1")).to_have_text("Videos")
    expect(page.locator("#session")).to_contain_text("analyst")
    page.get_by_text("No videos yet").wait_for()
    check(page, "a library without a video")
    page.reload()
    expect(page.locator("h1")).to_have_text("Videos")
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")
    assert key not in kept
    page.get_by_role("button", name="Sign out").click()
    expect(dialog).to_be_visible()
    assert page.context.cookies() == []


def test_a_key_that_may_only_ask_is_offered_no_more(guarded_visit: Visit, guarded: Served) -> None:
    guarded_visit.expect_failures(r"401.*/v1/session")
    page = guarded_visit.open()
    page.get_by_role("textbox", name="API key").fill(make_key(guarded, "ask"))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Videos")
    expect(page.locator(".drop")).to_have_count(0)
