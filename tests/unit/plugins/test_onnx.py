"""Networks of each layout: what they are asked and what is read from known outputs, and how a layout is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from trackspeak.models.errors import OptionError, UnknownNameError, WeightsError
from trackspeak.plugins.contract import Detections, Frame
from trackspeak.plugins.detectors.onnx import OnnxDetector, OnnxOptions
from trackspeak.plugins.detectors.yolox import YoloxDetector, YoloxOptions

NAMES = ("cat", "dog", "fox")
NOTED = {"names": str(dict(enumerate(NAMES))), "task": "detect", "stride": "32", "imgsz": "[32, 64]"}
FREE = ("batch", 3, "height", "width")

# Takes an image and its size; gives the whole image as a box, and how red its left top pixel is as its score.
ORIGINAL_RTDETR = """
<ir_version: 8, opset_import: ["" : 13]>
graph (float[1, 3, 32, 64] images, int64[1, 2] orig_target_sizes)
    => (int64[1, 1] labels, float[1, 1, 4] boxes, float[1, 1] scores)
<int64[1, 1] label = {2}, float[1, 2] nothing = {0, 0}, int64[3] box_shape = {1, 1, 4}, int64[4] first = {0, 0, 0, 0},
 int64[4] behind = {1, 1, 1, 1}, int64[2] score_shape = {1, 1}>
{
    labels = Identity (label)
    size = Cast <to = 1> (orig_target_sizes)
    corners = Concat <axis = 1> (nothing, size)
    boxes = Reshape (corners, box_shape)
    pixel = Slice (images, first, behind)
    scores = Reshape (pixel, score_shape)
}
"""


def save(
    path: Path, output: npt.NDArray[np.float32], shape: tuple[int | str, ...] = (1, 3, 32, 64), **notes: str
) -> Path:
    """Save a network that gives `output` whatever it sees, with metadata."""
    onnx = pytest.importorskip("onnx")
    make, kind = onnx.helper, onnx.TensorProto.FLOAT16 if output.dtype == np.float16 else onnx.TensorProto.FLOAT
    graph = make.make_graph(
        [
            make.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
            make.make_node("Mul", ["mean", "zero"], ["nothing"]),
            make.make_node("Add", ["nothing", "known"], ["output"]),
        ],
        "known",
        [make.make_tensor_value_info("images", kind, shape)],
        [make.make_tensor_value_info("output", kind, output.shape)],
        [onnx.numpy_helper.from_array(output.dtype.type(0), "zero"), onnx.numpy_helper.from_array(output, "known")],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 13)], ir_version=8)
    make.set_model_props(model, notes)
    onnx.save(model, path)
    return path


def save_original(path: Path) -> Path:
    onnx = pytest.importorskip("onnx")
    onnx.save(onnx.parser.parse_model(ORIGINAL_RTDETR), path)
    return path


def rows(*values: tuple[float, ...]) -> npt.NDArray[np.float32]:
    """Give (1, rows, fields)."""
    return np.array([values], np.float32)


def as_columns(table: npt.NDArray[np.float32], anchors: int = 42) -> npt.NDArray[np.float32]:
    """Give (1, fields, anchors), zeros behind the rows of the table; 42 anchors are those of 64 x 32 pixels."""
    output = np.zeros((1, table.shape[2], anchors), table.dtype)
    output[:, :, : table.shape[1]] = table.transpose(0, 2, 1)
    return output


def detector(path: Path, **options: Any) -> OnnxDetector:
    return OnnxDetector(OnnxOptions(path, **options))


def frame(width: int = 100, height: int = 100) -> Frame:
    return Frame(0, 0.0, np.full((height, width, 3), 50, np.uint8))


def found(path: Path, one: Frame | None = None, **options: Any) -> list[tuple[str, float, list[float]]]:
    """Give name, score and box of what is found, by name."""
    result = detector(path, **options).detect([one or frame()])[0]
    return sorted(
        (result.class_names[number], round(float(score), 2), np.round(box, 2).tolist())
        for number, score, box in zip(result.class_ids, result.scores, result.boxes_xyxy, strict=True)
    )


def test_yolov8_boxes_are_centres_in_a_letterbox(tmp_path: Path) -> None:
    table = rows((24, 12, 8, 4, 0.1, 0.9, 0.2), (24, 12, 8, 5, 0.1, 0.7, 0.2), (24, 12, 8, 4, 0.6, 0.1, 0.1))
    path = save(tmp_path / "n.onnx", as_columns(table), **NOTED)
    # 100 x 100 becomes 32 x 32 in the middle of 64 x 32: 16 pixels of gray on the left.
    box = [(20 - 16) * 3.125, 10 * 3.125, (28 - 16) * 3.125, 14 * 3.125]
    assert found(path) == [("cat", 0.6, box), ("dog", 0.9, box)]
    assert len(found(path, iou=0.9)) == 3
    assert found(path, classes=("cat", "fox"), min_score=0.15) == [("cat", 0.6, box), ("fox", 0.2, box)]


def test_yolov8_boxes_compete_before_they_are_cut(tmp_path: Path) -> None:
    # Both reach beyond the frame's left side, by different lengths: inside they are the same.
    table = rows((18, 16, 8, 8, 0.9, 0, 0), (12, 16, 20, 8, 0.8, 0, 0))
    path = save(tmp_path / "n.onnx", as_columns(table), **NOTED)
    assert found(path) == [("cat", 0.8, [0, 37.5, 18.75, 62.5]), ("cat", 0.9, [0, 37.5, 18.75, 62.5])]


def test_fields_behind_the_classes_are_no_classes(tmp_path: Path) -> None:
    table = rows((32, 16, 8, 8, 0.5, 0.1, 0.1, 0.99, 0.99))
    path = save(tmp_path / "n.onnx", as_columns(table), **{**NOTED, "task": "segment"})
    assert [one[:2] for one in found(path)] == [("cat", 0.5)]


def test_end2end_boxes_are_taken_as_they_are(tmp_path: Path) -> None:
    same = (20, 10, 28, 14)
    table = rows((*same, 0.9, 1), (*same, 0.8, 1), (*same, 0.05, 0), (28, 14, 20, 10, 0.9, 1))
    for notes in ({}, {**NOTED, "end2end": "True"}, {**NOTED, "args": "{'nms': True}"}):
        path = save(tmp_path / "n.onnx", table, **notes)
        box = [12.5, 31.25, 37.5, 43.75]
        assert found(path, class_names=NAMES) == [("dog", 0.8, box), ("dog", 0.9, box)]
        assert found(path, class_names=NAMES, classes=("fox",)) == []


@pytest.mark.parametrize("packed", [True, False])
def test_rtdetr_boxes_are_shares_of_a_stretched_image(tmp_path: Path, packed: bool) -> None:
    tail = (0.8, 2) if packed else (0.1, 0.2, 0.8)
    notes = {**NOTED, "head": "RTDETRDecoder"} if packed else NOTED
    path = save(tmp_path / "n.onnx", rows((0.5, 0.5, 0.2, 0.4, *tail)), **notes)
    assert found(path, frame(200, 100)) == [("fox", 0.8, [80, 30, 120, 70])]


def test_two_classes_of_rtdetr_are_told_by_its_head(tmp_path: Path) -> None:
    notes = {**NOTED, "names": "{0: 'cat', 1: 'dog'}"}
    old = save(tmp_path / "old.onnx", rows((0.5, 0.5, 0.2, 0.4, 0.7, 0.3)), **notes)
    new = save(tmp_path / "new.onnx", rows((0.5, 0.5, 0.2, 0.4, 0.7, 1)), **notes, head="RTDETRDecoder")
    with pytest.raises(WeightsError, match="layout that cannot be told"):
        detector(old)
    assert found(old, layout="rtdetr") == [("cat", 0.7, [40, 30, 60, 70])]
    assert found(new) == [("dog", 0.7, [40, 30, 60, 70])]


def test_the_original_rtdetr_is_told_the_width_before_the_height(tmp_path: Path) -> None:
    path = save_original(tmp_path / "n.onnx")
    one = frame(200, 100)
    one.rgb[:] = (204, 0, 0)  # red is the first of the network's channels
    assert found(path, one) == [("car", 0.8, [0, 0, 200, 100])]
    assert found(path, one, class_names=NAMES) == [("fox", 0.8, [0, 0, 200, 100])]
    with pytest.raises(OptionError, match=r"class_names must name the classes, at least 3, of n\.onnx, got 2"):
        found(path, one, class_names=("cat", "dog"))


def test_half_precision_is_taken_and_given(tmp_path: Path) -> None:
    table = rows((32, 16, 8, 8, 0.5, 0.25, 0.25), (np.nan, 16, 8, 8, 0.9, 0, 0)).astype(np.float16)
    path = save(tmp_path / "n.onnx", as_columns(table), **NOTED)
    assert found(path) == [("cat", 0.5, [37.5, 37.5, 62.5, 62.5])]


def test_open_sizes_are_chosen(tmp_path: Path) -> None:
    table = as_columns(rows((32, 16, 8, 8, 0.5, 0.1, 0.1)))
    noted, bare = (save(tmp_path / f"{len(notes)}.onnx", table, FREE, **notes) for notes in (NOTED, {}))
    # A frame of 100 x 100 in 64 x 32 becomes 32 x 32, and is filled no further.
    assert found(noted) == [("cat", 0.5, [87.5, 37.5, 100, 62.5])]
    # In 64 x 64, which 33 is rounded up to, it fills all.
    for path, options in ((noted, {}), (bare, {"class_names": NAMES, "layout": "yolov8"})):
        assert found(path, image_size=33, **options) == [("cat", 0.5, [43.75, 18.75, 56.25, 31.25])]


def test_names_come_from_the_user_then_the_metadata_then_coco(tmp_path: Path) -> None:
    table = rows((32, 16, 8, 8, 0.5, 0.1, 0.1))
    noted = save(tmp_path / "noted.onnx", as_columns(table), **NOTED)
    assert [name for name, *_ in found(noted, class_names=("a", "b", "c"))] == ["a"]
    with pytest.raises(OptionError, match=r"class_names must name the 3 classes of noted\.onnx, got 2"):
        detector(noted, class_names=("a", "b"))
    with pytest.raises(UnknownNameError, match="unknown class 'car'; there are: cat, dog, fox"):
        detector(noted, classes=("car",))
    coco = np.zeros((1, 84, 42), np.float32)
    coco[0, [0, 1, 2, 3, 4 + 2], 0] = (32, 16, 8, 8, 0.5)
    assert [name for name, *_ in found(save(tmp_path / "coco.onnx", coco))] == ["car"]


UNTOLD = {
    "another task": (np.zeros((1, 7, 42)), {**NOTED, "task": "classify"}, "must be for one of detect, segment, pose"),
    "two axes": (np.zeros((42, 7)), {}, "layout that cannot be told"),
    "odd numbers": (np.zeros((1, 11, 13)), {}, "layout that cannot be told"),
    "too few fields": (np.zeros((1, 5, 42)), NOTED, "layout that cannot be told"),
}


@pytest.mark.parametrize("case", UNTOLD)
def test_a_layout_that_cannot_be_told_lists_those_there_are(tmp_path: Path, case: str) -> None:
    output, notes, message = UNTOLD[case]
    with pytest.raises(WeightsError, match=message) as caught:
        detector(save(tmp_path / "n.onnx", output.astype(np.float32), **notes))
    if "told" in message:
        assert all(f"\n  {name} " in str(caught.value) for name in ("yolox", "yolov8", "end2end", "rtdetr"))
        assert f"output tensor(float) {list(output.shape)}" in str(caught.value)


@pytest.mark.parametrize("layout", ["yolox", "yolov8", "end2end", "rtdetr"])
def test_a_layout_that_does_not_fit_is_refused(tmp_path: Path, layout: str) -> None:
    path = save(tmp_path / "n.onnx", np.zeros((1, 4), np.float32))
    with pytest.raises(WeightsError, match=r"onnx: .*n\.onnx must .* got images tensor"):
        detector(path, layout=layout)


def test_a_network_for_several_images_at_once_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "n.onnx", np.zeros((8, 7, 42), np.float32), (8, 3, 32, 64), **NOTED)
    with pytest.raises(WeightsError, match=r"must take a \(1, 3, height, width\) array, got .* \[8, 3, 32, 64\]"):
        detector(path)


def same(one: Detections, other: Detections) -> bool:
    return all(np.array_equal(getattr(one, key), getattr(other, key)) for key in ("boxes_xyxy", "scores", "class_ids"))


@pytest.mark.parametrize("options", [{}, {"classes": ("car",)}, {"tile": 320}, {"iou": 0.9}])
def test_on_yolox_it_is_yolox(shared_dir: Path, options: dict[str, Any]) -> None:
    import cv2

    weights = shared_dir / "data" / "yolox_nano_coco.onnx"
    capture = cv2.VideoCapture(str(shared_dir / "data" / "traffic.mp4"))
    capture.set(cv2.CAP_PROP_POS_FRAMES, 180)
    one = Frame(0, 0.0, np.ascontiguousarray(capture.read()[1][:, :, ::-1]))
    for layout in ("auto", "yolox"):
        result = detector(weights, layout=layout, **options).detect([one])[0]
        assert len(result) >= 3
        assert same(result, YoloxDetector(YoloxOptions(weights, **options)).detect([one])[0])
