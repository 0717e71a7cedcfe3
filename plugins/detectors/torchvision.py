"""Detectors of torchvision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import OptionError, WeightsError
from trackspeak.plugins.contract import Detections

from ._images import ImageDetector, ImageOptions, Pixels
from .class_filter import wanted_class_ids

if TYPE_CHECKING:
    from torch import Tensor, nn

_NO_LIMIT = 10_000  # the limit of boxes is ours, behind the choice of classes
_COUNTER = "num_batches_tracked"

_EPSILONS = {"fasterrcnn_resnet50_fpn": 0.0, "retinanet_resnet50_fpn": 0.0}
"""What torchvision adds to the variances of frozen norms in its published weights of these models; else it is usual."""


@dataclass(frozen=True, slots=True)
class TorchvisionOptions(ImageOptions):
    """Options of the detector `torchvision`.

    Attributes:
        path: the weights as torchvision publishes them (.pth): a state dict, never downloaded; no code in it is run.
        model: the network that they are for, by torchvision's name.
        class_names: the network's classes in their order, without the background; COCO's as torchvision numbers them
            where empty.
        device: a torch device, such as "cpu" or "cuda:0"; "auto" takes a GPU if there is one.
    """

    path: Path
    _: KW_ONLY
    model: Literal[
        "fasterrcnn_resnet50_fpn",
        "fasterrcnn_resnet50_fpn_v2",
        "fasterrcnn_mobilenet_v3_large_fpn",
        "retinanet_resnet50_fpn",
        "retinanet_resnet50_fpn_v2",
        "ssdlite320_mobilenet_v3_large",
    ] = "fasterrcnn_resnet50_fpn_v2"
    class_names: tuple[str, ...] = ()
    device: str = "auto"


class TorchvisionDetector(ImageDetector[TorchvisionOptions]):
    """Faster R-CNN, RetinaNet and SSDlite of torchvision, with weights in its format."""

    Options: ClassVar[type[TorchvisionOptions]] = TorchvisionOptions

    def __init__(self, options: TorchvisionOptions) -> None:
        """Load the network.

        Raises:
            OptionError: if there is no such file or device.
            WeightsError: if the file holds no weights of this network and of so many classes.
            UnknownNameError: if a class to keep is not among its classes.
        """
        from trackspeak.models.weights import load_checkpoint
        from trackspeak.plugins.matchers._devices import device_of

        super().__init__(options)
        if not options.path.is_file():
            raise OptionError(f"detector.path must be an existing file, got {options.path}")
        self._device = device_of(options.device, "detector")
        self._class_names = options.class_names or _coco_names(options.model)
        wanted = wanted_class_ids(options.classes, self._class_names)
        self._labels = np.array(wanted, np.int64) + 1  # 0 is the background
        network = _build(options.model, len(self._class_names) + 1, options.min_score)
        _load(network, load_checkpoint(options.path), options, len(self._class_names))
        self._network = network.to(self._device).eval()
        self.weights = {options.path.name: sha256_of(options.path)}

    def _look(self, images: Sequence[Pixels]) -> list[Detections]:
        """Find the boxes of each image, the highest score first; one by one, which bounds memory."""
        return [self._look_at(image) for image in images]

    def _look_at(self, image: Pixels) -> Detections:
        import torch

        # (H, W, 3) -> (3, H, W)
        pixels = torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32)).to(self._device) / 255
        with torch.inference_mode():
            (found,) = self._network([pixels])
        boxes_xyxy, scores, labels = (found[key].cpu().numpy() for key in ("boxes", "scores", "labels"))
        kept = (scores >= self._options.min_score) & np.isin(labels, self._labels)
        class_ids = labels[kept].astype(np.int64) - 1
        return Detections(
            boxes_xyxy[kept].astype(np.float32), scores[kept].astype(np.float32), class_ids, self._class_names
        )


def _coco_names(model: str) -> tuple[str, ...]:
    """Give torchvision's names of COCO's classes, without the background; nothing is downloaded."""
    from torchvision.models import get_model_weights

    (weights,) = get_model_weights(model)  # each of these models was published once
    return tuple(weights.meta["categories"][1:])


def _build(model: str, label_count: int, min_score: float) -> nn.Module:
    """Make a network, its weights not yet those of a file."""
    from torchvision.models import get_model

    prefix = "box_" if model.startswith("fasterrcnn") else ""
    limits = {f"{prefix}score_thresh": min_score, f"{prefix}detections_per_img": _NO_LIMIT}
    network: nn.Module = get_model(model, weights=None, weights_backbone=None, num_classes=label_count, **limits)
    return network


def _load(network: nn.Module, state: Mapping[str, Any], options: TorchvisionOptions, classes: int) -> None:
    """Load a state dict whose names and shapes must be the network's.

    Raises:
        WeightsError: naming what does not fit, and how many classes were expected.
    """
    from torch import Tensor, nn

    from trackspeak.models.weights import load_strictly

    if not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"torchvision: {options.path} must hold a state dict, tensors by name alone")
    filled: dict[str, Tensor] = dict(state)
    wanted = network.state_dict()
    for name, module in network.named_modules():
        # Published weights have frozen norms, which count no batches; they are otherwise ordinary ones.
        counter = f"{name}.{_COUNTER}"
        if isinstance(module, nn.BatchNorm2d) and f"{name}.running_var" in state and counter not in state:
            filled[counter] = wanted[counter]
            module.eps = _EPSILONS.get(options.model, module.eps)
    try:
        load_strictly(network, filled, str(options.path))
    except WeightsError as error:
        raise WeightsError(f"torchvision: no weights of {options.model} with {classes} classes: {error}") from error
