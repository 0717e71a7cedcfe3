"""Chromium, and a visit to the page in it that tells of every error of the browser's console."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_MS = 60_000
"""Far longer than anything here takes."""


@contextmanager
def started_browser() -> Iterator[Browser]:
    """Start the Chromium of the system, or the one that Playwright has installed; skips where there is neither."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        if not found and not Path(playwright.chromium.executable_path).is_file():
            pytest.skip("needs Chromium (Debian: apt-get install chromium; or: playwright install chromium)")
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """One visit to the page, in a browser that knows nothing of others.

    Attributes:
        page: Playwright's page.
        url: where the service listens.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        """Open an empty page."""
        self.url = url
        self.page: Page = context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self._errors.append(f"page error: {error}"))
        self._errors: list[str] = []
        self._expected: list[str] = []

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._errors.append(f"{message.text} {message.location.get('url', '')}")

    def open(self, **values: Any) -> Page:
        """Go to a view, named by what stands in its address: `video`, `q`, `t`, `search`, ..."""
        self.page.goto(f"{self.url}/?{urlencode(values, doseq=True)}")
        return self.page

    def expect_failures(self, *patterns: str) -> None:
        """Let pass what Chromium itself writes of answers that the test provokes: `401.*/v1/session`.

        Only its lines "Failed to load resource" can be let pass, and each pattern must come up.
        """
        self._expected += patterns

    def check(self) -> None:
        """Check that there was no error but those that were expected."""
        failed = [line for line in self._errors if line.startswith("Failed to load resource")]
        known = {line for line in failed for pattern in self._expected if re.search(pattern, line)}
        wrong = [line for line in self._errors if line not in known]
        assert not wrong, f"the console has errors: {wrong}"
        unseen = [pattern for pattern in self._expected if not any(re.search(pattern, line) for line in failed)]
        assert unseen == [], f"expected in the console, but not there; it has {failed}"


@contextmanager
def visiting(browser: Browser, url: str, **options: Any) -> Iterator[Visit]:
    """Visit a service; fails at the end if the console told of an error."""
    with browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options}) as context:
        context.set_default_timeout(PATIENCE_MS)
        visit = Visit(context, url)
        yield visit
        visit.check()


def click_at(page: Page, share: float) -> None:
    """Click into the timeline, on its ruler."""
    place = page.locator(".field-of-time")
    box = place.bounding_box()
    assert box
    place.click(position={"x": box["width"] * share, "y": 6})
