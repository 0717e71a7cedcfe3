"""The authors' protocol: against torchvision's transforms, which their code is made of, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from trackspeak.models.ikun import crop_boxes, normalise_expression, whole_frame

RGB = np.random.default_rng(0).integers(0, 256, (37, 61, 3), np.uint8)


def by_torchvision(image: Image.Image, size: int) -> torch.Tensor:
    from torchvision.transforms import functional

    longest = max(image.size)
    left, top = ((longest - side) // 2 for side in image.size)
    padding = [left, top, longest - image.width - left, longest - image.height - top]
    return functional.pil_to_tensor(functional.resize(functional.pad(image, padding), [size, size]))


@pytest.mark.parametrize(
    "box", [(3.9, 2.2, 20.1, 30.7), (-8.5, -3.0, 12.0, 9.9), (50.0, 20.0, 80.0, 60.0), (10.0, 10.0, 11.2, 36.0)]
)
def test_crops_are_torchvision_s(box: tuple[float, ...]) -> None:
    crop = crop_boxes(RGB, np.array([box], np.float32), 24)[0]
    expected = by_torchvision(Image.fromarray(RGB).crop(tuple(int(value) for value in box)), 24)
    torch.testing.assert_close(crop, expected, rtol=0, atol=0)


def test_frames_are_torchvision_s() -> None:
    torch.testing.assert_close(whole_frame(RGB, 96), by_torchvision(Image.fromarray(RGB), 96), rtol=0, atol=0)


def test_boxes_without_an_inside_or_far_away_give_a_picture() -> None:
    boxes = np.array([[5.0, 5.0, 5.4, 5.4], [1e9, 1e9, 1e9, 1e9], [-1e9, -1e9, 1e9, 1e9]], np.float32)
    assert crop_boxes(RGB, boxes, 8).shape == (3, 3, 8, 8)
    assert crop_boxes(RGB, boxes[:0], 8).shape == (0, 3, 8, 8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("left-vehicles-in-light-color", "left car in light-color"),
        ("people-who-are-walking", "pedestrian who are walking"),
        ("left cars which are in light colors", "left car which are in light-color"),
        ("males-in-the-left", "men in the left"),
        ("the red car", "the red car"),
    ],
)
def test_expressions_are_put_as_the_authors_put_them(text: str, expected: str) -> None:
    assert normalise_expression(text) == expected
