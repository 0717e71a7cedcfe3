"""YOLOX: the arithmetic on a network with a known output, and the real network on a real frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from trackspeak.models.errors import OptionError, UnknownNameError, WeightsError
from trackspeak.plugins.contract import Frame, StreamInfo
from trackspeak.plugins.detectors.class_filter import wanted_class_ids
from trackspeak.plugins.detectors.coco import COCO_NAMES
from trackspeak.plugins.detectors.letterbox import letterbox
from trackspeak.plugins.detectors.yolox import YoloxDetector, YoloxOptions

NAMES = ("cat", "dog", "fox")
ANCHORS = 64 * 32 // 8**2 + 64 * 32 // 16**2 + 64 * 32 // 32**2  # of a 64 x 32 input: 32 + 8 + 2


def save_network(path: Path, output: npt.NDArray[np.float32], shape: tuple[int | str, ...] = (1, 3, 32, 64)) -> Path:
    """Save a network that gives `output` whatever it sees."""
    onnx = pytest.importorskip("onnx")
    make, floats = onnx.helper, onnx.TensorProto.FLOAT
    graph = make.make_graph(
        [
            make.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
            make.make_node("Mul", ["mean", "zero"], ["nothing"]),
            make.make_node("Add", ["nothing", "known"], ["output"]),
        ],
        "known",
        [make.make_tensor_value_info("images", floats, shape)],
        [make.make_tensor_value_info("output", floats, output.shape)],
        [onnx.numpy_helper.from_array(np.float32(0), "zero"), onnx.numpy_helper.from_array(output, "known")],
    )
    onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid("", 13)], ir_version=8), path)
    return path


def raw_output(rows: dict[int, list[float]]) -> npt.NDArray[np.float32]:
    """Give (1, ANCHORS, 5 + 3) zeros but for some anchors' x, y, log width, log height, objectness, class scores."""
    output = np.zeros((1, ANCHORS, 5 + len(NAMES)), np.float32)
    for anchor, values in rows.items():
        output[0, anchor] = values
    return output


def detector(path: Path, **options: object) -> YoloxDetector:
    return YoloxDetector(YoloxOptions(path, class_names=NAMES, **options))  # type: ignore[arg-type]


def frame(width: int = 128, height: int = 64, index: int = 0) -> Frame:
    return Frame(index, index / 10, np.full((height, width, 3), 50, np.uint8))


def test_boxes_are_decoded_from_each_level_and_scaled_back(tmp_path: Path) -> None:
    rows = {
        8 + 3: [0.5, 0.25, np.log(2), np.log(1), 0.8, 0.1, 1.0, 0.2],  # stride 8: column 3, row 1
        32 + 4 + 2: [0.0, 0.5, np.log(1.5), 0.0, 0.5, 0.9, 0.0, 0.0],  # stride 16: column 2, row 1
        40 + 1: [0.5, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.7],  # stride 32: column 1, row 0
        0: [0.0, 0.0, 0.0, 0.0, 0.3, 0.3, 0.0, 0.0],  # 0.09: below min_score
    }
    found = detector(save_network(tmp_path / "n.onnx", raw_output(rows))).detect([frame()])[0]
    by_class = {found.class_names[class_id]: row for row, class_id in enumerate(found.class_ids)}
    assert len(found) == 3
    # In the network's pixels: centre ((column + x), (row + y)) x stride, size exp(log) x stride; the frame's are twice.
    wanted = {
        "dog": ([2 * (28 - 8), 2 * (10 - 4), 2 * (28 + 8), 2 * (10 + 4)], 0.8),
        "cat": ([2 * (32 - 12), 2 * (24 - 8), 2 * (32 + 12), 2 * (24 + 8)], 0.45),
        "fox": ([2 * 32, 0, 2 * 64, 2 * 32], 0.7),
    }
    for name, (box, score) in wanted.items():
        np.testing.assert_allclose(found.boxes_xyxy[by_class[name]], box, rtol=1e-5)
        np.testing.assert_allclose(found.scores[by_class[name]], score, rtol=1e-6)


def test_the_weaker_of_two_boxes_is_dropped_within_a_class_only(tmp_path: Path) -> None:
    rows = {
        8 + 3: [0.5, 0.5, 1.0, 1.0, 0.9, 1.0, 0.0, 0.0],
        8 + 4: [-0.4, 0.5, 1.0, 1.0, 0.8, 1.0, 0.0, 0.0],  # 0.8 pixels beside the first
        8 + 2: [1.5, 0.5, 1.0, 1.0, 0.7, 0.0, 1.0, 0.0],  # the same place, another class
        24 + 7: [0.5, 0.5, 1.0, 1.0, 0.6, 1.0, 0.0, 0.0],  # the same class, far off
    }
    path = save_network(tmp_path / "n.onnx", raw_output(rows))
    scores = sorted(detector(path).detect([frame()])[0].scores.round(2).tolist())
    assert scores == [np.float32(0.6), np.float32(0.7), np.float32(0.9)]
    assert len(detector(path, iou=0.99).detect([frame()])[0]) == 4


