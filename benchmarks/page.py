"""How fast the page is: first paint, asking, filtering and drawing, with many tracks of a long clip.

    python benchmarks/page.py

Makes a clip of ten minutes and, through the real store, an index of 300 tracks for it, copies of those of the rendered
street; starts the service, has Chromium ask 20 questions, and plays. A drawn frame is one clearing of the canvas.
Chromium must be installed (Debian: `apt-get install chromium`).
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from page_pictures import browsing, serving

from trackspeak.models.digests import sha256_of
from trackspeak.models.training.render import demo_clip
from trackspeak.plugins.contract import Observations, Segments, Trajectory
from trackspeak.service import RunOptions
from trackspeak.service.assemble import assemble
from trackspeak.service.client import Client
from trackspeak.service.demo import write_clip
from trackspeak.service.formats.mp4 import mp4_writer
from trackspeak.service.indexing import make_index
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video
from trackspeak.service.settings import Settings
from trackspeak.service.store.index_file import StoredIndex
from trackspeak.service.store.indexes import Indexes

QUESTIONS = (
    *(f"{colour} car" for colour in ("red", "blue", "white", "black", "silver", "green", "yellow")),
    *(f"cars moving {way}" for way in ("left", "right", "up", "down")),
    *("a bus", "a van", "a truck", "people", "fast cars", "slow cars", "cars in the left lane"),
    *('"red car" and "moving left"', '"a van" or "a bus"'),
)
PLAYED_S = 10.0
COLUMNS = ("track_ids", "first_frames", "last_frames", "look_rows", "windows")
STEP = 1000
MOVE_THRESHOLD = """
async () => {
  const slider = document.querySelector("input[type=range]");
  const took = [];
  for (const value of [0.3, 0.4, 0.6, 0.7, 0.8, 0.5]) {
    const begun = performance.now();
    slider.value = value;
    slider.dispatchEvent(new Event("input"));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    took.push(performance.now() - begun);
  }
  return took;
}
"""
COUNT_DRAWN = """
  window.drawn = 0;
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...place) {
    if (this.canvas.closest(".stage")) window.drawn++;
    return clear.apply(this, place);
  };
"""


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tracks", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--fps", type=float, default=60.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        clip = write_long(data / "long.mp4", given.minutes * 60, given.fps)
        with serving(data / "service") as address, browsing() as browser:
            with Client(address) as client:
                video = client.upload(clip).id
            stored = multiplied(data, clip, given.tracks)
            Indexes(Settings(data=data / "service").indexes_folder).add(stored)
            boxes = sum(len(track.frame_indices) for track in stored.index.trajectories)
            print(f"{given.minutes:g} min at {given.fps:g} fps, {given.tracks} tracks, {boxes} boxes")
            measure(browser, address, video)


def measure(browser: Any, address: str, video: str) -> None:
    """Drive the page."""
    page = browser.new_page(viewport={"width": 1360, "height": 860})
    page.goto(address)
    page.wait_for_selector(".video")
    paint = page.evaluate("performance.getEntriesByType('paint').map(({ name, startTime }) => [name, startTime])")
    print("; ".join(f"{name} {start_ms:.0f} ms" for name, start_ms in paint), "after the address was entered")
    page.add_init_script(COUNT_DRAWN)
    page.goto(f"{address}/?video={video}")
    page.wait_for_selector(".ask")
    page.wait_for_timeout(3000)
    for question in QUESTIONS:
        chips = page.locator(".chip").count()
        page.fill("input[name=question]", question)
        page.keyboard.press("Enter")
        page.wait_for_function("count => document.querySelectorAll('.chip').length > count", arg=chips)
    print(f"{page.locator('.chip').count()} questions are shown, {page.locator('.card').count()} cards")
    page.evaluate("document.activeElement.blur()")
    moved_ms = page.evaluate(MOVE_THRESHOLD)
    print(f"the threshold moved: drawn after {np.median(moved_ms):.0f} ms at the median, {max(moved_ms):.0f} at most")
    page.keyboard.press(" ")
    page.wait_for_timeout(1000)
    before, began_s = page.evaluate("[window.drawn, document.querySelector('video').currentTime]")
    page.wait_for_timeout(PLAYED_S * 1000)
    after, ended_s = page.evaluate("[window.drawn, document.querySelector('video').currentTime]")
    played_s = ended_s - began_s
    print(f"{(after - before) / PLAYED_S:.1f} drawn frames a second; {played_s:.1f} s of the clip in {PLAYED_S:g} s")


def write_long(path: Path, seconds: float, fps: float) -> Path:
    """Write a clip on which a bar moves."""
    width, height = 320, 180
    with mp4_writer(path, width, height, fps) as write:
        picture = np.full((height, width, 3), 60, np.uint8)
        for number in range(round(seconds * fps)):
            picture[:, :, 1] = 60
            picture[:, number % width, 1] = 200
            write(picture, number / fps)
    return path


def multiplied(folder: Path, clip: Path, count: int) -> StoredIndex:
    """Index the rendered street, and spread its tracks over the clip again and again."""
    street = demo_clip()
    write_clip(street.rgb, street.frame_rate, folder / "street.mp4")
    options = RunOptions()
    assembly = assemble(options)
    made = make_index(open_video(folder / "street.mp4", Limits()), "long.mp4", assembly, options)
    base, video = made.index, open_video(clip, Limits())
    frames = video.info.declared_frames or 0
    copies = -(-count // len(base.trajectories))
    last = max(int(track.frame_indices[-1]) for track in base.trajectories)
    rate = video.info.frame_rate
    shifts = np.linspace(0, frames - last - 2, copies).astype(np.int64)
    scale = np.array([320, 180, 320, 180], np.float32) / np.array([*street.rgb.shape[2:0:-1]] * 2, np.float32)
    pieces = [shifted(base.trajectories, shift, number, scale, rate) for number, shift in enumerate(shifts)]
    tracks = tuple(track for piece in pieces for track in piece)[:count]
    kept = {track.track_id for track in tracks}
    segments = [spread(base.segments, shift, number) for number, shift in enumerate(shifts)]
    joined = Segments(*(np.concatenate([getattr(one, name) for one in segments]) for name in COLUMNS))
    mine = np.isin(joined.track_ids, list(kept))
    chosen = Segments(*(getattr(joined, name)[mine] for name in COLUMNS))
    facts = replace(
        made.video,
        frames=frames,
        frame_rate=rate,
        width=320,
        height=180,
        duration_s=frames / rate,
        sha256=sha256_of(clip),
    )
    observed: Observations | None = base.observations
    index = replace(base, trajectories=tracks, segments=chosen, observations=observed, thumbnails={})
    return replace(made, id="5" * 32, video=facts, index=index)


def shifted(
    tracks: tuple[Trajectory, ...], shift: int, number: int, scale: np.ndarray[Any, Any], fps: float
) -> list[Trajectory]:
    """Give tracks later, under other ids."""
    return [
        replace(
            track,
            track_id=track.track_id + number * STEP,
            frame_indices=track.frame_indices + shift,
            times_s=(track.frame_indices + shift) / fps,
            boxes_xyxy=track.boxes_xyxy * scale,
        )
        for track in tracks
    ]


def spread(segments: Segments, shift: int, number: int) -> Segments:
    """Give segments later, of other tracks; their looks are the same."""
    return Segments(
        segments.track_ids + number * STEP,
        segments.first_frames + shift,
        segments.last_frames + shift,
        segments.look_rows,
        segments.windows,
    )


if __name__ == "__main__":
    main()
