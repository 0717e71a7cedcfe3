"""Rendered street clips for the web page, every frame known, and a service that watches them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
import numpy.typing as npt
from served import wait_for

from trackspeak.models.training.render import ObjectSpec, RenderOptions, render_clip
from trackspeak.service.formats.mp4 import mp4_writer

RATE = 15.0
CARS = (
    ObjectSpec("car", (200, 20, 28), "right", lane=-1.0, place=0.1, speed_mps=6.0),
    ObjectSpec("car", (30, 64, 186), "left", lane=1.0, place=0.9, speed_mps=6.0),
)
QUESTIONS = ("red car", "blue car", "vehicles moving to the left")
"""The first means one of the two cars, both others the other one."""
BAD = '"red car" and (not "parked"'
"""A question that is wrong at its end."""

UNEVEN_S = (1 / 30, 1 / 8, 1 / 25, 1 / 12, 1 / 60, 1 / 10)
"""From frame to frame, again and again."""


@dataclass(frozen=True, slots=True)
class Street:
    """A clip of two cars: a red one drives to the right, a blue one to the left.

    Attributes:
        path: the file, H.264 in MP4.
        rgb: (T, H, W, 3) uint8, what was encoded.
        times_s: (T,) float64, when each frame is shown.
    """

    path: Path
    rgb: npt.NDArray[np.uint8]
    times_s: npt.NDArray[np.float64]

    def frame_at(self, time_s: float) -> int:
        """Give the frame that is shown at a time: the last one that has begun."""
        return int(np.searchsorted(self.times_s, time_s + 1e-4, side="right")) - 1


def render_street(path: Path, *, seed: int = 3, frames: int = 60, uneven: bool = False) -> Street:
    """Render a clip, 320 x 180."""
    options = RenderOptions(
        frames=frames, width=320, height=180, frame_rate=RATE, objects=CARS, camera_shake=False, effects="clean"
    )
    rgb = render_clip(seed, options).rgb
    gaps_s = np.resize(UNEVEN_S, frames) if uneven else np.full(frames, 1 / RATE)
    times_s = np.concatenate(([0.0], np.cumsum(gaps_s)[:-1]))
    with mp4_writer(path, 320, 180, RATE) as write:
        for image, time_s in zip(rgb, times_s, strict=True):
            write(np.ascontiguousarray(image[:, :, ::-1]), float(time_s))
    return Street(path, rgb, times_s)


class Watched(NamedTuple):
    """A clip that the service has watched."""

    id: str
    index: str
    street: Street


def watch(api: httpx.Client, street: Street, **options: Any) -> Watched:
    """Have the service watch a clip."""
    files = {"video": (street.path.name, street.path.read_bytes())}
    sent = api.post("/v1/videos", files=files)
    assert sent.status_code in (200, 201), sent.text
    job = api.post(f"/v1/videos/{sent.json()['id']}/index", json={"options": options}).json()["id"]
    ended = wait_for(lambda: _ended(api, job), "the index")
    assert ended["state"] == "succeeded", ended
    return Watched(sent.json()["id"], api.get(f"/v1/jobs/{job}/result").json()["index"], street)


def _ended(api: httpx.Client, job: str) -> Any:
    told = api.get(f"/v1/jobs/{job}").json()
    return told if told["state"] in ("succeeded", "failed", "cancelled") else None
