"""What a paint is called: three-valued colour naming in OKLCh.

A colour word holds (1), does not hold (0), or is arguable (-1), since people disagree near the
borders and a network must not be punished there. Each word is a region of lightness, chroma and hue
with two borders: clearly inside the inner one it holds, outside the outer one it does not. OKLCh is
used because its hue stays the same for the eye from dark to light, also for blue, where CIE Lab's
and HSV's do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

Band = tuple[float, float, float, float]
"""Outer low, inner low, inner high, outer high."""

_ANY_HUE: Band = (-180.0, -180.0, 180.0, 180.0)
_FULL = 9.0

# Björn Ottosson's OKLab: linear sRGB to cone responses, and their cube roots to lightness and two opponents.
_LINEAR_RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_ROOT_LMS_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@dataclass(frozen=True, slots=True)
class ColourRegion:
    """Where a colour word holds.

    Attributes:
        lightness: band of OKLCh lightness, 0 black to 1 white.
        chroma: band of OKLCh chroma, 0 neutral to about 0.3.
        hue_deg: band of hue in degrees; red is about 29, yellow 110, green 142, blue 264.
    """

    lightness: Band
    chroma: Band
    hue_deg: Band = _ANY_HUE


COLOUR_REGIONS: MappingProxyType[str, ColourRegion] = MappingProxyType(
    {
        "red": ColourRegion((0.20, 0.27, 0.639, 0.70), (0.06, 0.10, _FULL, _FULL), (-12, 2, 36, 44)),
        "orange": ColourRegion((0.52, 0.60, 0.84, 0.90), (0.08, 0.12, _FULL, _FULL), (37, 44, 72, 85)),
        "yellow": ColourRegion((0.64, 0.74, 1.0, 1.0), (0.08, 0.12, _FULL, _FULL), (72, 85, 111, 120)),
        "green": ColourRegion((0.20, 0.28, 0.88, 0.94), (0.03, 0.06, _FULL, _FULL), (112, 128, 165, 190)),
        "blue": ColourRegion((0.20, 0.28, 0.72, 0.84), (0.035, 0.08, _FULL, _FULL), (200, 228, 272, 286)),
        "purple": ColourRegion((0.18, 0.25, 0.68, 0.80), (0.04, 0.08, _FULL, _FULL), (280, 294, 330, 345)),
        "pink": ColourRegion((0.56, 0.64, 0.92, 0.96), (0.035, 0.06, _FULL, _FULL), (-32, -16, 12, 26)),
        "brown": ColourRegion((0.18, 0.26, 0.48, 0.66), (0.025, 0.04, 0.11, 0.15), (20, 42, 80, 104)),
        "beige": ColourRegion((0.56, 0.72, 0.90, 0.95), (0.015, 0.028, 0.075, 0.11), (45, 62, 100, 114)),
        "white": ColourRegion((0.78, 0.90, 1.0, 1.0), (0.0, 0.0, 0.018, 0.032)),
        "black": ColourRegion((0.0, 0.0, 0.26, 0.40), (0.0, 0.0, 0.025, 0.05)),
        "grey": ColourRegion((0.31, 0.42, 0.74, 0.85), (0.0, 0.0, 0.018, 0.035)),
        "silver": ColourRegion((0.56, 0.66, 0.82, 0.90), (0.0, 0.0, 0.018, 0.04)),
        "dark_grey": ColourRegion((0.26, 0.34, 0.50, 0.58), (0.0, 0.0, 0.018, 0.035)),
        "dark_red": ColourRegion((0.18, 0.25, 0.43, 0.51), (0.06, 0.09, _FULL, _FULL), (-15, 0, 36, 48)),
        "light_blue": ColourRegion((0.55, 0.64, 0.90, 0.985), (0.008, 0.018, 0.14, 0.17), (188, 205, 266, 282)),
        "dark_blue": ColourRegion((0.12, 0.18, 0.37, 0.45), (0.025, 0.045, _FULL, _FULL), (215, 240, 275, 290)),
        "light_green": ColourRegion((0.66, 0.76, 0.94, 0.97), (0.025, 0.05, _FULL, _FULL), (110, 125, 162, 182)),
        "dark_green": ColourRegion((0.16, 0.22, 0.43, 0.52), (0.02, 0.04, _FULL, _FULL), (110, 125, 168, 192)),
        "dark": ColourRegion((0.0, 0.0, 0.36, 0.47), (0.0, 0.0, _FULL, _FULL)),
    }
)
"""Every colour concept's region."""

COLOUR_CONCEPTS: tuple[str, ...] = tuple(COLOUR_REGIONS)

BASE_COLOURS: MappingProxyType[str, str] = MappingProxyType(
    {
        "silver": "grey",
        "dark_grey": "grey",
        "dark_red": "red",
        "light_blue": "blue",
        "dark_blue": "blue",
        "light_green": "green",
        "dark_green": "green",
    }
)
"""A shade's plain colour, which is at least arguable where the shade holds."""

