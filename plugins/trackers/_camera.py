"""The camera's own motion, as the library `trackers` finds it."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Frame


def silence_failures() -> None:
    """Keep the library from logging every frame whose motion it cannot tell; `camera_warnings` says it once."""
    logging.getLogger("trackers.cmc").setLevel(logging.ERROR)


def camera_warnings(compensation: Any) -> tuple[str, ...]:
    """Say in how many frames the camera's motion could not be told; nothing where nothing compensates for it."""
    failed = 0 if compensation is None else int(compensation.frames_failed)
    if not failed:
        return ()
    return (f"the camera's motion could not be told in {failed} frames, for which it was taken to stand still",)


def as_bgr(frame: Frame) -> npt.NDArray[np.uint8]:
    """Give a frame as OpenCV has it, blue first."""
    return np.ascontiguousarray(frame.rgb[:, :, ::-1])
