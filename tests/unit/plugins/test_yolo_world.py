"""YOLO-World by ultralytics, with random weights made on the spot, and a random CLIP of the width that it wants."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trackspeak.models.errors import OptionError, PluginError, QueryError, WeightsError
from trackspeak.plugins.contract import Detections, Frame, StreamInfo
from trackspeak.plugins.detectors.yolo import import_ultralytics
from trackspeak.plugins.detectors.yolo_world import YoloWorldDetector, YoloWorldOptions
from trackspeak.plugins.registry import create

pytestmark = pytest.mark.skipif(find_spec("ultralytics") is None, reason="needs ultralytics, which is not installed")

STREAM = StreamInfo(64, 48, 10.0)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with world.pt and clip.pt."""
    import open_clip
    import torch

    folder = tmp_path_factory.mktemp("world")
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        model = import_ultralytics().YOLOWorld("yolov8s-worldv2.yaml")
        for layer in model.model.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = 1.0
        model.model.train()(torch.rand(8, 3, 64, 64))  # so that norms fit, and pictures and texts make a difference
        model.model.eval()
        for head in model.model.model[-1].cv4:
            head.bias.fill_(-2.0)  # random weights find nothing
            head.logit_scale.fill_(1.0)
        model.save(folder / "world.pt")
        vision = {"layers": 1, "width": 64, "patch_size": 16, "image_size": 32}
        text = {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 1}
        torch.save(open_clip.CLIP(embed_dim=512, vision_cfg=vision, text_cfg=text).state_dict(), folder / "clip.pt")
    return folder


def detector(weights: Path, **options: Any) -> YoloWorldDetector:
    given = {"text_weights": weights / "clip.pt", "image_size": 64, "device": "cpu", "min_score": 0.01, **options}
    return YoloWorldDetector(YoloWorldOptions(weights / "world.pt", **given))


def frame() -> Frame:
    generator = np.random.default_rng(1)
    return Frame(0, 0.0, generator.integers(0, 255, (48, 64, 3), np.uint8))


def features(weights: Path, names: list[str]) -> Any:
    """Give what ultralytics' text encoder gives: normalised features, (1, C, 512)."""
    import torch

    from trackspeak.models.clip_weights import load_clip
    from trackspeak.models.tokenizer import ClipTokenizer

    with torch.no_grad():
        encoded = load_clip(weights / "clip.pt").encode_text(ClipTokenizer().encode(names).tokens)
    return (encoded / encoded.norm(dim=-1, keepdim=True))[None]


