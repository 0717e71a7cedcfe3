"""How to make each built-in plugin for the conformance kit: a plugin with required options has a maker here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Options = Mapping[str, object]
Maker = Callable[[pytest.FixtureRequest, Path], Options]
OptionsOf = Callable[[str, str], Options]

MAKERS: dict[tuple[str, str], Maker] = {}
"""Kind and name -> what gives the plugin's options; it may write to the folder that it is given."""


def maker(kind: str, *names: str) -> Callable[[Maker], Maker]:
    """Say that a function makes the options of some plugins."""

    def register(make: Maker) -> Maker:
        MAKERS.update({(kind, name): make for name in names})
        return make

    return register


@pytest.fixture(scope="session")
def options_of(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> OptionsOf:
    """Give the options of a plugin by kind and name, made once; those without a maker get none."""
    made: dict[tuple[str, str], Options] = {}

    def give(kind: str, name: str) -> Options:
        if (kind, name) not in made:
            make = MAKERS.get((kind, name), lambda *_: {})
            made[kind, name] = make(request, tmp_path_factory.mktemp(f"{kind}-{name}"))
        return made[kind, name]

    return give


# --- detectors


@maker("detector", "from_file")
def _detections(_: pytest.FixtureRequest, folder: Path) -> Options:
    return {"path": _mot_file(folder)}


@maker("detector", "yolo-world")
def _yolo_world(_: pytest.FixtureRequest, folder: Path) -> Options:
    """Write random weights, and a random CLIP of the width that they want."""
    import open_clip
    import torch

    from trackspeak.plugins.detectors.yolo import import_ultralytics

    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        model = import_ultralytics().YOLOWorld("yolov8s-worldv2.yaml")
        for head in model.model.model[-1].cv4:
            head.bias.fill_(-2.0)  # random weights find nothing
        model.save(folder / "world.pt")
        vision = {"layers": 1, "width": 64, "patch_size": 16, "image_size": 32}
        text = {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 1}
        torch.save(open_clip.CLIP(embed_dim=512, vision_cfg=vision, text_cfg=text).state_dict(), folder / "clip.pt")
    paths = {"path": folder / "world.pt", "text_weights": folder / "clip.pt"}
    return {**paths, "image_size": 32, "min_score": 0.05, "device": "cpu"}


@maker("detector", "yolo")
def _yolo(_: pytest.FixtureRequest, folder: Path) -> Options:
    import torch

    from trackspeak.plugins.detectors.yolo import import_ultralytics

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = import_ultralytics().YOLO("yolo11n.yaml")
    # Random weights find nothing: wide biases make some classes likely.
    with torch.no_grad():
        for branch in model.model.model[-1].cv3:
            branch[-1].bias.copy_(torch.linspace(-8, -1, len(branch[-1].bias)))
            branch[-1].weight.mul_(30)
    model.save(folder / "random.pt")
    return {"path": folder / "random.pt", "image_size": 32, "min_score": 0.2, "device": "cpu"}


@maker("detector", "yolox", "onnx")
def _yolox(_: pytest.FixtureRequest, folder: Path) -> Options:
    """Write a YOLOX network of one class, 64 x 32, that is a little surer of two boxes where a picture is brighter."""
    onnx = pytest.importorskip("onnx")
    make, floats = onnx.helper, onnx.TensorProto.FLOAT
    known = np.zeros((1, 42, 6), np.float32)  # 42 anchors: 32 of stride 8, 8 of 16, 2 of 32
    known[0, [3, 36], :2] = (0.5, 0.25)
    known[0, [3, 36], 4:] = (0.6, 0.9)
    graph = make.make_graph(
        [
            make.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
            make.make_node("Mul", ["known", "gain"], ["gained"]),
            make.make_node("Mul", ["gained", "mean"], ["brighter"]),
            make.make_node("Add", ["brighter", "known"], ["output"]),
        ],
        "brightness",
        [make.make_tensor_value_info("images", floats, (1, 3, 32, 64))],
        [make.make_tensor_value_info("output", floats, known.shape)],
        [
            onnx.numpy_helper.from_array(np.float32([0, 0, 0, 0, 1e-3, 0]), "gain"),
            onnx.numpy_helper.from_array(known, "known"),
        ],
    )
    path = folder / "brightness.onnx"
    onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid("", 13)], ir_version=8), path)
    return {"path": path, "class_names": "thing"}


