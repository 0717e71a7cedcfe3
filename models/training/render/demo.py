"""A small street clip to show the product with."""

from __future__ import annotations

from trackspeak.models.training.render.clip import render_clip
from trackspeak.models.training.render.options import ObjectSpec, RenderOptions
from trackspeak.models.training.truth import ClipTruth

DEMO_OBJECTS: tuple[ObjectSpec, ...] = (
    ObjectSpec("car", (200, 20, 28), "right", lane=-1.0, place=-0.1, speed_mps=6.0),
    ObjectSpec("van", (240, 240, 238), "right", lane=-1.0, place=-0.65, speed_mps=6.0),
    ObjectSpec("car", (30, 64, 186), "left", lane=0.0, place=1.1, speed_mps=7.0),
    ObjectSpec("bus", (246, 200, 30), "left", lane=1.0, place=1.5, speed_mps=6.0),
    ObjectSpec("car", (20, 20, 22), "left", lane=0.0, place=1.75, speed_mps=7.0),
    ObjectSpec("person", (228, 110, 24), "right", lane=-1.95, place=0.35, speed_mps=1.3),
    ObjectSpec("car", (34, 110, 60), "parked", lane=1.95, place=0.25),
    ObjectSpec("motorcycle", (210, 26, 30), "right", lane=-0.9, place=-1.2, speed_mps=6.5),
)


def demo_clip(seed: int = 7) -> ClipTruth:
    """Render the demonstration: 9 seconds of a street, 640x360 at 15 frames per second.

    A red car, a white van and a red motorcycle drive right, a blue and a black car and a yellow bus
    left; a green car is parked; a person in orange walks right.

    Args:
        seed: varies light, ground and details; the objects stay.
    """
    options = RenderOptions(
        frames=135, width=640, height=360, frame_rate=15.0, objects=DEMO_OBJECTS, camera_shake=False, effects="mild"
    )
    return render_clip(seed, options)