def theirs(weights: Path, names: list[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give ultralytics' own boxes, its text encoder replaced by one that gives the same features."""
    model = import_ultralytics().YOLOWorld(weights / "world.pt")
    monkeypatch.setattr(type(model.model), "get_text_pe", lambda _, text, **__: features(weights, text))
    model.set_classes(names)
    settings: dict[str, Any] = {"imgsz": 64, "conf": 0.01, "iou": 0.7, "device": "cpu", "verbose": False, "save": False}
    return model.predict(np.ascontiguousarray(frame().rgb[:, :, ::-1]), **settings)[0].boxes


def check_same(found: Detections, boxes: Any) -> None:
    assert len(found) > 3
    np.testing.assert_array_equal(found.class_ids, boxes.cls.numpy())
    np.testing.assert_allclose(found.scores, boxes.conf.numpy(), atol=1e-6)
    np.testing.assert_allclose(found.boxes_xyxy, boxes.xyxy.numpy(), atol=1e-3)


def test_boxes_are_those_of_ultralytics_for_the_same_features(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["car", "traffic light", "dog"]
    made = detector(weights, classes=tuple(names))
    made.look_for(["a person"])  # the option comes first
    made.reset(STREAM)
    found = made.detect([frame()])[0]
    assert found.class_names == tuple(names)
    check_same(found, theirs(weights, names, monkeypatch))
    assert set(made.weights) == {"world.pt", "clip.pt"}


def test_queries_say_what_to_look_for(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = detector(weights)
    made.look_for(["the red cars that move to the left", "a sedan", "a zebra at the crossing", "People in white"])
    made.reset(STREAM)
    names = ["car", "a zebra at the crossing", "person"]
    found = made.detect([frame()])[0]
    assert found.class_names == tuple(names)
    check_same(found, theirs(weights, names, monkeypatch))


def test_other_queries_replace_the_first(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = detector(weights)
    made.look_for(["a bus", "a dog", "a truck"])
    made.reset(STREAM)
    made.detect([frame()])
    made.look_for(["a car"])
    made.reset(STREAM)
    found = made.detect([frame()])[0]
    assert found.class_names == ("car",)
    check_same(found, theirs(weights, ["car"], monkeypatch))


def test_limits_hold(weights: Path) -> None:
    everything = detector(weights, classes=("car",)).detect([frame()])[0]
    assert len(everything) > 4
    best = detector(weights, classes=("car",), max_detections=2).detect([frame()])[0]
    np.testing.assert_array_equal(best.scores, everything.scores[:2])
    middle = float(np.median(everything.scores))
    assert 0 < len(detector(weights, classes=("car",), min_score=middle).detect([frame()])[0]) < len(everything)
    assert detector(weights, classes=("car",)).detect([]) == []


def test_nothing_to_look_for_is_an_error(weights: Path) -> None:
    made = detector(weights)
    for call in (lambda: made.reset(STREAM), lambda: made.detect([frame()])):
        with pytest.raises(
            OptionError, match=r"detector\.classes must say what to look for where there are no queries"
        ):
            call()
    made.look_for([])
    with pytest.raises(OptionError, match=r"detector\.classes must say"):
        made.reset(STREAM)


def test_prompts_that_cannot_be_encoded_are_refused(weights: Path) -> None:
    with pytest.raises(QueryError, match="must hold at most 75 tokens"):
        detector(weights).look_for(["zebra " * 80])
    with pytest.raises(QueryError, match="must hold at least one word"):
        detector(weights, classes=("car", ""))


def test_files_that_do_not_fit_are_refused(weights: Path, tmp_path: Path, tiny_clip_weights: Path) -> None:
    with pytest.raises(OptionError, match=r"detector\.path must be an existing \.pt file, got yolov8s-worldv2\.pt"):
        YoloWorldDetector(YoloWorldOptions(Path("yolov8s-worldv2.pt"), text_weights=weights / "clip.pt"))
    with pytest.raises(OptionError, match=r"detector\.text_weights must be an existing file, got .*absent"):
        detector(weights, text_weights=tmp_path / "absent.pt")
    with pytest.raises(WeightsError, match="features of length 512, as the network was trained with, got 16"):
        detector(weights, text_weights=tiny_clip_weights, classes=("car",))
    import_ultralytics().YOLO("yolo11n.yaml").save(tmp_path / "world.pt")
    with pytest.raises(WeightsError, match=r"world\.pt must hold a WorldModel, got DetectionModel"):
        detector(tmp_path, text_weights=weights / "clip.pt")
    (tmp_path / "world.pt").write_text("hello")
    with pytest.raises(WeightsError, match=r"world\.pt cannot be loaded: "):
        detector(tmp_path, text_weights=weights / "clip.pt")


def test_it_is_made_by_its_name(weights: Path) -> None:
    options = {
        "path": weights / "world.pt",
        "text_weights": weights / "clip.pt",
        "classes": "car, dog",
        "device": "cpu",
    }
    made, _ = create("detector", "yolo-world", options)
    assert made.requirements.texts
    assert made.detect([frame()])[0].class_names == ("car", "dog")


def test_without_ultralytics_it_says_what_to_install(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(PluginError, match=r"yolo-world needs ultralytics.*pip install ultralytics"):
        detector(weights)
