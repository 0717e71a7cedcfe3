"""How it plays: over and over, without the video's file, and in browsers that do not tell of each frame."""

import shutil
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest
from canvas_pixels import boxes_at, compare, painted, shown_frame
from page_browser import Visit, click_at
from page_clips import QUESTIONS, Watched
from playwright.sync_api import Page, expect
from served import Served, wait_for

FRAME = "Number(document.querySelector('.stage canvas').dataset.frame)"
_NO_FRAMES = "delete HTMLVideoElement.prototype.requestVideoFrameCallback"
_TIME_SOUGHT = """
const really = HTMLVideoElement.prototype.requestVideoFrameCallback;
HTMLVideoElement.prototype.requestVideoFrameCallback = function (told) {
  const tell = (now, frame) => told(now, this.paused ? {...frame, mediaTime: this.currentTime} : frame);
  return really.call(this, tell);
};"""
"""As Firefox has it: of a frame that was sought the time is told that was sought, not the frame's own."""

_SEEN = """async () => {
  const canvas = document.querySelector('.stage canvas');
  const seen = [];
  for (const until = performance.now() + 1500; performance.now() < until; ) {
    await new Promise(requestAnimationFrame);
    seen.push(canvas.dataset.frame);
  }
  return seen;
}"""


def opened(visit: Visit, watched: Watched, **values: Any) -> Page:
    page = visit.open(video=watched.id, q=QUESTIONS[0], **values)
    page.locator(".card").wait_for()
    page.locator("h1").click()
    return page


def plays_frame_after_frame(page: Page) -> None:
    """While it plays the boxes never vanish: there are tracks in all of the clip but its first two frames."""
    seen = page.evaluate(_SEEN)
    assert "" not in seen[5:]
    frames = [int(frame) for frame in seen[5:]]
    assert all(before <= after for before, after in pairwise(frames))
    assert len(set(frames)) > 5  # of about 20; a busy machine may leave some out


@pytest.fixture
def pictureless(api: httpx.Client, service: Served, street: Watched) -> Iterator[Watched]:
    """The index of the clip without its file, as `trackspeak index` keeps it."""
    index, video = service.data / "indexes" / street.index, service.data / "videos"
    aside = service.data / "aside"
    shutil.copytree(index, aside / street.index)
    api.delete(f"/v1/videos/{street.id}").raise_for_status()
    assert not list(video.glob(f"{street.id}*"))
    shutil.copytree(aside / street.index, index)
    yield street
    files = {"video": (street.street.path.name, street.street.path.read_bytes())}
    api.post("/v1/videos", files=files).raise_for_status()
    shutil.rmtree(aside)


def loops_at_the_end(page: Page) -> None:
    """Have the last half second played over and over."""
    click_at(page, 0.97)
    page.locator("h1").click()
    for _ in range(3):
        page.keyboard.press("+")
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Play the chosen span")).to_be_visible()
    for _ in range(3):
        page.wait_for_function(f"() => {FRAME} > 56")
        page.wait_for_function(f"() => {FRAME} < 56")
    expect(page.get_by_role("button", name="Pause (space)")).to_be_visible()


def test_a_loop_that_ends_with_the_video_goes_on(visit: Visit, street: Watched) -> None:
    loops_at_the_end(opened(visit, street))


def test_steps_from_the_very_beginning_leave_no_frame_out(visit: Visit, uneven: Watched) -> None:
    """Where there are no tracks yet that would tell how far the next frame is."""
    page = opened(visit, uneven)
    for frame in (1, 2, 3):
        page.keyboard.press("ArrowRight")
        wait_for(lambda frame=frame: page.wait_for_timeout(50) or shown_frame(page, uneven.street) >= frame)
        assert shown_frame(page, uneven.street) == frame


def test_l_after_a_near_miss_loops_what_the_timeline_shows(visit: Visit, street: Watched) -> None:
    page = opened(visit, street)
    page.get_by_text("What came near").click()
    page.locator(".near button").first.click()
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Play the chosen span")).to_be_visible()


def test_tracks_are_shown_where_the_file_is_not_kept(visit: Visit, pictureless: Watched) -> None:
    page = opened(visit, pictureless, t=0.4)
    expect(page.locator(".stage .notice")).to_contain_text("on black")
    page.keyboard.press(" ")
    plays_frame_after_frame(page)
    click_at(page, 0.99)
    canvas = page.locator(".stage canvas")
    expect(canvas).to_have_attribute("data-frame", "59")
    expect(page.get_by_role("button", name="Play (space)")).to_be_visible()
    page.keyboard.press(" ")  # from the beginning again
    page.wait_for_function(f"() => {FRAME} < 40")
    page.keyboard.press(" ")
    loops_at_the_end(page)


@pytest.mark.parametrize("name", ["street", "uneven"])
def test_a_browser_that_tells_the_time_that_was_sought(visit: Visit, name: str, request: pytest.FixtureRequest) -> None:
    watched = request.getfixturevalue(name)
    visit.page.add_init_script(_TIME_SOUGHT)
    page = opened(visit, watched, t=f"{watched.street.times_s[6] + 0.005:.3f}")
    canvas = page.locator(".stage canvas")
    expect(canvas).to_have_attribute("data-frame", "6")
    for key, frame in (("ArrowLeft", 5), ("ArrowLeft", 4), ("ArrowRight", 5), ("ArrowRight", 6), ("ArrowLeft", 5)):
        page.keyboard.press(key)
        expect(canvas).to_have_attribute("data-frame", str(frame))
        assert shown_frame(page, watched.street) == frame
    page.keyboard.press(" ")
    plays_frame_after_frame(page)


def test_a_browser_that_does_not_tell_of_frames(visit: Visit, api: httpx.Client, street: Watched) -> None:
    visit.page.add_init_script(_NO_FRAMES)
    page = opened(visit, street, t=0.4)
    assert not page.evaluate("'requestVideoFrameCallback' in HTMLVideoElement.prototype")
    page.keyboard.press(" ")
    plays_frame_after_frame(page)
    page.keyboard.press(" ")
    click_at(page, 0.5)
    expect(page.locator(".stage canvas")).to_have_attribute("data-frame", "30")
    answer = api.post(f"/v1/videos/{street.id}/queries", json={"queries": [QUESTIONS[0]]}).json()
    compare(painted(page), boxes_at(answer, 30), (320, 180))
    for key, frame in (("ArrowRight", "31"), ("ArrowLeft", "30")):
        page.keyboard.press(key)
        expect(page.locator(".stage canvas")).to_have_attribute("data-frame", frame)
