"""Where a matcher computes, how exactly, and how arrays get there and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import OptionError

if TYPE_CHECKING:
    import torch

Precision = Literal["float32", "bfloat16", "float16"]
"""Of a matcher's arithmetic, by the names of torch's types."""


def device_of(name: str, kind: str = "matcher") -> torch.device:
    """Give a device that is there; "auto" is a GPU if there is one.

    Args:
        name: what the option says.
        kind: of the plugin whose option it is.

    Raises:
        OptionError: if the name is no device of this machine.
    """
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise OptionError(f"{kind}.device must be auto or a device of this machine, got {name!r}: {reason}") from None
    return torch.device(name)


def dtype_of(precision: Precision, device: torch.device) -> torch.dtype:
    """Give a precision that the device has.

    Raises:
        OptionError: for float16 without a GPU, where it is slow and its sums overflow.
    """
    import torch

    if precision == "float16" and device.type == "cpu":
        raise OptionError("matcher.precision must be float32 or bfloat16 on a CPU, got float16")
    dtype: torch.dtype = getattr(torch, precision)
    return dtype


def to_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Bring a tensor of a CPU's memory to a device; to a GPU from pinned memory, and without waiting for it."""
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def to_host(tensors: Mapping[str, torch.Tensor]) -> dict[str, npt.NDArray[np.float32]]:
    """Bring named tensors of one device to the CPU in single precision, waiting once for all of them.

    A GPU's come through pinned memory, which none of the result keeps.
    """
    import torch

    waited = {tensor.device for tensor in tensors.values() if tensor.device.type == "cuda"}
    copies = {name: tensor.float().to("cpu", non_blocking=bool(waited)) for name, tensor in tensors.items()}
    for device in waited:
        torch.cuda.current_stream(device).synchronize()
    return {name: copy.numpy().copy() if waited else copy.numpy() for name, copy in copies.items()}
