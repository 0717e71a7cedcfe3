import numpy as np
import pytest
import torch

from trackspeak.models.crops import crop_boxes, normalise, whole_frame
from trackspeak.models.errors import ContractError

HEIGHT, WIDTH = 40, 60


def make_frame() -> np.ndarray:
    return np.random.default_rng(4).integers(1, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def boxes(*rows: list[float]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def test_a_box_of_the_wanted_size_is_cut_out_unchanged() -> None:
    frame = make_frame()
    crops = crop_boxes(frame, boxes([10, 5, 26, 21], [0.4, 1.6, 16.4, 17.6]), 16)
    assert crops.dtype == torch.uint8
    assert np.array_equal(crops[0].permute(1, 2, 0), frame[5:21, 10:26])
    assert np.array_equal(crops[1].permute(1, 2, 0), frame[2:18, 0:16])


def test_proportions_are_kept_with_black_on_both_sides() -> None:
    frame = make_frame()
    wide, tall = crop_boxes(frame, boxes([4, 4, 20, 12], [4, 4, 12, 20]), 16)
    assert np.array_equal(wide[:, 4:12].permute(1, 2, 0), frame[4:12, 4:20])
    assert not wide[:, :4].any()
    assert not wide[:, 12:].any()
    assert np.array_equal(tall[:, :, 4:12].permute(1, 2, 0), frame[4:20, 4:12])
    assert not tall[:, :, :4].any()
    assert not tall[:, :, 12:].any()


def test_stretching_fills_the_square() -> None:
    frame = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    assert (crop_boxes(frame, boxes([4, 4, 20, 12]), 16, square_pad=False) == 200).all()


def test_shrinking_averages() -> None:
    frame = make_frame()
    crop = crop_boxes(frame, boxes([8, 8, 40, 40]), 16)[0].permute(1, 2, 0).numpy()
    expected = frame[8:40, 8:40].reshape(16, 2, 16, 2, 3).mean(axis=(1, 3))
    assert np.abs(crop - expected).max() <= 1


@pytest.mark.parametrize(
    ("box", "left", "top", "right", "bottom"),
    [
        ([-10, -5, 8, 8], 0, 0, 8, 8),
        ([52, 30, 90, 70], 52, 30, 60, 40),
        ([-100, -100, -50, -50], 0, 0, 1, 1),
        ([500, 500, 900, 900], 59, 39, 60, 40),
        ([20, 10, 20, 10], 20, 10, 21, 11),
        ([1e9, -1e9, 2e9, 1e9], 59, 0, 60, 40),
    ],
)
def test_what_lies_outside_is_cut_off_and_a_pixel_remains(
    box: list[float], left: int, top: int, right: int, bottom: int
) -> None:
    frame = make_frame()
    inside = boxes([left, top, right, bottom])
    assert torch.equal(crop_boxes(frame, boxes(box), 16), crop_boxes(frame, inside, 16))
    size = max(right - left, bottom - top)
    crop = crop_boxes(frame, boxes(box), size)[0].permute(1, 2, 0).numpy()
    assert np.array_equal(crop[crop.any(axis=2)], frame[top:bottom, left:right].reshape(-1, 3))


def test_a_margin_is_a_share_of_the_box() -> None:
    frame = make_frame()
    grown = crop_boxes(frame, boxes([20, 10, 40, 30]), 30, margin=0.25)
    assert torch.equal(grown, crop_boxes(frame, boxes([15, 5, 45, 35]), 30))
    shrunk = crop_boxes(frame, boxes([20, 10, 40, 30]), 10, margin=-0.25)
    assert torch.equal(shrunk, crop_boxes(frame, boxes([25, 15, 35, 25]), 10))


def test_no_boxes_give_no_crops() -> None:
    assert crop_boxes(make_frame(), boxes(), 16).shape == (0, 3, 16, 16)


def test_the_frame_is_neither_changed_nor_kept() -> None:
    frame = make_frame()
    before = frame.copy()
    crop = crop_boxes(frame, boxes([10, 5, 26, 21]), 16)
    crop += 1
    whole = whole_frame(frame, WIDTH)
    whole += 1
    assert np.array_equal(frame, before)


def test_the_whole_frame_is_a_crop_of_all_of_it() -> None:
    frame = make_frame()
    expected = crop_boxes(frame, boxes([0, 0, WIDTH, HEIGHT]), 32)[0]
    assert torch.equal(whole_frame(frame, 32), expected)
    assert whole_frame(frame, 32, square_pad=False).all()
    assert not expected[:, :5].any()


def test_normalised_pixels_are_centred_and_scaled() -> None:
    images = torch.tensor([0, 128, 255], dtype=torch.uint8).repeat(2, 3, 3, 1)
    mean, std = [0.5, 0.25, 0.1], [0.2, 0.5, 1.0]
    expected = (images.double() / 255 - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
    result = normalise(images, mean, std)
    assert result.dtype == torch.float32
    torch.testing.assert_close(result, expected.float())


def test_ranges_are_checked() -> None:
    with pytest.raises(ContractError, match="margin"):
        crop_boxes(make_frame(), boxes([0, 0, 9, 9]), 16, margin=-0.5)
    with pytest.raises(ContractError, match="size"):
        whole_frame(make_frame(), 0)
