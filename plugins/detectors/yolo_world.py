"""YOLO-World through ultralytics, which is AGPL-3.0 and imported only when this detector is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import OptionError, WeightsError
from trackspeak.plugins.contract import Detections, Requirements, StreamInfo

from ._images import Pixels
from .yolo import UltralyticsDetector, YoloOptions, device_name, import_ultralytics, to_detections

_ANYTHING = "object"


@dataclass(frozen=True, slots=True, kw_only=True)
class YoloWorldOptions(YoloOptions):
    """Options of the detector `yolo-world`.

    Attributes:
        path: weights of YOLO-World (.pt), never downloaded; such a file can run code, so take it from who you trust.
        text_weights: the CLIP weights that it was trained with, OpenAI's ViT-B-32.pt.
        classes: what to look for, in words, separated by commas; where empty, what the queries name.
        image_size: the longer side in pixels that frames are scaled to for the network.
    """

    text_weights: Path
    classes: tuple[str, ...] = ()


class YoloWorldDetector(UltralyticsDetector[YoloWorldOptions]):
    """YOLO-World of ultralytics (AGPL-3.0): finds what the queries name."""

    Options: ClassVar[type[YoloWorldOptions]] = YoloWorldOptions
    requirements: ClassVar[Requirements] = Requirements(pixels=True, texts=True, packages=("ultralytics",))

    def __init__(self, options: YoloWorldOptions) -> None:
        """Load the network and the text encoder.

        Raises:
            OptionError: if there is no such file or device.
            PluginError: if ultralytics is not installed.
            WeightsError: if a file holds something else, or the two do not belong together.
            QueryError: if a class holds no word, or too many.
        """
        from trackspeak.models.clip_weights import load_clip
        from trackspeak.models.tokenizer import ClipTokenizer

        super().__init__(options)
        if options.path.suffix != ".pt" or not options.path.is_file():
            raise OptionError(f"detector.path must be an existing .pt file, got {options.path}")
        if not options.text_weights.is_file():
            raise OptionError(f"detector.text_weights must be an existing file, got {options.text_weights}")
        ultralytics = import_ultralytics("yolo-world")
        self._device = device_name(options.device)
        self._model = _open(ultralytics, options.path)
        self._clip = load_clip(options.text_weights)
        del self._clip.visual  # texts are all that is encoded
        self._tokenizer = ClipTokenizer()
        self.weights = {path.name: sha256_of(path) for path in (options.path, options.text_weights)}
        self._class_names: tuple[str, ...] = ()
        self._look_for(options.classes)

    def look_for(self, texts: Sequence[str]) -> None:
        """Take what sentences name, unless the option `classes` says what to look for.

        Raises:
            QueryError: if a sentence that names nothing known is too long to be looked for as it is.
        """
        if not self._options.classes:
            self._look_for([_named(text) for text in texts])

    def reset(self, stream: StreamInfo) -> None:  # noqa: ARG002 - each frame is looked at by itself
        """Begin a new video.

        Raises:
            OptionError: if there is nothing to look for.
        """
        self._check_begun()

    def _look(self, images: Sequence[Pixels]) -> list[Detections]:
        """Find the boxes of each image, the highest score first."""
        self._check_begun()
        return [to_detections(boxes, self._class_names) for boxes in self._predict(images, None)]

    def _check_begun(self) -> None:
        if not self._class_names:
            raise OptionError("detector.classes must say what to look for where there are no queries, got nothing")

    def _look_for(self, prompts: Sequence[str]) -> None:
        """Give the network the features of prompts, each once, as its classes."""
        import torch

        names = tuple(dict.fromkeys(prompts))
        if names and names != self._class_names:
            with torch.inference_mode():
                features = self._clip.encode_text(self._tokenizer.encode(names).tokens, normalize=True)
            set_classes(self._model, names, features.clone())
        self._class_names = names


def set_classes(model: Any, names: Sequence[str], features: Any) -> None:
    """Make names the classes of an ultralytics YOLOWorld, as its own `set_classes` does after encoding them.

    Args:
        model: a YOLOWorld.
        names: C class names.
        features: (C, D) float32, of length 1 each.

    Raises:
        WeightsError: if the network compares with features of another length.
    """
    network = model.model
    head = network.model[-1]
    wanted = head.cv3[0][-1].out_channels
    if features.shape[1] != wanted:
        raise WeightsError(
            f"yolo-world: text_weights must give features of length {wanted}, as the network was trained with, "
            f"got {features.shape[1]}"
        )
    network.txt_feats = features[None]  # (C, D) -> (1, C, D)
    head.nc = len(names)
    network.names = dict(enumerate(names))
    model.predictor = None  # it keeps the names of before


def _open(ultralytics: Any, path: Path) -> Any:
    """Load a YOLO-World, whatever its file is called.

    Raises:
        WeightsError: if it is none.
    """
    try:
        model = ultralytics.YOLOWorld(str(path.resolve()))
        found = type(model.model).__name__
    except Exception as error:  # unpickling may fail in any way
        reason = str(error).strip().partition("\n")[0]
        raise WeightsError(f"yolo-world: {path} cannot be loaded: {type(error).__name__}: {reason}") from error
    if found != "WorldModel":
        raise WeightsError(f"yolo-world: {path} must hold a WorldModel, got {found}")
    return model


def _named(sentence: str) -> str:
    """Give the known noun of a sentence; the sentence itself where there is none."""
    from trackspeak.models.phrases import take_apart

    kind = take_apart(sentence).kind
    return sentence if kind == _ANYTHING else kind
