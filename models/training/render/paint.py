"""Paint and clothing colours, and the steps between sRGB and linear light."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Rgb = tuple[int, int, int]

# Each family: its weight, then anchors in sRGB between which a paint is mixed.
_VEHICLE: tuple[tuple[float, tuple[Rgb, ...]], ...] = (
    (13.0, ((244, 244, 242), (226, 228, 230), (236, 232, 222))),  # white
    (11.0, ((14, 14, 16), (28, 28, 30), (22, 24, 30))),  # black
    (10.0, ((92, 94, 98), (120, 122, 124), (70, 72, 76))),  # grey
    (10.0, ((178, 180, 184), (196, 198, 200), (164, 168, 174))),  # silver
    (8.0, ((196, 22, 28), (214, 30, 30), (176, 16, 34))),  # red
    (5.0, ((108, 16, 26), (88, 14, 24), (130, 22, 40))),  # maroon
    (6.0, ((26, 62, 176), (34, 84, 200), (44, 48, 168))),  # vivid blue
    (4.0, ((18, 28, 70), (24, 36, 88), (14, 22, 54))),  # navy
    (4.5, ((110, 160, 206), (140, 182, 214), (90, 148, 204))),  # light blue
    (3.5, ((132, 152, 172), (150, 168, 182), (138, 162, 176))),  # silver-blue
    (5.0, ((160, 194, 208), (182, 208, 222), (150, 186, 200), (170, 196, 220))),  # pale, icy blue
    (6.5, ((28, 98, 52), (58, 138, 62), (20, 64, 42), (96, 164, 72))),  # green
    (6.5, ((240, 196, 24), (250, 214, 46), (228, 180, 16))),  # yellow
    (6.0, ((232, 106, 20), (240, 128, 34), (214, 88, 22))),  # orange
    (5.0, ((94, 62, 40), (122, 84, 54), (74, 50, 36))),  # brown
    (3.5, ((200, 184, 150), (186, 168, 132), (214, 200, 170))),  # beige
    (1.5, ((96, 44, 128), (120, 60, 150))),  # purple
)
_CLOTHING: tuple[tuple[float, tuple[Rgb, ...]], ...] = (
    *_VEHICLE,
    (7.0, ((232, 116, 166), (240, 150, 186), (222, 80, 140))),  # pink
    (6.0, ((110, 50, 150), (138, 80, 170), (84, 40, 120))),  # purple
    (5.0, ((40, 140, 140), (60, 160, 90), (70, 120, 60))),  # teal and greens
)
_TROUSERS: tuple[Rgb, ...] = ((30, 32, 38), (44, 56, 86), (70, 82, 110), (90, 84, 76), (150, 136, 110), (60, 62, 64))
_SKIN: tuple[Rgb, ...] = ((232, 190, 160), (206, 160, 126), (150, 104, 76), (96, 66, 50))
_HAIR: tuple[Rgb, ...] = ((24, 20, 18), (60, 40, 26), (110, 80, 44), (170, 140, 90), (150, 148, 146))


def _mix(rng: np.random.Generator, anchors: tuple[Rgb, ...], spread: float) -> npt.NDArray[np.uint8]:
    weights = rng.dirichlet(np.ones(len(anchors)))
    rgb = weights @ np.asarray(anchors, dtype=np.float64) + rng.normal(0.0, spread, 3)
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def _from_families(
    rng: np.random.Generator, families: tuple[tuple[float, tuple[Rgb, ...]], ...]
) -> npt.NDArray[np.uint8]:
    weights = np.array([weight for weight, _ in families])
    chosen = int(rng.choice(len(families), p=weights / weights.sum()))
    return _mix(rng, families[chosen][1], 4.0)


def sample_vehicle_paint(rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Draw a body paint, about two in five without hue.

    Returns:
        (3,) uint8 sRGB.
    """
    return _from_families(rng, _VEHICLE)


def sample_clothing(rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Draw the colour of a person's upper clothing: (3,) uint8 sRGB."""
    return _from_families(rng, _CLOTHING)


def sample_trousers(rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Draw the colour of a person's lower clothing, mostly dark or denim: (3,) uint8 sRGB."""
    return _from_families(rng, _CLOTHING) if rng.random() < 0.15 else _mix(rng, _TROUSERS, 6.0)


def sample_skin_and_hair(rng: np.random.Generator) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Draw a skin and a hair colour, each (3,) uint8 sRGB."""
    skin = _mix(rng, (_SKIN[int(rng.integers(len(_SKIN)))],), 6.0)
    return skin, _mix(rng, (_HAIR[int(rng.integers(len(_HAIR)))],), 5.0)


def to_linear(rgb: npt.ArrayLike) -> Float:
    """Turn sRGB values in 0..255 into linear light in 0..1, of the same shape."""
    value = np.asarray(rgb, dtype=np.float64) / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: npt.ArrayLike) -> Float:
    """Turn linear light (clipped to 0..1) into sRGB values in 0..255, of the same shape."""
    value = np.clip(np.asarray(linear, dtype=np.float64), 0.0, 1.0)
    return 255.0 * np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)
