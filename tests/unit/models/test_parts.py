"""Images through a network in parts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from trackspeak.models import parts
from trackspeak.models.parts import in_parts, values_at_once


@pytest.mark.parametrize("count", [0, 1, 4, 7])
def test_parts_are_bounded_and_come_back_in_order(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "LEAST_PIXELS", 3 * 8 * 8 + 1)
    seen = []

    def encode(images: torch.Tensor) -> torch.Tensor:
        seen.append(len(images))
        return images.mean(dim=(1, 2, 3))

    images = torch.arange(count, dtype=torch.float32)[:, None, None, None].expand(count, 3, 8, 8)
    assert in_parts(encode, images).tolist() == list(range(count))
    assert max(seen) <= 3
    assert len(seen) == max(1, -(-count // 3))


def test_an_image_above_the_bound_goes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "LEAST_PIXELS", 1)
    assert in_parts(lambda images: images.sum(dim=(1, 2, 3)), torch.ones(2, 3, 4, 4)).tolist() == [48.0, 48.0]


def test_a_gpu_s_bound_grows_with_its_memory_and_a_cpu_s_is_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = SimpleNamespace(total_memory=2**20)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: memory)
    gpu = torch.device("cuda")
    assert values_at_once(gpu) == values_at_once(torch.device("cpu")) == parts.LEAST_VALUES, "at least what a CPU has"
    memory.total_memory = 2**40
    assert 4 * parts.ARRAYS_AT_ONCE * values_at_once(gpu) == parts.GPU_SHARE * 2**40
