"""Proportions of cars and vans."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trackspeak.models.training.truth import Kind


@dataclass(frozen=True, slots=True)
class BodyStyle:
    """Proportions of a car; lengths in metres, places along it as a share of its length from the middle.

    Attributes:
        length: bumper to bumper.
        width: without mirrors.
        height: roof above the ground.
        belt: height where the side windows start.
        hood: height of the hood's front edge.
        trunk: height of the tail's upper edge.
        screen_foot: where the windscreen meets the hood.
        roof_front: where the roof starts.
        roof_rear: where the roof ends.
        rear_foot: where the rear window ends.
        roof_width: roof width as a share of the width.
        windows: side windows, each from and to along the cabin's side, 0 at the windscreen.
        rear_window: whether the rear has a window.
        bed: whether the tail is an open load bed.
        passes_for: other kinds that some call it.
    """

    length: float
    width: float
    height: float
    belt: float
    hood: float
    trunk: float
    screen_foot: float
    roof_front: float
    roof_rear: float
    rear_foot: float
    roof_width: float
    windows: tuple[tuple[float, float], ...]
    rear_window: bool = True
    bed: bool = False
    passes_for: tuple[Kind, ...] = ()


_TWO = ((0.07, 0.47), (0.52, 0.9))
_FOUR = ((0.03, 0.19), (0.22, 0.45), (0.48, 0.7), (0.73, 0.96))
_THREE = ((0.06, 0.38), (0.42, 0.7), (0.74, 0.94))
_MINIVAN = BodyStyle(4.9, 1.95, 1.75, 1.02, 0.85, 1.0, 0.3, 0.14, -0.42, -0.485, 0.8, _THREE)
_PICKUP = BodyStyle(5.4, 1.94, 1.8, 1.12, 0.98, 1.1, 0.18, 0.08, -0.08, -0.11, 0.8, _TWO, bed=True)
CAR_STYLES: tuple[tuple[float, BodyStyle], ...] = (
    (0.30, BodyStyle(4.7, 1.8, 1.45, 0.95, 0.72, 0.98, 0.2, 0.06, -0.19, -0.36, 0.72, _TWO)),  # sedan
    (0.17, BodyStyle(4.0, 1.74, 1.5, 0.96, 0.74, 0.95, 0.24, 0.1, -0.34, -0.475, 0.74, _TWO)),  # hatchback
    (0.20, BodyStyle(4.6, 1.88, 1.74, 1.1, 0.92, 1.08, 0.21, 0.09, -0.4, -0.48, 0.78, _THREE)),  # SUV
    (0.10, BodyStyle(4.75, 1.82, 1.5, 0.95, 0.72, 0.95, 0.2, 0.06, -0.4, -0.48, 0.74, _THREE)),  # wagon
    (0.07, BodyStyle(4.4, 1.82, 1.32, 0.9, 0.66, 0.92, 0.14, -0.02, -0.17, -0.38, 0.7, ((0.08, 0.6),))),  # coupe
    (0.08, replace(_MINIVAN, passes_for=("van",))),
    (0.08, replace(_PICKUP, passes_for=("truck",))),
)
_CARGO = BodyStyle(5.3, 1.98, 2.2, 1.2, 0.95, 1.15, 0.4, 0.26, -0.49, -0.497, 0.88, ((0.04, 0.2),), rear_window=False)
VAN_STYLES: tuple[tuple[float, BodyStyle], ...] = (
    (0.5, _CARGO),
    (0.2, replace(_CARGO, length=4.6, height=1.9, screen_foot=0.3, roof_front=0.17, rear_window=True)),
    (0.3, replace(_CARGO, windows=_FOUR, rear_window=True, passes_for=("bus",))),  # minibus
)


def pick_style(rng: np.random.Generator, styles: tuple[tuple[float, BodyStyle], ...]) -> BodyStyle:
    """Draw a body style by weight and vary its proportions a little."""
    weights = np.array([weight for weight, _ in styles])
    style = styles[int(rng.choice(len(styles), p=weights / weights.sum()))][1]
    jitter = rng.uniform(0.96, 1.06, 3)
    return replace(
        style, length=style.length * jitter[0], width=style.width * jitter[1], height=style.height * jitter[2]
    )
