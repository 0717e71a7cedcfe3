"""Scenes in miniature, for the tests of training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from trackspeak.models.training import loop
from trackspeak.models.training.boxes import true_boxes
from trackspeak.models.training.render import RenderOptions, render_clip
from trackspeak.models.training.scenes import Scene, build_scene


@pytest.fixture(scope="session")
def scenes() -> list[Scene]:
    clips = (render_clip(seed, RenderOptions(frames=20, width=240, height=144, frame_rate=10.0)) for seed in range(6))
    built = [build_scene(clip, [true_boxes], 64, 128, moments=None) for clip in clips]
    return [scene for scene in built if scene is not None]


@pytest.fixture
def kill_in_batch(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Give what kills training while it makes its n-th batch from then on, once."""

    def at(number: int) -> None:
        make_batch, calls = loop.make_batch, []

        def killed(*arguments: Any, **keywords: Any) -> Any:
            calls.append(1)
            if len(calls) == number:
                raise KeyboardInterrupt
            return make_batch(*arguments, **keywords)

        monkeypatch.setattr(loop, "make_batch", killed)

    return at
