"""Batch norms folded into the convolutions before them, for inference: one pass over memory less per layer."""

from __future__ import annotations

from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norms(tower: nn.Module) -> None:
    """Fold each batch norm of an OpenCLIP ModifiedResNet into its convolution, in place; other towers stay as they are.

    At inference a batch norm is affine, so that the outputs change by rounding alone. The tower can be neither
    trained nor saved under its old names afterwards.

    Args:
        tower: an OpenCLIP image tower in evaluation mode.

    Raises:
        ValueError: if it is in training mode, where batch norms are not affine.
    """
    if tower.training:
        raise ValueError("batch norms can only be folded in evaluation mode")
    for module in list(tower.modules()):
        for first, second in _pairs(module):
            conv, norm = module.get_submodule(first), module.get_submodule(second)
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, first, fuse_conv_bn_eval(conv, norm))
                setattr(module, second, nn.Identity())


def _pairs(module: nn.Module) -> list[tuple[str, str]]:
    """Names of children that follow each other: conv1 and bn1, ...; in a sequence each and the next."""
    names = [name for name, _ in module.named_children()]
    if isinstance(module, nn.Sequential):
        return list(pairwise(names))
    norms = {name: name.replace("conv", "bn") for name in names if name.startswith("conv")}
    return [(conv, norm) for conv, norm in norms.items() if norm in names]
