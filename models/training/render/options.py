"""What a caller may ask of the renderer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from trackspeak.models.training.truth import KINDS, Kind

Motion = Literal["left", "right", "up", "down", "parked"]


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """One object whose look and motion a caller fixes.

    Attributes:
        kind: what it is.
        paint_rgb: sRGB body paint or upper clothing, 0..255.
        motion: where it goes in the image, or `parked`.
        lane: its place across its direction of motion, in lane widths from the middle of the image; positive
            is farther from the camera for `left`, `right` and `parked`, and to the right for `up` and `down`.
        place: where it is at the first frame along its direction of motion, as a share of the image's width
            (`left`, `right`, `parked`: 0 is the left edge) or height (`up`, `down`: 0 is the upper edge);
            outside 0..1 it enters later.
        speed_mps: metres per second.
    """

    kind: Kind
    paint_rgb: tuple[int, int, int]
    motion: Motion
    lane: float = 0.0
    place: float = 0.5
    speed_mps: float = 7.0


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How a clip is rendered; everything not fixed here is drawn from the seed.

    Attributes:
        frames: number of frames.
        width: image width in pixels.
        height: image height in pixels.
        frame_rate: frames per second, None to draw 10 to 30.
        kinds: kinds that may appear among drawn objects.
        camera_shake: whether a minority of clips may shake.
        effects: `full` draws weather, light and camera faults widely; `mild` is a good camera by day; `clean` is
            neutral light, an even grey ground, no scenery and a perfect camera.
        objects: exactly these objects in place of drawn ones, seen from obliquely above.

    Raises:
        ValueError: a value is out of range.
    """

    frames: int = 48
    width: int = 480
    height: int = 288
    frame_rate: float | None = None
    kinds: tuple[Kind, ...] = KINDS
    camera_shake: bool = True
    effects: Literal["full", "mild", "clean"] = "full"
    objects: Sequence[ObjectSpec] | None = None

    def __post_init__(self) -> None:
        for name, least in (("frames", 1), ("width", 32), ("height", 32)):
            value = getattr(self, name)
            if value < least:
                raise ValueError(f"{name}: wanted at least {least}, got {value}")
        if self.frame_rate is not None and not self.frame_rate > 0:
            raise ValueError(f"frame_rate: wanted more than 0 frames per second, got {self.frame_rate}")
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown or not self.kinds:
            raise ValueError(f"kinds: wanted one or more of {', '.join(KINDS)}, got {unknown or 'none'}")
