"""CLIP weights in the formats that are published, made here at a small size."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from trackspeak.models.clip_weights import load_clip
from trackspeak.models.errors import WeightsError

TEXT = {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 2}
RESNET = {"layers": [1, 1, 2, 1], "width": 8, "image_size": 64, "patch_size": None}
TRANSFORMER = {"layers": 2, "width": 64, "image_size": 32, "patch_size": 8}


def model(vision: dict[str, Any], quick_gelu: bool) -> open_clip.CLIP:
    torch.manual_seed(0)
    return open_clip.CLIP(embed_dim=16, vision_cfg=vision, text_cfg=TEXT, quick_gelu=quick_gelu).eval()


class Archived(nn.Module):
    """A module whose TorchScript archive has a CLIP's names, and OpenAI's three numbers beside them."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        for number, name in enumerate(("input_resolution", "context_length", "vocab_size")):
            self.register_buffer(name, torch.tensor(number))
        for name, value in state.items():
            *path, last = name.split(".")
            module: nn.Module = self
            for part in path:
                if not hasattr(module, part):
                    module.add_module(part, nn.Module())
                module = getattr(module, part)
            module.register_buffer(last, value)

    def forward(self, value: Tensor) -> Tensor:
        return value


def save(state: dict[str, Tensor], path: Path, how: str) -> None:
    if how == "torchscript":
        halves = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # torch would rather have no new archives
            torch.jit.script(Archived(halves)).save(path)
    elif how == "safetensors":
        save_file({name: value.contiguous() for name, value in state.items()}, path)
    elif how == "openclip":
        torch.save({"epoch": 3, "state_dict": {f"module.{name}": value for name, value in state.items()}}, path)
    else:
        torch.save(state, path)


@pytest.mark.parametrize("vision", [RESNET, TRANSFORMER], ids=["resnet", "transformer"])
@pytest.mark.parametrize("how", ["torchscript", "safetensors", "openclip", "plain"])
def test_every_format_gives_the_model(tmp_path: Path, vision: dict[str, Any], how: str) -> None:
    original = model(vision, quick_gelu=how == "torchscript")
    path = tmp_path / ("a.safetensors" if how == "safetensors" else "a.pt")
    save(original.state_dict(), path, how)
    loaded = load_clip(path)
    size = vision["image_size"]
    images, tokens = torch.randn(2, 3, size, size), torch.randint(1, 49407, (2, 77))
    tolerance = 0.02 if how == "torchscript" else 1e-6  # archives are in half precision
    with torch.inference_mode():
        for name, given in (("encode_image", images), ("encode_text", tokens)):
            expected, got = (getattr(one, name)(given, normalize=True) for one in (original, loaded))
            torch.testing.assert_close(got, expected, rtol=0, atol=tolerance)


def test_quick_gelu_is_the_callers_to_say(tmp_path: Path) -> None:
    original = model(TRANSFORMER, quick_gelu=True)
    save(original.state_dict(), tmp_path / "a.pt", "plain")
    images = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        right, wrong = (load_clip(tmp_path / "a.pt", quick_gelu=quick).encode_image(images) for quick in (True, None))
        torch.testing.assert_close(right, original.encode_image(images))
        assert (wrong - right).abs().max() > 1e-5


def test_what_is_no_clip_is_refused(tmp_path: Path) -> None:
    state = model(TRANSFORMER, quick_gelu=False).state_dict()
    save({name: value for name, value in state.items() if name != "ln_final.bias"}, tmp_path / "a.pt", "plain")
    with pytest.raises(WeightsError, match=r"missing: ln_final\.bias"):
        load_clip(tmp_path / "a.pt")
    torch.save({"weight": torch.zeros(2)}, tmp_path / "b.pt")
    with pytest.raises(WeightsError, match=r"must be those of a CLIP; they lack 'ln_final\.weight'"):
        load_clip(tmp_path / "b.pt")
    (tmp_path / "c.pt").write_bytes(b"no zip")
    with pytest.raises(WeightsError, match=r"c\.pt"):
        load_clip(tmp_path / "c.pt")
    with pytest.raises(WeightsError, match="absent"):
        load_clip(tmp_path / "absent.pt")