@maker("detector", "torchvision")
def _torchvision(_: pytest.FixtureRequest, folder: Path) -> Options:
    """Write random weights of a small network of two classes, about as sure of boxes as not."""
    import torch
    from torchvision.models import get_model

    model = "ssdlite320_mobilenet_v3_large"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = get_model(model, weights=None, weights_backbone=None, num_classes=3)
    torch.save(network.state_dict(), folder / "random.pth")
    options = {"path": folder / "random.pth", "model": model, "class_names": "thing,other"}
    return {**options, "device": "cpu", "max_detections": 20}


@maker("detector", "yolo-world")
def _yolo_world(_: pytest.FixtureRequest, folder: Path) -> Options:
    import open_clip
    import torch

    from trackspeak.plugins.detectors.yolo import import_ultralytics

    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        model = import_ultralytics().YOLOWorld("yolov8s-worldv2.yaml")
        for head in model.model.model[-1].cv4:
            head.bias.fill_(-1.0)  # random weights find nothing
            head.logit_scale.fill_(1.0)
        vision = {"layers": 1, "width": 64, "patch_size": 16, "image_size": 32}
        text = {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 1}
        clip = open_clip.CLIP(embed_dim=512, vision_cfg=vision, text_cfg=text)
    model.save(folder / "world.pt")
    torch.save(clip.state_dict(), folder / "clip.pt")
    paths = {"path": folder / "world.pt", "text_weights": folder / "clip.pt"}
    return {**paths, "image_size": 32, "max_detections": 20, "device": "cpu"}


# --- embedders


@maker("embedder", "onnx")
def _embedder(_: pytest.FixtureRequest, folder: Path) -> Options:
    """Write a network whose embedding of a crop is the mean colour of its top and of its bottom half."""
    onnx = pytest.importorskip("onnx")
    make, floats = onnx.helper, onnx.TensorProto.FLOAT
    graph = make.make_graph(
        [
            make.make_node("AveragePool", ["images"], ["halves"], kernel_shape=[8, 8], strides=[8, 8]),
            make.make_node("Flatten", ["halves"], ["features"]),
        ],
        "colours",
        [make.make_tensor_value_info("images", floats, ("n", 3, 16, 8))],
        [make.make_tensor_value_info("features", floats, ("n", 6))],
    )
    path = folder / "colours.onnx"
    onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid("", 13)], ir_version=8), path)
    return {"path": path}


# --- trackers


@maker("tracker", "from_file")
def _tracks(_: pytest.FixtureRequest, folder: Path) -> Options:
    return {"path": _mot_file(folder)}


# --- postprocessors


@maker("postprocessor", "aflink")
def _aflink(_: pytest.FixtureRequest, folder: Path) -> Options:
    """Write random weights in the authors' format, which are surer than not that tracks belong together."""
    import torch

    from trackspeak.models.aflink import PostLinker

    with torch.random.fork_rng():
        torch.manual_seed(0)
        torch.save(PostLinker().state_dict(), folder / "random.pth")
    return {"path": folder / "random.pth", "max_cost": 0.9}


# --- matchers


@maker("matcher", "kum")
def _kum(*_: object) -> Options:
    return {"device": "cpu"}


@maker("matcher", "clip")
def _clip(request: pytest.FixtureRequest, _: Path) -> Options:
    return {"weights": request.getfixturevalue("tiny_clip_weights"), "device": "cpu"}


# --- calibrators


@maker("calibrator", "frequency")
def _frequency(request: pytest.FixtureRequest, folder: Path) -> Options:
    from trackspeak.models.frequency import TextEncoder, count_expressions, fit_frequencies

    encoder: Any = request.getfixturevalue("tiny_clip_weights")
    (folder / "counts.json").write_text(json.dumps({"red-cars": 30, "people-in-the-left": 50, "left cars": 10}))
    fit_frequencies(count_expressions(folder / "counts.json"), TextEncoder(encoder)).save(folder / "fitted.safetensors")
    return {"path": folder / "fitted.safetensors", "encoder": encoder}


def _mot_file(folder: Path) -> Path:
    """Write boxes of two things in 49 frames, with their ids, in MOTChallenge's format."""
    lines = [f"{frame},{box},{box * 20 + frame},10,15,20,0.9" for frame in range(1, 50) for box in (1, 2)]
    path = folder / "boxes.txt"
    path.write_text("\n".join(lines))
    return path
