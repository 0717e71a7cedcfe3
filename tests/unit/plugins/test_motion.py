"""The motion detector on small drawn scenes: what it boxes, what it does not, and that it forgets."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from trackspeak.models.errors import ContractError
from trackspeak.plugins.contract import Detections, Frame, StreamInfo
from trackspeak.plugins.detectors.motion import MotionDetector, MotionOptions

WIDTH, HEIGHT, RATE = 320, 180, 10.0
STREAM = StreamInfo(WIDTH, HEIGHT, RATE)
Image = npt.NDArray[np.float64]
Box = tuple[int, int, int, int]


def road() -> Image:
    """A grey road with paint, coarse texture and fine grain."""
    rng = np.random.default_rng(5)
    coarse = np.kron(rng.normal(0, 6, (HEIGHT // 20, WIDTH // 20)), np.ones((20, 20)))
    picture = 100 + coarse + rng.normal(0, 2, (HEIGHT, WIDTH))
    picture[88:92, 20:300:1] += 90
    picture[20:160, 60:64] += 70
    return np.repeat(picture[..., None], 3, axis=2)


def put_car(picture: Image, box: Box, paint: Sequence[float] = (200, 40, 40)) -> None:
    """Draw a car with a dark window; it may reach outside the picture."""
    x1, y1, x2, y2 = box
    picture[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)] = paint
    third = (x2 - x1) // 3
    picture[max(y1 + 3, 0) : max(y1 + 9, 0), max(x1 + third, 0) : max(x2 - third, 0)] = 30


def as_frames(pictures: Sequence[Image], rate: float = RATE) -> list[Frame]:
    """Give noisy frames of pictures."""
    rng = np.random.default_rng(6)
    noisy = [np.clip(picture + rng.normal(0, 1.0, picture.shape), 0, 255).astype(np.uint8) for picture in pictures]
    return [Frame(index, index / rate, rgb) for index, rgb in enumerate(noisy)]


def crossing(count: int = 60, speed: int = 8, start: int = -40) -> tuple[list[Frame], list[Box]]:
    """A red car of 50 x 24 that drives right."""
    pictures, boxes = [], []
    for index in range(count):
        x = start + speed * index
        boxes.append((x, 110, x + 50, 134))
        picture = road()
        put_car(picture, boxes[-1])
        pictures.append(picture)
    return as_frames(pictures), boxes


def detect(frames: Sequence[Frame], options: MotionOptions | None = None) -> tuple[list[Detections], MotionDetector]:
    """Run a fresh detector as the pipeline does."""
    detector = MotionDetector(options)
    detector.reset(STREAM)
    detector.prepare(frame for frame in frames if frame.time_s < detector.lookahead_s)
    return detector.detect(frames), detector


def overlap(box: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union."""
    wide = max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
    high = max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (box, other)]
    return wide * high / (sum(areas) - wide * high)


def same(first: Sequence[Detections], second: Sequence[Detections]) -> bool:
    """Whether two runs gave equal bytes."""
    return all(
        a.boxes_xyxy.tobytes() == b.boxes_xyxy.tobytes() and a.scores.tobytes() == b.scores.tobytes()
        for a, b in zip(first, second, strict=True)
    )


def test_a_moving_car_is_one_tight_box_from_the_first_frame_on() -> None:
    frames, boxes = crossing(count=36, start=20)
    found, detector = detect(frames)
    for detections, box in zip(found, boxes, strict=True):
        inside = (box[0], box[1], min(box[2], WIDTH), box[3])
        if inside[2] - inside[0] < 12:
            continue
        assert len(detections) == 1
        assert overlap(detections.boxes_xyxy[0].tolist(), inside) > 0.7
        assert 0.5 < detections.scores[0] <= 1
    assert found[0].class_names == ("object",)
    assert detector.warnings() == ()


def test_an_empty_road_gives_nothing() -> None:
    found, _ = detect(as_frames([road()] * 30))
    assert [len(detections) for detections in found] == [0] * 30


