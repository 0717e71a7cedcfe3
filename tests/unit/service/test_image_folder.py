"""Folders of images as videos."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trackspeak.models.errors import VideoError, VideoLimitError
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video


def save(path: Path, gray: int, size: tuple[int, int] = (32, 24), mode: str = "RGB") -> None:
    Image.new("RGB", size, (gray, gray, gray)).convert(mode).save(path)


def levels(folder: Path) -> list[int]:
    """The middle pixel of every frame."""
    return [int(frame.rgb[12, 16, 0]) for frame in open_video(folder, Limits()).frames()]


def test_images_come_in_natural_order_with_times(tmp_path: Path) -> None:
    for number, gray in [(10, 30), (2, 20), (1, 10), (100, 40)]:
        save(tmp_path / f"img{number}.png", gray)
    save(tmp_path / ".hidden.png", 99)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "folder.png").mkdir()
    video = open_video(tmp_path, Limits(), folder_frame_rate=4)
    frames = list(video.frames())
    assert [int(frame.rgb[0, 0, 0]) for frame in frames] == [10, 20, 30, 40]
    assert [frame.time_s for frame in frames] == [0, 0.25, 0.5, 0.75]
    assert (video.info.width, video.info.height, video.info.frame_rate) == (32, 24, 4)
    assert (video.facts().frames, video.facts().duration_s) == (4, 1.0)
    assert video.warnings == ()


def test_the_default_rate_is_ten(tmp_path: Path) -> None:
    save(tmp_path / "a.png", 1)
    assert open_video(tmp_path, Limits()).info.frame_rate == 10


def test_formats_and_modes_become_rgb(tmp_path: Path) -> None:
    for number, (suffix, mode) in enumerate(
        [("jpg", "RGB"), ("JPEG", "L"), ("png", "P"), ("bmp", "1"), ("webp", "RGBA"), ("tif", "CMYK"), ("pgm", "L")]
    ):
        save(tmp_path / f"{number}.{suffix}", 255, mode=mode)
    Image.fromarray(np.full((24, 32), 200 << 8, np.uint16)).save(tmp_path / "7.png")
    found = levels(tmp_path)
    assert found[:7] == pytest.approx([255] * 7, abs=3)
    assert found[7] == 200  # 16 bits keep their upper 8


def test_a_tiff_of_32_bits_is_no_16_bit_picture(tmp_path: Path) -> None:
    Image.fromarray(np.full((24, 32), 200, np.int32)).save(tmp_path / "1.tiff")
    assert levels(tmp_path) == [200]


def test_a_pgm_of_16_bits_keeps_its_upper_8(tmp_path: Path) -> None:
    (tmp_path / "1.pgm").write_bytes(b"P5 32 24 65535\n" + np.full((24, 32), 200 << 8, ">u2").tobytes())
    assert levels(tmp_path) == [200]


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    image = Image.new("RGB", (32, 24))
    image.paste((255, 255, 255), (0, 0, 16, 24))
    exif = image.getexif()
    exif[0x0112] = 6  # turn clockwise by a quarter to see it upright
    image.save(tmp_path / "turned.png", exif=exif)
    frame = next(open_video(tmp_path, Limits()).frames())
    assert frame.rgb.shape == (32, 24, 3)
    assert (frame.rgb[2, 12, 0], frame.rgb[-2, 12, 0]) == (255, 0)


def test_another_size_is_refused_by_name(tmp_path: Path) -> None:
    save(tmp_path / "1.png", 1)
    save(tmp_path / "2.png", 1, size=(33, 24))
    video = open_video(tmp_path, Limits())
    with pytest.raises(VideoError, match=r"32 x 24 \(1.png\), got 33 x 24 in 2.png"):
        list(video.frames())


@pytest.mark.parametrize("content", [b"", b"no image", None])
def test_a_broken_image_is_refused_by_name(tmp_path: Path, content: bytes | None) -> None:
    save(tmp_path / "1.png", 1)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)).save(tmp_path / "2.png")
    broken = (tmp_path / "2.png").read_bytes()[:900] if content is None else content
    (tmp_path / "2.png").write_bytes(broken)
    video = open_video(tmp_path, Limits())
    with pytest.raises(VideoError, match=r"image 2\.png cannot be read"):
        list(video.frames())


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        (Limits(max_frames=2), "max_frames"),
        (Limits(max_video_bytes=100), "max_video_bytes"),
        (Limits(max_duration_s=0.2), "max_duration_s"),
        (Limits(max_pixels_per_frame=700), "max_pixels_per_frame"),
    ],
)
def test_limits_hold(tmp_path: Path, limits: Limits, field: str) -> None:
    for number in range(3):
        save(tmp_path / f"{number}.png", number)
    with pytest.raises(VideoLimitError, match=field):
        open_video(tmp_path, limits)


def test_the_hash_is_of_names_and_bytes(tmp_path: Path) -> None:
    hashes = set()
    for folder, names in [("a", "12"), ("same", "12"), ("renamed", "13")]:
        (tmp_path / folder).mkdir()
        for gray, name in enumerate(names):
            save(tmp_path / folder / f"{name}.png", gray)
        hashes.add(open_video(tmp_path / folder, Limits()).sha256)
    save(tmp_path / "same" / "2.png", 77)
    hashes.add(open_video(tmp_path / "same", Limits()).sha256)
    assert len(hashes) == 3
