"""Scenes in miniature, for the tests of training."""

from __future__ import annotations

import pytest

from trackspeak.models.training.boxes import true_boxes
from trackspeak.models.training.render import RenderOptions, render_clip
from trackspeak.models.training.scenes import Scene, build_scene


@pytest.fixture(scope="session")
def scenes() -> list[Scene]:
    clips = (render_clip(seed, RenderOptions(frames=20, width=240, height=144, frame_rate=10.0)) for seed in range(6))
    built = [build_scene(clip, [true_boxes], 64, 128, moments=None) for clip in clips]
    return [scene for scene in built if scene is not None]
