"""Tensors in, tensors out: backbones, KUM, sampling and crop arithmetic, weights, training."""