def test_only_wanted_classes_compete(tmp_path: Path) -> None:
    path = save_network(tmp_path / "n.onnx", raw_output({8: [0, 0, 0, 0, 1.0, 0.9, 0.6, 0.3]}))
    found = detector(path, classes=("Dog", 2)).detect([frame()])[0]
    assert (found.class_ids.tolist(), found.scores.tolist()) == ([1], [np.float32(0.6)])


def test_no_boxes_and_no_frames_are_answers(tmp_path: Path) -> None:
    made = detector(save_network(tmp_path / "n.onnx", raw_output({})))
    made.reset(StreamInfo(128, 64, 10.0))
    assert [len(found) for found in made.detect([frame(), frame(33, 77)])] == [0, 0]
    assert made.detect([]) == []
    assert made.warnings() == ()


def test_an_absurd_size_stays_finite(tmp_path: Path) -> None:
    path = save_network(tmp_path / "n.onnx", raw_output({0: [0, 0, 500.0, 500.0, 1, 1, 0, 0]}))
    assert len(detector(path).detect([frame()])[0]) == 1


def test_a_frame_is_letterboxed_to_the_top_left_in_bgr() -> None:
    rgb = np.zeros((10, 40, 3), np.uint8)
    rgb[:] = (10, 20, 30)
    image, scale = letterbox(rgb, 20, 16)
    assert (image.shape, image.dtype.name, scale) == ((3, 16, 20), "float32", 0.5)
    assert image[:, :5].reshape(3, -1).T.tolist() == [[30, 20, 10]] * 100
    assert (image[:, 5:] == 114).all()
    assert letterbox(np.zeros((2, 4000, 3), np.uint8), 20, 16)[0][:, 0].max() == 0  # a sliver still has a row


def test_the_names_of_coco() -> None:
    assert len(set(COCO_NAMES)) == 80
    assert [COCO_NAMES[number] for number in (0, 2, 9, 11, 60, 79)] == [
        "person", "car", "traffic light", "stop sign", "dining table", "toothbrush",
    ]  # fmt: skip
    assert all(name == name.strip() for name in COCO_NAMES)


def test_classes_are_wanted_by_name_or_number() -> None:
    assert wanted_class_ids((), NAMES) == [0, 1, 2]
    assert wanted_class_ids(("fox", "1", 2), NAMES) == [1, 2]
    with pytest.raises(UnknownNameError, match="unknown class '3'; there are: cat, dog, fox"):
        wanted_class_ids((3,), NAMES)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"detector.path must be an existing \.onnx file, got .*absent"):
        detector(tmp_path / "absent.onnx")
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(WeightsError, match=r"text\.onnx is not a network that ONNX Runtime can load"):
        detector(tmp_path / "text.onnx")
    free = save_network(tmp_path / "free.onnx", raw_output({}), (1, 3, "height", "width"))
    with pytest.raises(WeightsError, match=r"of fixed sizes, got images tensor\(float\) \[1, 3, 'height', 'width'\]"):
        detector(free)
    odd = save_network(tmp_path / "odd.onnx", raw_output({})[:, 1:])
    with pytest.raises(WeightsError, match="gives 41 anchors for an input of 64 x 32"):
        detector(odd)


def test_options_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = save_network(tmp_path / "n.onnx", raw_output({}))
    with pytest.raises(OptionError, match=r"class_names must name the 3 classes of n\.onnx, got 80"):
        YoloxDetector(YoloxOptions(path))
    with pytest.raises(OptionError, match=r"providers must be among .*CPUExecutionProvider, got Nowhere"):
        detector(path, providers=("Nowhere",))


def test_cars_are_found_on_a_real_frame(shared_dir: Path) -> None:
    import cv2

    capture = cv2.VideoCapture(str(shared_dir / "data" / "traffic.mp4"))
    capture.set(cv2.CAP_PROP_POS_FRAMES, 180)
    _, bgr = capture.read()
    rgb = np.ascontiguousarray(bgr[:, :, ::-1])
    weights = shared_dir / "data" / "yolox_nano_coco.onnx"
    made = YoloxDetector(YoloxOptions(weights, min_score=0.3, classes=("car", "truck", "bus")))
    found = made.detect([Frame(180, 7.2, rgb)])[0]
    centres = (found.boxes_xyxy[:, :2] + found.boxes_xyxy[:, 2:]) / 2
    # By eye: the blue sedan in the middle lane, a car in the top lane, one in the bottom lane.
    for x, y in ((316, 175), (428, 54), (449, 252)):
        assert np.abs(centres - (x, y)).max(axis=1).min() < 15
    assert len(found) <= 5
