"""Takes the pictures of docs/page.md: starts the service, sends clips, and drives a browser through the page.

    python benchmarks/page_pictures.py FOLDER/traffic.mp4 --out docs/images

The clip is `data/traffic.mp4` of opencv4nodejs (MIT); the other one is rendered, as by `trackspeak demo`.
Chromium must be installed (Debian: `apt-get install chromium`).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from trackspeak.models.training.render import demo_clip
from trackspeak.service.client import Client
from trackspeak.service.demo import write_clip

QUESTIONS = ("red car", "cars moving left")
DESKTOP = {"width": 1360, "height": 860}
PHONE = {"width": 390, "height": 844}
MOMENT_S = 13.0


def main() -> None:
    """Take all of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as data, serving(Path(data)) as address:
        with Client(address) as client:
            video = client.upload(given.clip).id
            other = client.upload(street(Path(data))).id
            for job in (client.index(video), client.index(other), client.index(video, tracker="ocsort")):
                client.wait(job.id)
            httpx.patch(f"{address}/v1/videos/{video}", json={"labels": ["day", "road"]})
            indexes = [one["id"] for one in httpx.get(f"{address}/v1/videos/{video}").json()["indexes"]]
        with browsing() as browser:
            take(browser, address, video, indexes, given.out)


def street(folder: Path) -> Path:
    """Render the clip of `trackspeak demo`."""
    clip = demo_clip()
    write_clip(clip.rgb, clip.frame_rate, folder / "street.mp4")
    return folder / "street.mp4"


@contextmanager
def serving(data: Path) -> Iterator[str]:
    """Run the service on a port of its own; gives its address."""
    port = 8317
    command = [sys.executable, "-m", "trackspeak.service", "serve", "--no-auth", "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, "TRACKSPEAK_DATA": str(data)}, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                if httpx.get(f"{address}/readyz").is_success:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.25)
        yield address
    finally:
        process.terminate()
        process.wait()


@contextmanager
def browsing() -> Iterator[Any]:
    """Open a browser."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome")
    arguments = ["--autoplay-policy=no-user-gesture-required", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


def take(browser: Any, address: str, video: str, indexes: list[str], out: Path) -> None:
    """Go through the page and take the pictures."""
    asked = "&".join(f"q={question.replace(' ', '+')}" for question in QUESTIONS)
    watched = f"{address}/?video={video}&{asked}&t={MOMENT_S}"

    def opened(url: str, ready: str, scheme: str = "light", viewport: dict[str, int] = DESKTOP) -> Any:
        page = browser.new_page(viewport=viewport, color_scheme=scheme)
        page.goto(url)
        page.wait_for_selector(ready)
        page.wait_for_timeout(1500)
        return page

    def kept(page: Any, name: str) -> None:
        page.screenshot(path=out / f"page-{name}.jpg", type="jpeg", quality=82)
        print(out / f"page-{name}.jpg")

    kept(opened(address, ".video"), "library")
    page = opened(watched, ".card")
    page.keyboard.press("t")
    page.locator("summary", has_text="Why").first.click()
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(300)
    kept(page, "video")
    page.fill("input[name=question]", '"red car" and not parked')
    page.keyboard.press("Enter")
    page.wait_for_selector(".question-error .pointer")
    kept(page, "error")
    kept(opened(watched, ".card", "dark"), "dark")
    kept(opened(watched, ".card", viewport=PHONE), "phone")
    page = opened(f"{address}/?search=red+car", ".hit")
    page.hover(".hit >> nth=0")
    page.wait_for_timeout(1500)
    kept(page, "search")
    compared = f"{address}/?video={video}&index={indexes[0]}&against={indexes[1]}&{asked}&t={MOMENT_S}"
    kept(opened(compared, ".stage.pair canvas"), "compare")
    page = opened(watched, ".card", "dark")
    page.click("button.take-away")
    page.wait_for_timeout(300)
    kept(page, "take-away")


if __name__ == "__main__":
    main()
