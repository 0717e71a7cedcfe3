"""Tiles: where they lie, what is found in them, and that an object is found once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from trackspeak.models.errors import OptionError
from trackspeak.plugins.contract import Detections, Frame
from trackspeak.plugins.detectors._images import ImageDetector, ImageOptions, Pixels, strongest
from trackspeak.plugins.detectors._tiles import Box, View, join, tiles_of
from trackspeak.plugins.options import parse_options

WIDTH, HEIGHT, SIDE = 400, 300, 160
NAMES = ("thing", "other")


class Blobs(ImageDetector[ImageOptions]):
    """Finds bright rectangles, or what of them is in an image; those of less than an eighth of its width it misses."""

    Options: ClassVar[type[ImageOptions]] = ImageOptions

    def __init__(self, options: ImageOptions) -> None:
        super().__init__(options)
        self.batches: list[list[tuple[int, ...]]] = []

    def _look(self, images: Sequence[Pixels]) -> list[Detections]:
        self.batches.append([image.shape for image in images])
        return [self._blobs(image) for image in images]

    def _blobs(self, image: Pixels) -> Detections:
        import cv2

        _, _, stats, _ = cv2.connectedComponentsWithStats((image[:, :, 0] > 50).astype(np.uint8))
        boxes = np.array([[x, y, x + w, y + h] for x, y, w, h, _ in stats[1:] if w >= image.shape[1] / 8], np.float32)
        scores = np.array([image[int(box[1]), int(box[0]), 0] / 255 for box in boxes], np.float32)
        return Detections(boxes.reshape(-1, 4), scores, np.zeros(len(boxes), np.int64), NAMES)


def frame(*boxes: tuple[int, int, int, int], value: int = 200) -> Frame:
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for left, top, right, bottom in boxes:
        rgb[top:bottom, left:right] = value
    return Frame(0, 0.0, rgb)


def found(one: Frame, **options: Any) -> list[list[float]]:
    detections = Blobs(ImageOptions(**{"tile": SIDE, "tile_overlap": 0.25, **options})).detect([one])[0]
    return sorted(detections.boxes_xyxy.tolist())


def test_tiles_cover_a_frame_evenly() -> None:
    for width, height, side, overlap in ((400, 300, 160, 0.25), (1920, 1080, 640, 0.2), (641, 200, 640, 0.0)):
        tiles = tiles_of(width, height, side, overlap)
        seen = np.zeros((height, width), int)
        for left, top, right, bottom in tiles:
            assert (right - left, bottom - top) == (min(side, width), min(side, height))
            seen[top:bottom, left:right] += 1
        assert seen.min() == 1
        lefts = sorted({tile.left for tile in tiles})
        assert all(after - before <= side * (1 - overlap) + 0.5 for before, after in pairwise(lefts))
    assert len(tiles_of(1920, 1080, 640, 0.2)) == 4 * 2
    assert tiles_of(640, 480, 640, 0.2) == []


def test_an_object_across_a_border_is_found_once() -> None:
    borders = {edge for tile in tiles_of(WIDTH, HEIGHT, SIDE, 0.25) for edge in (tile.left, tile.right)}
    for x in sorted(borders - {0, WIDTH}):
        for shift in (-30, -20, -10, -1, 0):
            small = (x + shift, 100, x + shift + 32, 130)
            assert found(frame(small)) == [list(small)], (x, shift)


def test_one_on_the_corner_of_four_tiles_is_found_once() -> None:
    for tile in tiles_of(WIDTH, HEIGHT, SIDE, 0.25):
        box = (
            max(0, tile.right - 20),
            max(0, tile.bottom - 20),
            min(WIDTH, tile.right + 15),
            min(HEIGHT, tile.bottom + 15),
        )
        assert found(frame(box)) == [list(box)]


def test_what_is_larger_than_a_tile_is_found_in_the_whole_frame() -> None:
    large = (20, 40, 390, 270)
    assert found(frame(large)) == [list(large)]


def test_what_is_too_small_for_the_whole_frame_is_found_in_a_tile() -> None:
    small = (100, 100, 125, 125)
    assert found(frame(small)) == [list(small)]
    assert found(frame(small), tile=0) == []
    assert found(frame(small), tile=WIDTH) == []


def test_neighbours_stay_two() -> None:
    two = [(100, 100, 130, 130), (135, 100, 165, 130)]
    assert found(frame(*two)) == [list(box) for box in two]


def test_tiles_are_looked_at_in_bounded_batches_of_one_size() -> None:
    detector = Blobs(ImageOptions(tile=64))
    detector.detect([frame(), frame()])
    assert detector.batches[0] == [(HEIGHT, WIDTH, 3)] * 2
    assert {size for batch in detector.batches[1:] for size in batch} == {(64, 64, 3)}
    assert max(map(len, detector.batches)) == 8
    assert sum(map(len, detector.batches[1:])) == 2 * len(tiles_of(WIDTH, HEIGHT, 64, 0.2))


def view(box: Box, *rows: tuple[float, ...]) -> View:
    """Give a view by rows of left, top, right, bottom, score and class."""
    table = np.array(rows, np.float32).reshape(-1, 6)
    return View(box, Detections(table[:, :4], table[:, 4], table[:, 5].astype(np.int64), NAMES))


WHOLE, LEFT, RIGHT = Box(0, 0, 200, 100), Box(0, 0, 110, 100), Box(90, 0, 200, 100)


def test_a_part_gives_way_to_the_whole_whatever_their_scores_and_classes() -> None:
    joined = join([view(WHOLE, (60, 10, 160, 60, 0.2, 0)), view(LEFT, (60, 10, 110, 60, 0.9, 1))], 200, 100)
    assert joined.boxes_xyxy.tolist() == [[60, 10, 160, 60]]
    assert joined.scores.tolist() == [np.float32(0.2)]


def test_the_better_of_two_whole_ones_stays_within_a_class_only() -> None:
    nearly, again = (20, 10, 60, 60, 0.7, 0), (21, 10, 61, 60, 0.8, 0)
    assert join([view(WHOLE, nearly), view(LEFT, again)], 200, 100).scores.tolist() == [np.float32(0.8)]
    other = (21, 10, 61, 60, 0.8, 1)
    assert len(join([view(WHOLE, nearly), view(LEFT, other)], 200, 100)) == 2


def test_boxes_of_one_view_do_not_compete() -> None:
    crowd = ((20, 10, 60, 60, 0.7, 0), (25, 10, 65, 60, 0.6, 0))
    assert len(join([view(WHOLE, *crowd), view(LEFT)], 200, 100)) == 2


def test_the_larger_of_two_parts_stays() -> None:
    # Each tile sees an object up to its edge; the right one's boxes are in its own pixels.
    joined = join([view(WHOLE), view(LEFT, (40, 10, 110, 60, 0.4, 0)), view(RIGHT, (0, 10, 30, 60, 0.9, 0))], 200, 100)
    assert joined.boxes_xyxy.tolist() == [[40, 10, 110, 60]]


def test_very_many_boxes_are_joined_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    corners = generator.uniform(0, 80, (300, 2))
    sizes = generator.uniform(5, 30, (300, 2))
    table = np.concatenate([corners, corners + sizes, generator.uniform(0.1, 1, (300, 1)), np.zeros((300, 1))], axis=1)
    views = [view(WHOLE, *table[:100]), view(LEFT, *table[100:200]), view(RIGHT, *table[200:])]
    whole = join(views, 200, 100)
    assert 10 < len(whole) < 290
    monkeypatch.setattr("trackspeak.plugins.detectors._tiles._ROWS_AT_ONCE", 7)
    assert join(views, 200, 100).boxes_xyxy.tolist() == whole.boxes_xyxy.tolist()


def test_what_reaches_beyond_an_inner_edge_is_cut_there_alone() -> None:
    joined = join([view(WHOLE), view(LEFT, (-5, 10, 130, 60, 0.5, 0))], 200, 100)
    assert joined.boxes_xyxy.tolist() == [[-5, 10, 110, 60]]


def test_only_the_strongest_are_kept_in_their_order() -> None:
    table = view(WHOLE, (0, 0, 9, 9, 0.2, 0), (1, 0, 9, 9, 0.9, 0), (2, 0, 9, 9, 0.5, 1)).found
    assert strongest(table, 2).boxes_xyxy[:, 0].tolist() == [1, 2]
    assert strongest(table, 0) is table
    boxes = [(40 * number, 10, 40 * number + 30, 40) for number in range(5)]
    assert len(found(frame(*boxes), tile=0, max_detections=3)) == 0  # too small for the whole frame
    assert len(found(frame(*boxes), max_detections=3)) == 3


def test_tiny_tiles_are_refused() -> None:
    with pytest.raises(OptionError, match="detector: tile must be 0 or at least 64, got 63"):
        parse_options(ImageOptions, {"tile": 63}, "detector")


def test_cars_too_small_for_the_network_are_found_in_tiles(shared_dir: Path) -> None:
    import cv2

    from trackspeak.plugins.detectors.yolox import YoloxDetector, YoloxOptions

    capture = cv2.VideoCapture(str(shared_dir / "data" / "traffic.mp4"))
    capture.set(cv2.CAP_PROP_POS_FRAMES, 180)
    _, bgr = capture.read()
    wall = np.tile(bgr[:, :, ::-1], (3, 4, 1))  # 2560 x 1080: twelve times the same picture
    large = Frame(0, 0.0, np.ascontiguousarray(wall))
    weights = shared_dir / "data" / "yolox_nano_coco.onnx"
    whole, tiled = (
        YoloxDetector(YoloxOptions(weights, min_score=0.3, classes=("car",), tile=tile)).detect([large])[0]
        for tile in (0, 512)
    )
    height, width = bgr.shape[:2]
    # By eye: three cars in each of the pictures.
    wanted = [(316 + column * width, 175 + row * height) for row in range(3) for column in range(4)]
    counts = []
    for result in (whole, tiled):
        centres = (result.boxes_xyxy[:, :2] + result.boxes_xyxy[:, 2:]) / 2
        near = [np.abs(centres - place).max(axis=1) < 15 for place in wanted]
        counts.append([int(one.sum()) for one in near])
    assert sum(counts[0]) < 6
    assert counts[1] == [1] * 12