def test_exposure_drift_is_not_motion() -> None:
    pictures = [255 * (road() / 255) ** (1 + 0.02 * index) * (1 - 0.01 * index) for index in range(40)]
    found, _ = detect(as_frames(pictures))
    assert sum(map(len, found)) == 0


def test_the_car_is_found_while_the_exposure_changes() -> None:
    pictures, boxes = [], []
    for index in range(30):
        picture = road()
        boxes.append((10 + 8 * index, 110, 60 + 8 * index, 134))
        put_car(picture, boxes[-1])
        pictures.append(picture * (1 - 0.015 * index))
    found, _ = detect(as_frames(pictures))
    assert [len(detections) for detections in found] == [1] * 30
    assert all(overlap(d.boxes_xyxy[0].tolist(), box) > 0.7 for d, box in zip(found, boxes, strict=True))


def test_a_soft_shadow_is_left_out_of_the_box() -> None:
    import cv2

    pictures, boxes = [], []
    for index in range(30):
        x = 8 * index
        shade = np.zeros((HEIGHT, WIDTH))
        shade[120:152, x : x + 60] = 0.45
        picture = road() * (1 - cv2.GaussianBlur(shade, (0, 0), 7))[..., None]
        boxes.append((x, 110, x + 50, 134))
        put_car(picture, boxes[-1])
        pictures.append(picture)
    found, _ = detect(as_frames(pictures))
    assert [len(detections) for detections in found[2:]] == [1] * 28
    bottoms = [detections.boxes_xyxy[0, 3] for detections in found[2:]]
    assert np.median(bottoms) < 142  # the car ends at 134, its shadow at about 152


def test_neighbours_that_touch_after_coming_separately_stay_two() -> None:
    pictures = []
    for index in range(40):
        picture = road()
        gap = max(0, 20 - index)
        put_car(picture, (6 * index, 120 - gap, 6 * index + 60, 146 - gap), (210, 210, 210))
        put_car(picture, (6 * index, 146, 6 * index + 60, 172), (40, 40, 200))
        pictures.append(picture)
    found, _ = detect(as_frames(pictures))
    assert [len(detections) for detections in found[4:]] == [2] * 36
    assert all((d.boxes_xyxy[:, 3] - d.boxes_xyxy[:, 1]).max() < 40 for d in found[4:])


def test_sizes_out_of_range_are_left_out() -> None:
    frames, _ = crossing(count=30, start=20)
    assert sum(map(len, detect(frames, MotionOptions(min_area=0.1))[0])) == 0
    assert sum(map(len, detect(frames, MotionOptions(max_area=0.005))[0])) == 0


def test_sensitivity_decides_about_a_faint_car() -> None:
    pictures = []
    for index in range(30):
        picture = np.full((HEIGHT, WIDTH, 3), 100.0)
        picture[60:90, 8 * index : 8 * index + 50] += 7
        pictures.append(picture)
    frames = as_frames(pictures)
    assert sum(map(len, detect(frames)[0])) == 0
    assert sum(map(len, detect(frames, MotionOptions(sensitivity=2.5))[0])) >= 25


def test_batches_equal_singles_and_runs_repeat() -> None:
    frames, _ = crossing(count=40)
    whole, _ = detect(frames)
    detector = MotionDetector()
    detector.reset(STREAM)
    detector.prepare(frames)
    singles = [detector.detect([frame])[0] for frame in frames]
    assert same(whole, singles)
    assert sum(map(len, whole)) > 30


def test_reset_equals_a_fresh_detector() -> None:
    frames, _ = crossing(count=30)
    fresh, detector = detect(frames)
    other = as_frames([np.full((HEIGHT, WIDTH, 3), 20.0 * (index % 10)) for index in range(30)])
    detector.reset(STREAM)
    detector.prepare(other)
    detector.detect(other)
    detector.reset(STREAM)
    detector.prepare(frames)
    assert same(fresh, detector.detect(frames))


