"""torchvision's detectors, with random weights in the format of the published ones."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models import get_model, get_model_weights
from torchvision.ops import FrozenBatchNorm2d

from trackspeak.models.errors import OptionError, UnknownNameError, WeightsError
from trackspeak.plugins.assignment import assign
from trackspeak.plugins.contract import Frame
from trackspeak.plugins.detectors.torchvision import TorchvisionDetector, TorchvisionOptions

MODELS = (
    "fasterrcnn_resnet50_fpn",
    "fasterrcnn_resnet50_fpn_v2",
    "fasterrcnn_mobilenet_v3_large_fpn",
    "retinanet_resnet50_fpn",
    "retinanet_resnet50_fpn_v2",
    "ssdlite320_mobilenet_v3_large",
)
SMALL = "ssdlite320_mobilenet_v3_large"


def random_state(network: nn.Module) -> dict[str, Tensor]:
    """Give random weights that find something: norms that are not the identity, and sure classes."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, value in network.state_dict().items():
        noise = torch.randn(value.shape, generator=generator) if value.is_floating_point() else value
        if name.endswith("running_var"):
            state[name] = 1 + noise.abs() * 0.1
        elif name.endswith("running_mean"):
            state[name] = noise * 0.1
        elif "cls_logits" in name or "cls_score" in name or "classification_head" in name:
            state[name] = value + noise * (1.0 if value.ndim == 1 else 0.05)
        else:
            state[name] = value
    return state


def published(model: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> tuple[nn.Module, dict[str, Tensor]]:
    """Give a network as torchvision makes it from its published weights, and those weights, random ones here."""
    (weights,) = get_model_weights(model)
    given: dict[str, Tensor] = {}

    def load(network: nn.Module, state: dict[str, Tensor], **_: Any) -> None:
        given.update(random_state(network))
        strict_load(network, given)

    strict_load = nn.Module.load_state_dict
    with monkeypatch.context() as patch:
        patch.setattr(type(weights), "get_state_dict", lambda *_, **__: {})
        patch.setattr(nn.Module, "load_state_dict", load)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            network = get_model(model, weights=weights, **settings)
    return network.eval(), given


def frame() -> Frame:
    generator = np.random.default_rng(0)
    rgb = np.kron(generator.integers(0, 255, (6, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    rgb.setflags(write=False)
    return Frame(0, 0.0, rgb)


@pytest.mark.parametrize("model", MODELS)
def test_it_is_torchvisions_own_network(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = "box_" if model.startswith("fasterrcnn") else ""
    # Small images, since these networks are large: both are told so alike.
    sizes = {} if model == SMALL else {"min_size": 96, "max_size": 160}
    network, state = published(model, monkeypatch, **{f"{prefix}score_thresh": 0.05}, **sizes)
    path = tmp_path / "weights.pth"
    torch.save(state, path)
    made = TorchvisionDetector(TorchvisionOptions(path, model=model, min_score=0.05, device="cpu"))  # type: ignore[arg-type]
    if sizes:
        made._network.transform.min_size, made._network.transform.max_size = (96,), 160
    with torch.inference_mode():
        (wanted,) = network([torch.from_numpy(frame().rgb.transpose(2, 0, 1).copy()).float() / 255])
    found = made.detect([frame()])[0]
    assert made.weights == {"weights.pth": sha256(path.read_bytes()).hexdigest()}
    kept = wanted["labels"] > 0
    count = min(100, int(kept.sum()), len(found))
    assert count > 3
    (meta,) = get_model_weights(model)
    names = [meta.meta["categories"][label] for label in wanted["labels"][kept][:count]]
    boxes, scores = (wanted[name][kept][:count].numpy() for name in ("boxes", "scores"))
    np.testing.assert_allclose(found.scores[:count], scores, atol=1e-4)
    # Frozen norms and ordinary ones differ in the last digits, which random weights make visible: 0.11 px were seen,
    # and two boxes of nearly one score that changed places.
    fits = np.array([found.class_names[number] for number in found.class_ids[:count]])[:, None] == names
    fits &= np.abs(found.scores[:count, None] - scores) < 1e-4
    fits &= np.abs(found.boxes_xyxy[:count, None] - boxes).max(axis=2) < 0.5
    assert len(assign(1.0 - fits, 0.5)[0]) == count
    assert epsilons(made._network) == epsilons(network)


def epsilons(network: nn.Module) -> dict[str, float]:
    return {
        name: layer.eps
        for name, layer in network.named_modules()
        if isinstance(layer, FrozenBatchNorm2d | nn.BatchNorm2d)
    }


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a small network of two classes."""
    path = tmp_path_factory.mktemp("own") / "own.pth"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        torch.save(random_state(get_model(SMALL, weights=None, weights_backbone=None, num_classes=3)), path)
    return path


def detector(path: Path, **options: Any) -> TorchvisionDetector:
    return TorchvisionDetector(
        TorchvisionOptions(path, **{"model": SMALL, "class_names": ("cat", "dog"), "device": "cpu", **options})
    )


def test_classes_of_ones_own_are_named_and_chosen(own: Path) -> None:
    everything = detector(own).detect([frame()])[0]
    assert set(everything.class_ids.tolist()) == {0, 1}
    assert everything.class_names == ("cat", "dog")
    dogs = detector(own, classes=("dog",)).detect([frame()])[0]
    of_dogs = everything.class_ids == 1
    np.testing.assert_array_equal(dogs.scores, everything.scores[of_dogs][: len(dogs)])
    assert set(dogs.class_ids.tolist()) == {1}
    with pytest.raises(UnknownNameError, match="unknown class 'fox'; there are: cat, dog"):
        detector(own, classes=("fox",))


def test_options_bound_what_is_found(own: Path) -> None:
    everything = detector(own, min_score=0.01, max_detections=0).detect([frame()])[0]
    middle = float(np.median(everything.scores))
    strong = detector(own, min_score=middle, max_detections=0).detect([frame()])[0]
    assert 0 < len(strong) < len(everything)
    assert strong.scores.min() >= middle
    best = detector(own, max_detections=2).detect([frame()])[0]
    np.testing.assert_array_equal(best.scores, everything.scores[:2])


def test_weights_that_do_not_fit_are_refused(own: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"detector\.path must be an existing file, got .*absent"):
        detector(tmp_path / "absent.pth")
    with pytest.raises(
        WeightsError, match=r"no weights of ssdlite320_mobilenet_v3_large with 3 classes: .* must be \("
    ):
        detector(own, class_names=("cat", "dog", "fox"))
    with pytest.raises(WeightsError, match=r"no weights of retinanet_resnet50_fpn with 2 classes: .*missing: "):
        detector(own, model="retinanet_resnet50_fpn")
    for name, value in (("list.pth", [1]), ("whole.pth", nn.Linear(1, 1)), ("nested.pth", {"model": {}})):
        torch.save(value, tmp_path / name)
        with pytest.raises(WeightsError, match=name):
            detector(tmp_path / name)
    with pytest.raises(OptionError, match=r"detector\.device must be auto or a device of this machine, got 'abacus'"):
        detector(own, device="abacus")


def test_nothing_is_downloaded(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a download was tried")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    monkeypatch.setattr("urllib.request.urlopen", refuse)
    assert detector(own).detect([frame()])
