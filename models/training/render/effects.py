"""What a camera does to a picture: exposure, colour balance, blur, noise, rain, compression, shake."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]
_LUMA = np.array([0.299, 0.587, 0.114])  # as OpenCV turns RGB to grey


@dataclass(frozen=True, slots=True, eq=False)
class CameraEffects:
    """Effects of one clip.

    Attributes:
        gains: (T, 3) exposure and white balance per frame.
        gamma: tone curve.
        lift: haze or glare that lifts the blacks, in 0..255.
        saturation: 1 keeps colours.
        blur_px: sigma of the lens blur, 0 for none.
        shrink: resolution that is really there, as a share of the image's.
        noise: (N, H, W, 3) uint8 around 128, N may be 0.
        rain: (N, H, W, 3) uint8 to add, N may be 0.
        vignette: (H, W, 3) uint8, 255 leaves a pixel as it is; empty for none.
        jpeg_quality: 0 for no compression.
        shake_xy: (T, 2) how far the picture is moved in pixels.
        shutter: share of a frame's time during which it is exposed.
    """

    gains: Float
    gamma: float
    lift: float
    saturation: float
    blur_px: float
    shrink: float
    noise: Image
    rain: Image
    vignette: Image
    jpeg_quality: int
    shake_xy: Float
    shutter: float

    def apply(self, rgb: Image, frame: int) -> Image:
        """Turn a clean frame (H, W, 3) into what the camera records."""
        height, width = rgb.shape[:2]
        if self.rain.size:
            rgb = cv2.add(rgb, self.rain[frame % len(self.rain)])
        if self.shrink < 1.0:
            small = (max(8, int(width * self.shrink)), max(8, int(height * self.shrink)))
            rgb = cv2.resize(cv2.resize(rgb, small, interpolation=cv2.INTER_AREA), (width, height))
        if self.blur_px > 0.2:
            rgb = cv2.GaussianBlur(rgb, (0, 0), self.blur_px)
        if self.vignette.size:
            rgb = cv2.multiply(rgb, self.vignette, scale=1 / 255)
        rgb = cv2.LUT(rgb, self._curve(frame))
        if abs(self.saturation - 1.0) > 0.02:
            grey = cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
            rgb = cv2.addWeighted(rgb, self.saturation, grey, 1.0 - self.saturation, 0)
        if self.noise.size:
            rgb = cv2.addWeighted(rgb, 1.0, self.noise[(frame * 7) % len(self.noise)], 1.0, -128.0)
        if self.jpeg_quality:
            flags = [cv2.IMWRITE_JPEG_QUALITY, self.jpeg_quality]
            _, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), flags)
            rgb = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        return np.asarray(rgb, dtype=np.uint8)

    def tone(self, rgb: Float, frame: int) -> Float:
        """Give what becomes of a colour (..., 3) in 0..255: exposure, balance, tone curve and saturation."""
        toned = self._toned(rgb / 255.0, frame)
        grey = toned @ _LUMA
        recorded: Float = np.clip(grey[..., None] + self.saturation * (toned - grey[..., None]), 0, 255)
        return recorded

    def _curve(self, frame: int) -> Image:
        level = np.arange(256)[:, None] / 255.0
        curve: Image = np.clip(np.rint(self._toned(level, frame)), 0, 255).astype(np.uint8)
        return curve[None]

    def _toned(self, level: Float, frame: int) -> Float:
        toned = np.clip(level * self.gains[frame], 0, 1) ** self.gamma
        return np.asarray(self.lift + toned * (255.0 - self.lift))


def _smooth_walk(rng: np.random.Generator, frames: int, columns: int) -> Float:
    """Smooth random curves (frames, columns) of about unit size."""
    time = np.linspace(0, 1, frames)[:, None]
    value = np.zeros((frames, columns))
    for cycles in (0.7, 1.7, 3.9):
        value += rng.normal(0, 0.6, columns) * np.sin(2 * np.pi * (cycles * time + rng.random(columns)))
    return value


def _noise_tiles(rng: np.random.Generator, height: int, width: int, sigma: float) -> Image:
    tile = rng.normal(0, sigma, (height + 32, width + 32, 1 if rng.random() < 0.5 else 3))
    tile = np.broadcast_to(tile, (*tile.shape[:2], 3))
    if rng.random() < 0.5:
        tile = 1.8 * cv2.GaussianBlur(tile, (0, 0), 0.7)
    pool = np.clip(tile + 128, 0, 255).astype(np.uint8)
    offsets = rng.integers(0, 32, (8, 2))
    return np.stack([pool[y : y + height, x : x + width] for y, x in offsets])


def _rain_tiles(rng: np.random.Generator, height: int, width: int) -> Image:
    tiles = np.zeros((4, height, width), np.uint8)
    slant = float(rng.normal(0, 0.2))
    for tile in tiles:
        for x, y, length in zip(
            rng.uniform(0, width, 140), rng.uniform(-20, height, 140), rng.uniform(6, 22, 140), strict=True
        ):
            end = (int(x + slant * length), int(y + length))
            cv2.line(tile, (int(x), int(y)), end, int(rng.integers(15, 50)), 1, cv2.LINE_AA)
    return np.repeat(tiles[..., None], 3, axis=3)


def _vignette(rng: np.random.Generator, height: int, width: int) -> Image:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    fall = 1.0 - float(rng.uniform(0.1, 0.4)) * (x**2 + y**2) / 2
    return np.repeat((255 * fall).astype(np.uint8)[..., None], 3, axis=2)


def no_effects(frames: int) -> CameraEffects:
    """A perfect camera."""
    none = np.zeros((0, 0, 0, 3), np.uint8)
    return CameraEffects(
        np.ones((frames, 3)),
        1.0,
        0.0,
        1.0,
        0.0,
        1.0,
        none,
        none,
        np.zeros((0, 0, 3), np.uint8),
        0,
        np.zeros((frames, 2)),
        0.0,
    )


def mild_effects(rng: np.random.Generator, frames: int, width: int, height: int) -> CameraEffects:
    """A good camera: a little noise, softness and motion blur."""
    perfect = no_effects(frames)
    return replace(perfect, noise=_noise_tiles(rng, height, width, 1.5), blur_px=0.45, shutter=0.3, jpeg_quality=88)


def sample_effects(rng: np.random.Generator, frames: int, width: int, height: int, *, may_shake: bool) -> CameraEffects:
    """Draw the effects of a clip."""
    none = np.zeros((0, height, width, 3), np.uint8)
    tint, green = rng.normal(0, 0.03), rng.normal(0, 0.012)
    balance = np.array([1 + tint, 1 + green, 1 - tint])
    drift = 1 + rng.choice([0.0, 0.015, 0.04], p=[0.5, 0.35, 0.15]) * _smooth_walk(rng, frames, 1)
    shake = np.zeros((frames, 2))
    if rng.random() < 0.2 and may_shake:
        shake = float(rng.uniform(0.4, 3.0)) * width / 480 * _smooth_walk(rng, frames, 2)
    return CameraEffects(
        gains=drift * balance * rng.uniform(0.9, 1.15),
        gamma=float(np.exp(rng.normal(0, 0.14))),
        lift=float(rng.choice([0.0, rng.uniform(3, 26)], p=[0.7, 0.3])),
        saturation=float(rng.normal(1.0, 0.12)),
        blur_px=float(rng.choice([0.0, rng.uniform(0.4, 0.8), rng.uniform(0.8, 1.3)], p=[0.35, 0.45, 0.2])),
        shrink=float(rng.choice([1.0, rng.uniform(0.55, 0.9)], p=[0.7, 0.3])),
        noise=_noise_tiles(rng, height, width, float(rng.uniform(0.7, 4.5))) if rng.random() < 0.65 else none,
        rain=_rain_tiles(rng, height, width) if rng.random() < 0.05 else none,
        vignette=_vignette(rng, height, width) if rng.random() < 0.3 else np.zeros((0, 0, 3), np.uint8),
        jpeg_quality=int(rng.integers(22, 92)) if rng.random() < 0.85 else 0,
        shake_xy=shake,
        shutter=float(rng.choice([0.0, rng.uniform(0.1, 0.7)], p=[0.4, 0.6])),
    )
