"""The service is killed under the page: it says so, and goes on by itself when the service is back."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_checks import check
from page_browser import Visit, visiting
from page_clips import QUESTIONS, Street
from playwright.sync_api import Browser, Route, expect
from served import LONG_S, Served

AWAY = "The service does not answer"


class Mortal:
    """A service that has watched a clip, and can be killed and started again."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.served = Served(data)
        self.url = self.served.url

    def kill(self) -> None:
        self.served.kill()

    def revive(self) -> None:
        """Start it at the same address, over the same data."""
        self.served = Served(self._data, int(self.url.rpartition(":")[2]))


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory, service: Served, street: Any) -> Iterator[Mortal]:
    data = tmp_path_factory.mktemp("mortal") / "data"
    shutil.copytree(service.data / "indexes" / street.index, data / "indexes" / street.index)
    mortal = Mortal(data)
    files = {"video": ("street.mp4", street.street.path.read_bytes())}
    httpx.post(f"{mortal.url}/v1/videos", files=files, timeout=LONG_S).raise_for_status()
    yield mortal
    mortal.served.stop()


@pytest.fixture
def visit(browser: Browser, mortal: Mortal) -> Iterator[Visit]:
    with visiting(browser, mortal.url) as visit:
        visit.expect_failures("net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)")
        yield visit


def test_a_question_is_answered_when_the_service_is_back(visit: Visit, mortal: Mortal, street: Any) -> None:
    page = visit.open(video=street.id, q=QUESTIONS[0])
    page.locator(".card").wait_for()
    page.wait_for_load_state("networkidle")
    mortal.kill()
    page.get_by_label("Ask about this video").fill(QUESTIONS[1])
    page.keyboard.press("Enter")
    expect(page.locator("#notices")).to_contain_text(AWAY)
    check(page, "a question while the service is away")
    mortal.revive()
    expect(page.locator("#notices")).not_to_contain_text(AWAY)
    page.get_by_label("Ask about this video").press("Enter")
    page.locator(f".answer[data-query='{QUESTIONS[1]}'] .card").wait_for()


def test_the_videos_are_listed_when_the_service_is_back(visit: Visit, mortal: Mortal, street: Any) -> None:
    page = visit.open(search="")
    page.get_by_label("Saved searches").wait_for()
    page.wait_for_load_state("networkidle")
    mortal.kill()
    page.get_by_role("link", name="Videos").click()
    expect(page.locator("#notices")).to_contain_text(AWAY)
    mortal.revive()
    page.locator(f".video[data-video='{street.id}']").wait_for()
    expect(page.locator("#notices")).not_to_contain_text(AWAY)


def test_an_upload_goes_on_when_the_service_is_back(visit: Visit, mortal: Mortal, fresh: Street) -> None:
    page = visit.open()
    pieces: list[Route] = []
    page.route("**/v1/uploads/*", lambda route: pieces.append(route) if is_first(route, pieces) else route.continue_())
    page.locator("#file").set_input_files(fresh.path)
    expect(page.locator("#queue")).to_contain_text("Sending, 0 B of")
    mortal.kill()
    pieces[0].continue_()
    expect(page.locator("#notices")).to_contain_text(AWAY)
    mortal.revive()
    expect(page.locator("h1")).to_have_text("fresh.mp4")
    video = page.evaluate("new URLSearchParams(location.search).get('video')")
    kept = httpx.get(f"{mortal.url}/v1/videos/{video}/file", timeout=LONG_S)
    assert kept.content == fresh.path.read_bytes()


def is_first(route: Route, pieces: list[Route]) -> bool:
    return route.request.method == "PATCH" and not pieces