def test_a_stopped_car_is_kept_for_the_time_asked_for_and_then_is_background() -> None:
    pictures = []
    for index in range(90):
        picture = road()
        x = min(10 * index - 160, 150)  # stands from frame 31 on
        put_car(picture, (x, 110, x + 50, 134))
        pictures.append(picture)
    options = MotionOptions(lookahead_s=1.0, parked_s=4.0)
    counts = [len(detections) for detections in detect(as_frames(pictures), options)[0]]
    assert counts[14:68] == [1] * 54
    assert counts[76:] == [0] * 14


def test_the_ghost_of_a_car_that_drove_off_goes_soon() -> None:
    pictures = []
    for index in range(60):
        picture = road()
        x = 100 + 9 * max(0, index - 25)
        put_car(picture, (x, 110, x + 50, 134))
        pictures.append(picture)
    found, _ = detect(as_frames(pictures), MotionOptions(lookahead_s=2.0))
    assert sum(map(len, found[:25])) == 0  # parked through the whole look-ahead: it is background
    left_behind = [any(overlap(box, (100, 110, 150, 134)) > 0.3 for box in d.boxes_xyxy.tolist()) for d in found]
    assert any(left_behind[32:40])
    assert not any(left_behind[48:])


def test_a_shaking_camera_is_told_and_made_up_for() -> None:
    rng = np.random.default_rng(8)
    pictures = []
    for index in range(50):
        right, down = (0, 0) if index < 5 else rng.integers(-4, 5, 2)
        pictures.append(np.roll(road(), (down, right), axis=(0, 1)))
    found, detector = detect(as_frames(pictures))
    assert sum(map(len, found)) <= 5
    (warning,) = detector.warnings()
    assert "camera shook or drifted" in warning


def test_a_cut_begins_the_background_anew_and_is_told() -> None:
    other = np.clip(np.random.default_rng(3).normal(120, 50, (HEIGHT // 4, WIDTH // 4, 3)), 0, 255)
    pictures = [road()] * 30 + [np.kron(other, np.ones((4, 4, 1)))] * 40
    found, detector = detect(as_frames(pictures), MotionOptions(lookahead_s=2.0))
    assert sum(map(len, found[45:])) == 0
    assert any("whole view changed" in warning for warning in detector.warnings())


def test_without_a_look_ahead_the_first_frame_is_the_background() -> None:
    frames, _ = crossing(count=30)
    detector = MotionDetector()
    detector.reset(STREAM)
    found = detector.detect(frames)
    assert len(found[0]) == 0
    assert sum(map(len, found[8:])) >= 20


def test_any_resolution_gives_the_same_boxes_up_to_scale() -> None:
    frames, _ = crossing(count=20, start=20)
    big = [Frame(f.index, f.time_s, np.kron(f.rgb, np.ones((3, 3, 1), np.uint8))) for f in frames]
    detector = MotionDetector(MotionOptions(work_width=320))
    detector.reset(StreamInfo(3 * WIDTH, 3 * HEIGHT, RATE))
    detector.prepare(big)
    small, _ = detect(frames)
    for large, little in zip(detector.detect(big), small, strict=True):
        np.testing.assert_allclose(large.boxes_xyxy, 3 * little.boxes_xyxy, atol=6)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (17, 5), (64, 1)])
def test_tiny_frames_do_not_fail(size: tuple[int, int]) -> None:
    width, height = size
    frames = [Frame(i, i / 10, np.full((height, width, 3), 10 * i, np.uint8)) for i in range(12)]
    detector = MotionDetector()
    detector.reset(StreamInfo(width, height, 10.0))
    detector.prepare(frames)
    assert len(detector.detect(frames)) == 12


def test_no_frames_give_no_detections() -> None:
    detector = MotionDetector()
    detector.reset(STREAM)
    detector.prepare([])
    assert detector.detect([]) == []


def test_a_frame_of_another_size_is_refused() -> None:
    detector = MotionDetector()
    detector.reset(STREAM)
    with pytest.raises(ContractError, match="frame 3 must be 320 x 180 as the stream is, got 10 x 20"):
        detector.detect([Frame(3, 0.1, np.zeros((20, 10, 3), np.uint8))])
