import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from trackspeak.models.errors import WeightsError
from trackspeak.models.weights import load_checkpoint, load_safetensors, load_strictly, sha256_of, split_released


@pytest.fixture
def weights_path(tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    save_file({"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.zeros(2)}, path)
    return path


class Surprise:
    """Would run code when unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('code from a weight file ran')",)


def test_the_hash_is_that_of_the_bytes(weights_path: Path) -> None:
    assert sha256_of(weights_path) == hashlib.sha256(weights_path.read_bytes()).hexdigest()


def test_safetensors_are_read_if_the_hash_fits(weights_path: Path) -> None:
    state = load_safetensors(weights_path, sha256_of(weights_path).upper())
    assert torch.equal(state["weight"], torch.arange(6.0).reshape(2, 3))
    with pytest.raises(WeightsError, match=f"must have SHA-256 {'0' * 64}, got {sha256_of(weights_path)}"):
        load_safetensors(weights_path, "0" * 64)


def test_a_cut_file_and_a_missing_one_are_named(weights_path: Path) -> None:
    weights_path.write_bytes(weights_path.read_bytes()[:-5])
    with pytest.raises(WeightsError, match="not a whole safetensors file"):
        load_safetensors(weights_path)
    for load in (load_safetensors, load_checkpoint, sha256_of):
        with pytest.raises(WeightsError, match=r"missing\.file"):
            load(weights_path.parent / "missing.file")


def test_strict_loading_copies_every_entry(weights_path: Path) -> None:
    module = nn.Linear(3, 2)
    load_strictly(module, load_safetensors(weights_path), "the test's weights")
    assert torch.equal(module.weight, torch.arange(6.0).reshape(2, 3))


def test_strict_loading_names_all_that_does_not_fit_and_loads_nothing() -> None:
    module = nn.Linear(3, 2)
    before = module.weight.clone()
    state = {"weight": torch.zeros(2, 4), "scale": torch.zeros(1)}
    with pytest.raises(WeightsError) as caught:
        load_strictly(module, state, "released.pth")
    message = str(caught.value)
    assert message.startswith("released.pth does not fit Linear")
    assert "missing: bias" in message
    assert "unexpected: scale" in message
    assert "weight must be (2, 3), got (2, 4)" in message
    assert torch.equal(module.weight, before)


def test_many_names_are_counted() -> None:
    state = {f"extra{number}": torch.zeros(1) for number in range(9)}
    with pytest.raises(WeightsError, match="extra4 and 4 more"):
        load_strictly(nn.Identity(), state, "weights")


def test_a_released_checkpoint_is_read_with_its_pickled_optimizer_and_split(tmp_path: Path) -> None:
    model = nn.ModuleDict({"clip": nn.Linear(2, 2), "img_fc": nn.Linear(3, 1)})
    optimizer = torch.optim.AdamW(model.parameters())
    for part, width in (("clip", 2), ("img_fc", 3)):
        model[part](torch.ones(1, width)).sum().backward()
    optimizer.step()
    state = {f"module.{name}": tensor for name, tensor in model.state_dict().items()}
    torch.save({"model": state, "optimizer": optimizer, "epoch": 99}, tmp_path / "released.pth")
    released = split_released(load_checkpoint(tmp_path / "released.pth"))
    assert released.clip.keys() == {"weight", "bias"}
    assert released.kum.keys() == {"img_fc.weight", "img_fc.bias"}
    assert torch.equal(released.kum["img_fc.weight"], model["img_fc"].weight)


@pytest.mark.parametrize("checkpoint", [{"state": {}}, {"model": {"module.img_fc.weight": torch.zeros(1)}}])
def test_another_checkpoint_is_not_taken_for_a_released_one(checkpoint: dict[str, object]) -> None:
    with pytest.raises(WeightsError, match="must hold"):
        split_released(checkpoint)


def test_no_code_runs_from_a_checkpoint(tmp_path: Path) -> None:
    torch.save({"model": Surprise()}, tmp_path / "surprise.pth")
    with pytest.raises(WeightsError, match="not a checkpoint of plain tensors: it holds exec"):
        load_checkpoint(tmp_path / "surprise.pth")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint at all", b"PK\x03\x04 cut"])
def test_another_file_is_not_a_checkpoint(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="not a checkpoint of plain tensors: it is of another kind"):
        load_checkpoint(path)


def test_a_bare_tensor_is_not_a_checkpoint(tmp_path: Path) -> None:
    torch.save(torch.zeros(2), tmp_path / "tensor.pth")
    with pytest.raises(WeightsError, match="dictionary, got Tensor"):
        load_checkpoint(tmp_path / "tensor.pth")