# No word holds clearly here, but several may be meant: (region, words that it makes arguable).
_ARGUABLE_REGIONS: tuple[tuple[ColourRegion, tuple[str, ...]], ...] = (
    # olive, khaki, mustard
    (
        ColourRegion((0.35, 0.35, 0.75, 0.75), (0.04, 0.04, _FULL, _FULL), (78, 78, 120, 120)),
        ("green", "yellow", "brown", "beige"),
    ),
    # tan, beige, cream
    (ColourRegion((0.62, 0.62, 1.0, 1.0), (0.02, 0.02, 0.11, 0.11), (45, 45, 114, 114)), ("white", "yellow", "brown")),
    # salmon, coral, peach
    (ColourRegion((0.66, 0.66, 0.95, 0.95), (0.035, 0.035, _FULL, _FULL), (12, 12, 45, 45)), ("red", "pink", "orange")),
    # lilac, magenta
    (ColourRegion((0.53, 0.53, 0.96, 0.96), (0.035, 0.035, _FULL, _FULL), (-75, -75, -10, -10)), ("purple", "pink")),
    # teal and turquoise
    (ColourRegion((0.3, 0.3, 0.95, 0.95), (0.04, 0.04, _FULL, _FULL), (172, 172, 222, 222)), ("green", "blue")),
)


def oklch(rgb: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Lightness, chroma and hue of sRGB colours.

    Args:
        rgb: (..., 3), sRGB in 0..255.

    Returns:
        (..., 3) float64: lightness in 0..1, chroma from 0, hue in degrees in -180..180.
    """
    encoded = np.asarray(rgb, dtype=np.float64) / 255.0
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    lab = np.cbrt(linear @ _LINEAR_RGB_TO_LMS.T) @ _ROOT_LMS_TO_OKLAB.T
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue_deg = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    return np.stack([lab[..., 0], chroma, hue_deg], axis=-1)


def colour_matrix(paints_rgb: npt.ArrayLike) -> npt.NDArray[np.int8]:
    """Which colour words hold for which paints.

    Args:
        paints_rgb: (N, 3) sRGB in 0..255.

    Returns:
        (N, len(COLOUR_CONCEPTS)) int8: 1 holds, 0 does not, -1 arguable.
    """
    lch = oklch(np.asarray(paints_rgb, dtype=np.float64).reshape(-1, 3))
    labels = np.stack([_in_region(lch, region) for region in COLOUR_REGIONS.values()], axis=1)
    for region, words in _ARGUABLE_REGIONS:
        inside = _in_region(lch, region) == 1
        for word in words:
            column = COLOUR_CONCEPTS.index(word)
            labels[inside & (labels[:, column] == 0), column] = -1
    for shade, plain in BASE_COLOURS.items():
        unsure = (labels[:, COLOUR_CONCEPTS.index(shade)] == 1) & (labels[:, COLOUR_CONCEPTS.index(plain)] == 0)
        labels[unsure, COLOUR_CONCEPTS.index(plain)] = -1
    return labels


def seen_colour_matrix(
    paints_rgb: npt.ArrayLike, seen_rgb: npt.ArrayLike, trims_rgb: npt.ArrayLike
) -> npt.NDArray[np.int8]:
    """Which colour words hold for which objects, by their paint and by how it looks in the scene's light.

    A word holds where it holds for the paint and is at least arguable for what is seen; it does not hold
    where it holds for neither, nor for a second surface about as large. Else it is arguable: a white car at
    dusk is grey to one and white to another, and a red truck with a white body may be called either.

    Args:
        paints_rgb: (N, 3) sRGB in 0..255, in neutral light.
        seen_rgb: (N, 3) the same as recorded; NaN where the paint hardly shows: every word is arguable.
        trims_rgb: (N, 3) the second surface as recorded; NaN where there is none.

    Returns:
        (N, len(COLOUR_CONCEPTS)) int8: 1 holds, 0 does not, -1 arguable.
    """
    paint = colour_matrix(paints_rgb)
    seen, unseen = _recorded(seen_rgb)
    trim, plain = _recorded(trims_rgb)
    holds, fails = (paint == 1) & (seen != 0), (paint == 0) & (seen == 0) & (plain | (trim == 0))
    return np.where(unseen, -1, np.where(holds, 1, np.where(fails, 0, -1))).astype(np.int8)


def _recorded(seen_rgb: npt.ArrayLike) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
    """Words of what the camera recorded, (N, C), and (N, 1) where it is NaN."""
    rows = np.asarray(seen_rgb, dtype=np.float64).reshape(-1, 3)
    missing = np.asarray(np.isnan(rows).any(axis=1, keepdims=True))
    return colour_matrix(np.where(missing, 0.0, rows)), missing


def colour_labels(paint_rgb: npt.ArrayLike) -> dict[str, int]:
    """Which colour words hold for one paint.

    Args:
        paint_rgb: (3,) sRGB in 0..255.

    Returns:
        Each colour concept with 1 (holds), 0 (does not) or -1 (arguable).
    """
    row = colour_matrix(np.asarray(paint_rgb)[None])[0]
    return {concept: int(label) for concept, label in zip(COLOUR_CONCEPTS, row, strict=True)}


def _in_region(lch: npt.NDArray[np.float64], region: ColourRegion) -> npt.NDArray[np.int8]:
    inner = np.ones(len(lch), dtype=bool)
    outer = np.ones(len(lch), dtype=bool)
    for values, band in (
        (lch[:, 0], region.lightness),
        (lch[:, 1], region.chroma),
        (_unwrapped(lch[:, 2], region.hue_deg), region.hue_deg),
    ):
        outer &= (values >= band[0]) & (values <= band[3])
        inner &= (values >= band[1]) & (values <= band[2])
    return np.where(inner, 1, np.where(outer, -1, 0)).astype(np.int8)


def _unwrapped(hue_deg: npt.NDArray[np.float64], band: Band) -> npt.NDArray[np.float64]:
    centre = (band[0] + band[3]) / 2
    return (hue_deg - centre + 180.0) % 360.0 - 180.0 + centre
