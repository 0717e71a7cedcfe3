"""Light of a scene: sun, sky, their colours, and how a surface looks in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trackspeak.models.training.render.paint import to_srgb

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """Everything that a surface's colour depends on, in linear light.

    Attributes:
        sun_direction: (3,) unit vector towards the sun.
        sun_rgb: (3,) irradiance of a surface that faces the sun, 0 when overcast.
        sky_rgb: (3,) irradiance of a surface that faces up, from the sky alone.
        ground_rgb: (3,) light thrown back by the ground.
        horizon_rgb: (3,) what a mirror sees near the horizon.
        zenith_rgb: (3,) what a mirror sees overhead.
        shadow_strength: darkness of cast shadows, 0..1.
        shadow_softness_m: blur of a shadow's edge.
        haze_per_m: how fast objects fade into the horizon's colour.
        gain: exposure.
    """

    sun_direction: Float
    sun_rgb: Float
    sky_rgb: Float
    ground_rgb: Float
    horizon_rgb: Float
    zenith_rgb: Float
    shadow_strength: float
    shadow_softness_m: float
    haze_per_m: float
    gain: float

    def shade(self, albedo: Float, normals: Float, to_camera: Float, gloss: Float, emission: Float) -> Float:
        """Colour surfaces.

        Args:
            albedo: (F, 3) linear reflectance.
            normals: (F, 3) unit vectors.
            to_camera: (F, 3) unit vectors.
            gloss: (F,) mirror reflectance at a right angle, 0 for matt surfaces.
            emission: (F,) light of its own, in units of its albedo.

        Returns:
            (F, 3) sRGB in 0..255.
        """
        up = normals[:, 2:3]
        lit = np.maximum(normals @ self.sun_direction, 0.0)[:, None]
        diffuse = self.sky_rgb * (0.5 + 0.5 * up) + self.ground_rgb * (0.5 - 0.5 * up) + self.sun_rgb * lit
        facing = np.clip((normals * to_camera).sum(1), 0.0, 1.0)
        fresnel = np.where(gloss > 0, gloss + (1 - gloss) * 0.7 * (1 - facing) ** 5, 0.0)[:, None]
        mirrored = 2 * (normals * to_camera).sum(1)[:, None] * normals - to_camera
        height = np.clip(mirrored[:, 2:3], 0.0, 1.0)
        sky = self.horizon_rgb + (self.zenith_rgb - self.horizon_rgb) * height
        seen = np.where(mirrored[:, 2:3] > 0.0, sky, 0.6 * self.ground_rgb)
        glint = np.clip((mirrored @ self.sun_direction - 0.9) / 0.1, 0.0, 1.0)[:, None] ** 2
        colour = albedo * diffuse * (1 - fresnel) + fresnel * (seen + 2.0 * self.sun_rgb * glint)
        return to_srgb(self.gain * (colour + albedo * emission[:, None]))

    def flat(self, albedo: Float, distance_m: float = 0.0) -> tuple[float, float, float]:
        """Colour a matt horizontal surface: sRGB 0..255, faded by haze at that distance."""
        lit = self.sky_rgb + self.sun_rgb * max(float(self.sun_direction[2]), 0.0)
        colour = self.haze(to_srgb(self.gain * albedo * lit), distance_m)
        return float(colour[0]), float(colour[1]), float(colour[2])

    def haze(self, srgb: Float, distance_m: float) -> Float:
        """Fade sRGB colours (..., 3) into the horizon's colour by distance."""
        share = 1.0 - float(np.exp(-self.haze_per_m * max(distance_m, 0.0)))
        faded: Float = srgb * (1 - share) + share * to_srgb(self.gain * self.horizon_rgb)
        return faded


def neutral_light() -> Light:
    """White light from a bright sky and no haze, for clean scenes."""
    white = np.ones(3)
    direction = np.array([0.2, -0.3, 0.93])
    direction /= np.linalg.norm(direction)
    return Light(direction, 0.2 * white, 0.8 * white, 0.5 * white, 0.7 * white, 0.7 * white, 0.35, 0.15, 0.0, 1.0)


def day_light(rng: np.random.Generator) -> Light:
    """The light of a fair day, without haze."""
    azimuth, sky = float(rng.uniform(0, 2 * np.pi)), np.array([0.48, 0.52, 0.6])
    direction = np.array([0.6 * np.cos(azimuth), 0.6 * np.sin(azimuth), 0.8])
    sun = 0.55 * np.array([1.05, 1.0, 0.93])
    return Light(direction, sun, sky, 0.35 * (sky + 0.8 * sun), 0.75 * sky, 0.65 * sky, 0.45, 0.08, 0.0, 1.0)


def sample_light(rng: np.random.Generator) -> Light:
    """Draw the light of a scene: sunny, overcast, dusk, or hazy."""
    weather = str(rng.choice(["sunny", "bright", "overcast", "dusk"], p=[0.3, 0.2, 0.35, 0.15]))
    sun_share = {"sunny": rng.uniform(0.5, 0.75), "bright": rng.uniform(0.2, 0.5), "overcast": 0.0, "dusk": 0.05}[
        weather
    ]
    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(22, 70))
    direction = np.array([np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)])
    warm = rng.uniform(-0.06, 0.12)
    sun = sun_share / np.sin(elevation) ** 0.5 * np.array([1 + warm, 1.0, 1 - warm])
    blue = rng.uniform(0.0, 0.22) if weather != "overcast" else rng.uniform(-0.02, 0.12)
    sky_tint = np.array([1 - blue, 1.0, 1 + blue])
    sky = (1.0 - sun_share) * sky_tint
    # A camera balances the light that falls on the ground to white, though rarely all the way.
    falling = sky + sun * np.sin(elevation)
    balance = (falling / falling.mean()) ** -float(rng.uniform(0.5, 1.0))
    sun, sky, sky_tint = sun * balance, sky * balance, sky_tint * balance
    bounce = rng.uniform(0.06, 0.36) * (sky + sun * np.sin(elevation))
    radiance = rng.uniform(0.55, 1.15) * sky_tint * (1.0 - 0.4 * sun_share)
    gain = rng.uniform(0.8, 1.35) * (rng.uniform(0.45, 0.75) if weather == "dusk" else 1.0)
    if rng.random() < 0.25:  # a camera that meters a dark road blows the highlights out
        gain *= rng.uniform(1.15, 1.6)
    return Light(
        sun_direction=direction,
        sun_rgb=sun,
        sky_rgb=sky,
        ground_rgb=bounce,
        horizon_rgb=np.clip(radiance * rng.uniform(0.7, 1.05), 0, 1.2),
        zenith_rgb=radiance * (1.0 - rng.uniform(0.0, 0.3) * np.array([1.0, 0.6, 0.2])),
        shadow_strength=float(np.clip(0.2 + 0.6 * sun_share + rng.normal(0, 0.07), 0.12, 0.65)),
        shadow_softness_m=float(rng.uniform(0.04, 0.15) if sun_share > 0.2 else rng.uniform(0.2, 0.5)),
        haze_per_m=float(rng.choice([0.0, rng.uniform(0.001, 0.004), rng.uniform(0.004, 0.015)], p=[0.5, 0.35, 0.15])),
        gain=float(gain),
    )
