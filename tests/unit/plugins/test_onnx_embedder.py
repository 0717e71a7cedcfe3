"""Networks for re-identification in ONNX files, made by the tests."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from trackspeak.models.errors import OptionError, WeightsError
from trackspeak.plugins.contract import Frame
from trackspeak.plugins.registry import create

HEIGHT, WIDTH = 16, 8


def network(path: Path, shape: list[int | str], outputs: int = 3) -> Path:
    """A network that gives the mean of each channel over the upper half of a crop."""
    weights = np.zeros((3, 3, HEIGHT, WIDTH), np.float32)
    for channel in range(3):
        weights[channel, channel, : HEIGHT // 2] = 2 / (HEIGHT * WIDTH)
    nodes = [
        helper.make_node("Conv", ["images", "weights"], ["maps"]),
        helper.make_node("Flatten", ["maps"], ["features"]),
    ]
    graph = helper.make_graph(
        nodes,
        "reid",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [shape[0], outputs])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


def embedder(path: Path, **options: object):
    return create("embedder", "onnx", {"path": path, "height": HEIGHT, "width": WIDTH, **options})[0]


def frame(index: int = 0) -> Frame:
    """Red above, green below; blue to the right of 60."""
    rgb = np.zeros((80, 100, 3), np.uint8)
    rgb[:40, :, 0], rgb[40:, :, 1], rgb[:, 60:] = 200, 200, (0, 0, 200)
    return Frame(index, index / 10, rgb)


BOXES = np.array([[0, 0, 40, 30], [0, 42, 40, 80], [60, 0, 99, 79], [10, 30, 30, 50]], np.float32)


def test_crops_are_cut_stretched_and_embedded_in_their_order(tmp_path: Path) -> None:
    made = embedder(network(tmp_path / "reid.onnx", ["batch", 3, "height", "width"]), normalisation="none")
    one, other = made.embed([frame(), frame(1)], [BOXES, BOXES[:1]])
    wanted = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    np.testing.assert_allclose(one.embeddings, wanted, atol=1e-6)
    np.testing.assert_allclose(other.embeddings, wanted[:1], atol=1e-6)


@pytest.mark.parametrize("batch", ["batch", 2])
def test_batches_do_not_matter(tmp_path: Path, batch: int | str) -> None:
    path = network(tmp_path / "reid.onnx", [batch, 3, HEIGHT, WIDTH])
    boxes = np.concatenate([BOXES + shift for shift in range(5)]).astype(np.float32)
    (together,) = embedder(path).embed([frame()], [boxes])
    (alone,) = embedder(path, batch_size=1).embed([frame()], [boxes])
    np.testing.assert_allclose(together.embeddings, alone.embeddings, atol=1e-6)


def test_pixels_are_normalised_as_asked(tmp_path: Path) -> None:
    path = network(tmp_path / "reid.onnx", [1, 3, HEIGHT, WIDTH])
    found = {}
    for normalisation in ("imagenet", "unit", "none"):
        (found[normalisation],) = embedder(path, normalisation=normalisation).embed([frame()], [BOXES[:1]])
    red = (np.array([200 / 255, 0, 0]) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(found["imagenet"].embeddings[0], red / np.linalg.norm(red), atol=1e-5)
    np.testing.assert_allclose(found["unit"].embeddings, found["none"].embeddings, atol=1e-6)


def test_boxes_outside_the_frame_or_without_size_still_have_an_embedding(tmp_path: Path) -> None:
    made = embedder(network(tmp_path / "reid.onnx", ["batch", 3, HEIGHT, WIDTH]), normalisation="none")
    boxes = np.array([[-50, -50, -10, -10], [5, 5, 5, 5], [-20, -20, 20, 20]], np.float32)
    (found,) = made.embed([frame()], [boxes])
    np.testing.assert_allclose(np.linalg.norm(found.embeddings, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(found.embeddings[2], [1, 0, 0], atol=1e-6)  # the part inside


def test_other_networks_and_absent_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"embedder.path must be an existing .onnx file"):
        embedder(tmp_path / "absent.onnx")
    with pytest.raises(WeightsError, match=r"must take one \(N, 3, height, width\)"):
        embedder(network(tmp_path / "gray.onnx", ["batch", 4, HEIGHT, WIDTH]))


def test_its_file_is_named_with_its_hash(tmp_path: Path) -> None:
    assert list(embedder(network(tmp_path / "reid.onnx", [1, 3, HEIGHT, WIDTH])).weights) == ["reid.onnx"]
