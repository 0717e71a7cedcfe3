"""Networks in ONNX files: opened, described, and run on one image at a time."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import OptionError, PluginError, WeightsError

Floats = npt.NDArray[np.float32]

_DTYPES: dict[str, npt.DTypeLike] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
}


class Port(NamedTuple):
    """An input or output of a network: lengths that it leaves open are names or None."""

    name: str
    type: str
    shape: list[int | str | None]


class Network:
    """A network opened by ONNX Runtime.

    Attributes:
        label: names the plugin and the file in errors.
        name: the file's name.
        inputs: what it takes.
        outputs: what it gives.
        metadata: what its exporter wrote into the file.
        sha256: of the file.
    """

    def __init__(self, plugin: str, path: Path, providers: Sequence[str], kind: str = "detector") -> None:
        """Open a file.

        Args:
            plugin: the name of the plugin that opens it.
            path: the file.
            providers: ONNX Runtime's execution providers, the preferred first.
            kind: of the plugin, whose option is named in errors.

        Raises:
            OptionError: if there is no such file, or a provider is not there.
            WeightsError: if ONNX Runtime cannot load it.
        """
        self.label, self.name = f"{plugin}: {path}", path.name
        self._session = _open(self.label, kind, path, providers)
        self.inputs = [Port(port.name, port.type, port.shape) for port in self._session.get_inputs()]
        self.outputs = [Port(port.name, port.type, port.shape) for port in self._session.get_outputs()]
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self.sha256 = sha256_of(path)

    def run(self, *arrays: npt.NDArray[Any]) -> list[Floats]:
        """Give the outputs for the inputs, in the file's order, as single precision.

        Raises:
            PluginError: if the network fails on them.
        """
        feeds = {
            port.name: array.astype(_DTYPES.get(port.type, np.float32), copy=False)
            for port, array in zip(self.inputs, arrays, strict=True)
        }
        try:
            outputs = self._session.run(None, feeds)
        except Exception as error:  # ONNX Runtime's errors have no common base below Exception
            raise PluginError(f"{self.label} fails: {_first_line(error)}") from error
        return [np.asarray(output, np.float32) for output in outputs]

    def noted(self, key: str) -> Any:
        """Give what the metadata have under a key, Python literals as ultralytics writes them; None for all else."""
        try:
            return ast.literal_eval(self.metadata.get(key, ""))
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return None

    def noted_class_names(self) -> tuple[str, ...]:
        """Give the class names that the metadata have; none where there are none."""
        names = self.noted("names")
        if isinstance(names, dict) and set(names) == set(range(len(names))):
            return tuple(str(names[number]) for number in range(len(names)))
        return ()

    def ports(self) -> str:
        """Describe what the network takes and gives."""
        return "; ".join(f"{port.name} {port.type} {port.shape}" for port in [*self.inputs, *self.outputs])


def _open(label: str, kind: str, path: Path, providers: Sequence[str]) -> Any:
    import onnxruntime

    if not path.is_file():
        raise OptionError(f"{kind}.path must be an existing .onnx file, got {path}")
    absent = [name for name in providers if name not in onnxruntime.get_available_providers()]
    if absent:
        there = ", ".join(onnxruntime.get_available_providers())
        raise OptionError(f"providers must be among {there}, got {', '.join(absent)}")
    settings = onnxruntime.SessionOptions()
    settings.use_deterministic_compute = True
    settings.log_severity_level = 4  # what goes wrong is raised; nothing is printed besides
    try:
        return onnxruntime.InferenceSession(str(path), settings, providers=list(providers))
    except Exception as error:  # ONNX Runtime's errors have no common base below Exception
        raise WeightsError(f"{label} is not a network that ONNX Runtime can load: {error}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
