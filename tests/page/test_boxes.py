"""The boxes over the video are those of the service's answer, in the frame that is really shown."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from canvas_pixels import boxes_at, compare, painted, shown_frame
from page_browser import Visit, click_at
from page_clips import QUESTIONS
from playwright.sync_api import Page

CHANGING = "a car on the left"
"""Means each car for a part of the clip alone."""
_NOW = """() => {
  const media = document.querySelector('.stage video');
  const canvas = document.querySelector('.stage canvas');
  return {time_s: media.currentTime, seeking: media.seeking || media.readyState < 2, frame: canvas.dataset.frame};
}"""
_PLAY = """async () => {
  const [media, canvas] = [document.querySelector('.stage video'), document.querySelector('.stage canvas')];
  const seen = [];
  await new Promise((resolve) => {
    const look = (_now, {mediaTime}) => {
      const frame = canvas.dataset.frame; // the player was told of the frame before this was
      seen.push([mediaTime, frame]);
      if (seen.length < 12) media.requestVideoFrameCallback(look);
      else resolve();
    };
    media.requestVideoFrameCallback(look);
    media.addEventListener('ended', resolve);
    media.play();
  });
  media.pause();
  return seen;
}"""


def settled(page: Page, watched: Any) -> int:
    """Wait until the boxes drawn are of the frame that belongs to the video's time; gives its number."""
    page.wait_for_function(
        f"""times => {{
            const now = ({_NOW})();
            return !now.seeking && now.frame === String(times.findLastIndex((one) => one <= now.time_s + 1e-4));
        }}""",
        arg=watched.street.times_s.tolist(),
    )
    return int(page.evaluate(_NOW)["frame"])


def check_frame(page: Page, watched: Any, answer: Any) -> int:
    """Compare what is painted with the answer, and the frame's number with the picture."""
    frame = settled(page, watched)
    assert frame == shown_frame(page, watched.street)
    compare(painted(page), boxes_at(answer, frame), (320, 180))
    return frame


@pytest.mark.parametrize("name", ["street", "uneven"])
def test_the_right_boxes_lie_over_the_right_frames(
    visit: Visit, api: httpx.Client, name: str, request: pytest.FixtureRequest
) -> None:
    watched = request.getfixturevalue(name)
    queries = [*QUESTIONS, CHANGING]
    answer = api.post(f"/v1/videos/{watched.id}/queries", json={"queries": queries}).json()
    times_s = watched.street.times_s
    page = visit.open(video=watched.id, q=queries, t=f"{times_s[20] + 0.001:.3f}")
    page.wait_for_selector(".card")
    moves: list[Callable[[], object]] = [
        lambda: click_at(page, 0.5),
        lambda: page.keyboard.press("ArrowRight"),
        lambda: page.keyboard.press("ArrowLeft"),
        lambda: click_at(page, 0.8),
        lambda: page.keyboard.press("Shift+ArrowLeft"),
    ]
    frames = [check_frame(page, watched, answer)]
    for move in moves:
        page.locator("h1").click()  # keys go to the player then, not to the timeline
        move()
        page.wait_for_function(f"before => ({_NOW})().frame !== before", arg=str(frames[-1]))
        frames.append(check_frame(page, watched, answer))

    assert frames[0] == 20
    assert frames[2] == frames[1] + 1
    assert frames[3] == frames[1]
    changing = {len(boxes_at({"queries": answer["queries"][-1:]}, frame)) for frame in frames}
    assert changing == {0, 1}  # there and gone again, of the tracks that other questions mean all the time


@pytest.mark.parametrize("name", ["street", "uneven"])
def test_boxes_stay_in_step_while_it_plays(visit: Visit, name: str, request: pytest.FixtureRequest) -> None:
    watched = request.getfixturevalue(name)
    page = visit.open(video=watched.id, q=QUESTIONS[0], t="0.8")
    page.wait_for_selector(".card")
    settled(page, watched)
    seen = page.evaluate(_PLAY)
    assert [int(frame) for _, frame in seen] == [watched.street.frame_at(time_s) for time_s, _ in seen]
    assert len({frame for _, frame in seen}) > 3  # a busy machine may leave frames out
