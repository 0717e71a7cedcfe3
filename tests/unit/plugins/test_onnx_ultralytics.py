"""Networks that ultralytics exports, with random weights: our boxes are its own."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trackspeak.plugins.contract import Frame
from trackspeak.plugins.detectors.onnx import OnnxDetector, OnnxOptions
from trackspeak.plugins.detectors.yolo import import_ultralytics

pytestmark = [
    pytest.mark.skipif(find_spec("ultralytics") is None, reason="needs ultralytics, which is not installed"),
    pytest.mark.skipif(find_spec("onnx") is None, reason="exporting needs onnx, which is in the extra `dev`"),
]

SIZE = 128
Export = Callable[..., Path]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Export a network whose weights make some classes likely: `export("yolo11n", dynamic=True)`."""
    folder = tmp_path_factory.mktemp("exported")

    def export(name: str, **settings: Any) -> Path:
        import torch

        ultralytics = import_ultralytics()
        kind = ultralytics.RTDETR if name.startswith("rtdetr") else ultralytics.YOLO
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(0)
            model = kind(f"{name}.yaml")
            head = model.model.model[-1]
            for branch in [*getattr(head, "cv3", ()), *(getattr(head, "one2one_cv3", None) or ())]:
                branch[-1].bias.copy_(torch.linspace(-8, -1, len(branch[-1].bias)))
                branch[-1].weight.mul_(30)
            path = folder / f"{name}{''.join(settings)}.pt"
            model.save(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's, about the kind of export that ultralytics asks for
            return Path(kind(path).export(format="onnx", imgsz=SIZE, simplify=False, **settings))

    return export


@pytest.mark.parametrize(
    ("name", "settings", "min_score"),
    [
        ("yolo11n", {}, 0.05),
        ("yolo11n", {"dynamic": True}, 0.05),
        ("yolo11n", {"nms": True}, 0.05),
        ("yolo26n", {"nms": False}, 0.05),
        ("rtdetr-l", {}, 0.003),
    ],
    ids=lambda value: "-".join(value) or "plain" if isinstance(value, dict) else None,
)
@pytest.mark.parametrize("shape", [(100, 150), (171, 64)])
def test_boxes_are_those_of_ultralytics(
    export: Export, name: str, settings: dict[str, Any], min_score: float, shape: tuple[int, int]
) -> None:
    path = export(name, **settings)
    generator = np.random.default_rng(1)
    rgb = generator.integers(0, 255, (*shape, 3), np.uint8)
    rgb[:, :, 0] //= 4  # red and blue differ
    ultralytics = import_ultralytics()
    kind = ultralytics.RTDETR if name.startswith("rtdetr") else ultralytics.YOLO
    asked: dict[str, Any] = {"conf": min_score, "iou": 0.7, "imgsz": SIZE, "device": "cpu", "verbose": False}
    theirs = kind(path).predict(np.ascontiguousarray(rgb[:, :, ::-1]), save=False, **asked)[0]
    found = OnnxDetector(OnnxOptions(path, min_score=min_score)).detect([Frame(0, 0.0, rgb)])[0]
    assert found.class_names == tuple(theirs.names.values())
    wanted = theirs.boxes.data.numpy()
    ours = np.concatenate([found.boxes_xyxy, found.scores[:, None], found.class_ids[:, None]], axis=1)  # (N, 6)
    assert len(wanted) > 10
    np.testing.assert_allclose(sort_rows(ours), sort_rows(wanted), atol=1e-3)


def sort_rows(table: Any) -> Any:
    return table[np.lexsort(np.round(table, 3).T)]
