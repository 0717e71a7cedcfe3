"""Vectors in fewer numbers: inner products stay near, and few vectors stay as they are."""

import numpy as np
import pytest
import torch

from trackspeak.service.search.reduced import reduce


def vectors(rows: int, width: int, seen: int) -> torch.Tensor:
    """Vectors that differ in a few directions of many, and a little in the others."""
    rng = np.random.default_rng(0)
    directions = np.linalg.qr(rng.standard_normal((width, width)))[0][:seen]
    found = rng.standard_normal((rows, seen)) @ directions + 1e-3 * rng.standard_normal((rows, width))
    return torch.from_numpy(found.astype(np.float16))


def test_inner_products_stay_near() -> None:
    many = vectors(50_000, 300, 100)
    found = reduce(many)
    assert found is not None
    assert found.vectors.shape == (50_000, 128)
    assert found.vectors.dtype == torch.float32
    asked = torch.from_numpy(np.random.default_rng(1).standard_normal(300).astype(np.float32))
    whole, near = many.float() @ asked, found.vectors @ (asked @ found.basis)
    assert float((whole - near).abs().max()) < 0.02 * float(whole.std())


def test_the_same_vectors_are_reduced_alike() -> None:
    many = vectors(50_000, 300, 100)
    first, second = reduce(many), reduce(many)
    assert first is not None
    assert second is not None
    assert torch.equal(first.vectors, second.vectors)


@pytest.mark.parametrize(("rows", "width"), [(0, 641), (49_999, 300), (50_000, 255)])
def test_what_saves_nothing_stays(rows: int, width: int) -> None:
    assert reduce(torch.zeros((rows, width), dtype=torch.float16)) is None
