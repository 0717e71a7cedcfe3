"""The rule by which the golden values' weights are filled (README of the golden values)."""

import zlib
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from trackspeak.models.weights import load_strictly


@pytest.fixture
def fill_by_rule() -> Callable[..., None]:
    """Fill a module: `fill_by_rule(module)`; a prefix stands before its names in the reference's state dict."""

    def fill(module: nn.Module, prefix: str = "") -> None:
        state = module.state_dict()
        load_strictly(module, {name: _by_rule(prefix + name, old) for name, old in state.items()}, "the rule's weights")

    return fill


def _by_rule(name: str, old: Tensor) -> Tensor:
    if not old.is_floating_point():
        return old
    shape = tuple(old.shape)
    values = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape).astype(np.float32)
    if name.endswith("running_var"):
        values = 1 + 0.1 * np.abs(values)
    elif name.endswith("running_mean"):
        values = 0.1 * values
    elif len(shape) <= 1:
        values = 1 + 0.1 * values if name.endswith("weight") else 0.1 * values
    else:
        values = values / np.sqrt(np.float32(np.prod(shape[1:])))
    return torch.from_numpy(np.ascontiguousarray(values, np.float32)).reshape(shape)
