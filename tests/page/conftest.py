"""A real service with its page, clips in it, and a browser."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from page_browser import Visit, started_browser, visiting
from page_clips import Street, Watched, render_street, watch
from playwright.sync_api import Browser
from served import LONG_S, Served


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service in a process of its own, which wants no key."""
    served = Served(tmp_path_factory.mktemp("page") / "data")
    yield served
    served.stop()


@pytest.fixture(scope="session")
def api(service: Served) -> Iterator[httpx.Client]:
    """Calls of that service."""
    with httpx.Client(base_url=service.url, timeout=LONG_S) as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; not for the whole session, since tests of other folders run event loops of their own."""
    with started_browser() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, service: Served) -> Iterator[Visit]:
    """A visit to the page, in a window of a desktop."""
    with visiting(browser, service.url) as visit:
        yield visit


@pytest.fixture(scope="session")
def street(api: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """A clip of constant frame rate, watched."""
    return watch(api, render_street(tmp_path_factory.mktemp("even") / "street.mp4"))


@pytest.fixture(scope="session")
def uneven(api: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """A clip of variable frame rate, watched."""
    return watch(api, render_street(tmp_path_factory.mktemp("uneven") / "uneven.mp4", uneven=True))


@pytest.fixture
def fresh(tmp_path: Path) -> Street:
    """A short clip that the service has not seen."""
    return render_street(tmp_path / "fresh.mp4", seed=11, frames=40)
