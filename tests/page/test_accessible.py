"""axe-core finds nothing wrong with any view, in light and dark, on a desktop and on a phone."""

from typing import Any

from axe_checks import check
from page_browser import Visit
from page_clips import BAD, QUESTIONS


def test_no_violation_in_the_library(visit: Visit, street: Any, uneven: Any) -> None:
    page = visit.open()
    page.locator(".video").nth(1).wait_for()
    check(page, "library")
    page.get_by_text("How it is watched").click()
    page.locator("select:visible", has_text="embedded").wait_for()
    check(page, "library, with options")
    page.get_by_role("button", name="Name and label street.mp4").click()
    check(page, "name and labels")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete street.mp4").click()
    check(page, "delete")


def test_no_violation_in_a_video(visit: Visit, street: Any) -> None:
    visit.expect_failures("422.*/scores")
    page = visit.open(video=street.id, q=list(QUESTIONS), t="1.0")
    page.locator(".card").first.wait_for()
    page.get_by_text("Try", exact=True).wait_for()
    page.get_by_text("Why").first.click()
    page.get_by_text("What came near").first.click()
    page.locator(".card .picture").first.click()
    page.get_by_label("Ask about this video").fill(BAD)
    page.keyboard.press("Enter")
    page.locator(".question-error .pointer").wait_for()
    check(page, "video")
    page.get_by_role("button", name="Take away").click()
    check(page, "take away")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Watch another way").click()
    page.locator("select:visible", has_text="embedded").wait_for()
    check(page, "watch another way")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    check(page, "keys")


def test_no_violation_in_the_search(visit: Visit, street: Any, uneven: Any) -> None:
    page = visit.open(search="red car", min="0.1")
    page.locator(".hit").nth(1).wait_for()
    check(page, "search")
    page.get_by_label("Search all videos").fill('"')
    visit.expect_failures("422.*/search")
    page.keyboard.press("Enter")
    page.locator(".question-error:not(:empty)").wait_for()
    check(page, "search, with an error")
