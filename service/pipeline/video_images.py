"""A folder of images as a video: the images in natural order, at a nominal rate."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import VideoError
from trackspeak.plugins.contract import Frame
from trackspeak.service.limits import Limits

from .video_info import PassReport, VideoInfo

if TYPE_CHECKING:
    from PIL import Image

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"})


class ImageFolder:
    """The images of one folder, sub-folders and hidden files left out.

    Args:
        path: the folder.
        limits: images, their pixels and bytes are checked against it.
        frame_rate: nominal frames per second, above 0.

    Raises:
        VideoError: if the folder or its first image cannot be read, or it holds no image.
        VideoLimitError: if it holds more than the limits allow.
    """

    def __init__(self, path: Path, limits: Limits, frame_rate: float) -> None:
        self._limits = limits
        try:
            entries = [entry for entry in path.iterdir() if entry.suffix.lower() in _SUFFIXES and entry.is_file()]
            size = sum(entry.stat().st_size for entry in entries)
        except OSError as error:
            raise VideoError(f"folder {path} cannot be read: {error.strerror}") from error
        self._images = sorted((entry for entry in entries if not entry.name.startswith(".")), key=_natural_order)
        if not self._images:
            raise VideoError(f"folder {path} holds no image ({', '.join(sorted(_SUFFIXES))})")
        limits.check_video("max_frames", len(self._images), f"images in folder {path}")
        limits.check_video("max_video_bytes", size, f"bytes of the images in folder {path}")
        limits.check_video("max_duration_s", len(self._images) / frame_rate, f"seconds of folder {path}")
        height, width, _ = _read_rgb(self._images[0], limits).shape
        count = len(self._images)
        self._info = VideoInfo(width, height, frame_rate, count, count / frame_rate)

    @property
    def info(self) -> VideoInfo:
        """The first image's size and the number of images."""
        return self._info

    def sha256(self) -> str:
        """The hash over each image's name, a zero byte, its size as 8 bytes (big-endian) and its bytes."""
        digest = hashlib.sha256()
        for path in self._images:
            try:
                content = path.read_bytes()
            except OSError as error:
                raise VideoError(f"image {path.name} cannot be read: {error.strerror}") from error
            digest.update(path.name.encode("utf-8", "surrogateescape") + b"\0" + len(content).to_bytes(8, "big"))
            digest.update(content)
        return digest.hexdigest()

    def read(self, report: PassReport) -> Iterator[Frame]:
        """Read all images.

        Raises:
            VideoError: naming the image that cannot be read or has another size than the first.
        """
        for index, path in enumerate(self._images):
            rgb = _read_rgb(path, self._limits)
            if rgb.shape != (self._info.height, self._info.width, 3):
                raise VideoError(
                    f"all images must have the size of the first, {self._info.width} x {self._info.height} "
                    f"({self._images[0].name}), got {rgb.shape[1]} x {rgb.shape[0]} in {path.name}"
                )
            report.frames, report.end_s = index + 1, (index + 1) / self._info.frame_rate
            yield Frame(index, index / self._info.frame_rate, rgb)


_SIXTEEN_BITS_AS_I = ("PPM", "PNG")
"""Formats whose 16-bit gray Pillow gives in mode "I"; a TIFF in that mode has 32 bits."""


def _natural_order(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Sort img2 before img10; the name itself decides between 01 and 1."""
    parts = re.split(r"([0-9]+)", path.name.casefold())
    return [(int(part), "") if part.isascii() and part.isdigit() else (0, part) for part in parts], path.name


def _read_rgb(path: Path, limits: Limits) -> npt.NDArray[np.uint8]:
    """Read one image as (H, W, 3) uint8, upright by its EXIF orientation."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            limits.check_video(
                "max_pixels_per_frame",
                image.width * image.height,
                f"pixels of {path.name} ({image.width} x {image.height})",
            )
            deep = image.mode.startswith("I;16") or (image.mode == "I" and image.format in _SIXTEEN_BITS_AS_I)
            return _to_rgb(ImageOps.exif_transpose(image), deep)
    except Image.DecompressionBombError as error:
        raise VideoError(f"image {path.name} is refused: {error}") from error
    except ImportError as error:  # once ultralytics is imported, Pillow asks for pi_heif about what it does not know
        raise VideoError(f"image {path.name} cannot be read: it is of no known format") from error
    except (OSError, ValueError, SyntaxError) as error:  # Pillow's ways to say that a file is broken
        raise VideoError(f"image {path.name} cannot be read: {error}") from error


def _to_rgb(image: Image.Image, deep: bool) -> npt.NDArray[np.uint8]:
    """Convert any mode; 16-bit gray (`deep`) keeps its upper 8 bits, where Pillow would clip it to white."""
    if deep:
        upper = (np.clip(np.asarray(image), 0, 65_535) >> 8).astype(np.uint8)
        return np.repeat(upper[:, :, None], 3, axis=2)  # (H, W) -> (H, W, 3)
    return np.array(image.convert("RGB"))
