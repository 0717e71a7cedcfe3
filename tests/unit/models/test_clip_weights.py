"""CLIP weights in the formats that are published, made here at a small size."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from trackspeak.models.backbone import Backbone
from trackspeak.models.clip_weights import clip_config, load_clip
from trackspeak.models.errors import WeightsError
from trackspeak.models.weights import load_strictly

TEXT = {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 2}
RESNET = {"layers": [1, 1, 2, 1], "width": 8, "image_size": 64, "patch_size": None}
TRANSFORMER = {"layers": 2, "width": 64, "image_size": 32, "patch_size": 8}


def model(vision: dict[str, Any], quick_gelu: bool) -> open_clip.CLIP:
    torch.manual_seed(0)
    return open_clip.CLIP(embed_dim=16, vision_cfg=vision, text_cfg=TEXT, quick_gelu=quick_gelu).eval()


def of_this_layout(name: str) -> bool:
    """Whether one of OpenCLIP's models has its names in both towers; the names of others are refused."""
    config = open_clip.get_model_config(name)
    keys = config.keys() | config["vision_cfg"].keys() | config["text_cfg"].keys()
    return not keys & {"custom_text", "multimodal_cfg", "timm_model_name", "hf_model_name"}


def arrangement(clip: open_clip.CLIP) -> list[object]:
    """Give what a CLIP computes beside its weights."""
    image, block = clip.visual, clip.transformer.resblocks[0]
    if isinstance(image, open_clip.model.ModifiedResNet):
        tower: tuple[object, ...] = (image.attnpool.num_heads,)
    else:
        own = image.transformer.resblocks[0]
        tower = (own.attn.num_heads, own.mlp.c_fc.out_features, type(own.mlp.gelu), image.patch_size, image.pool_type)
    text = (block.attn.num_heads, block.mlp.c_fc.out_features, type(block.mlp.gelu), clip.text_pool_type)
    shapes = {weight: value.shape for weight, value in clip.state_dict().items()}
    return [tower, image.image_size, text, clip.attn_mask is None, clip.vocab_size, shapes]


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


@pytest.mark.parametrize("name", [name for name in open_clip.list_models() if of_this_layout(name)])
def test_a_published_model_is_as_open_clip_configures_it_or_refused(name: str) -> None:
    given = open_clip.get_model_config(name)
    given["text_cfg"]["layers"] = 1
    if isinstance(given["vision_cfg"]["layers"], int):
        given["vision_cfg"]["layers"] = 1
    with torch.device("meta"):
        original = open_clip.CLIP(**given)
    state, quick_gelu = original.state_dict(), given.get("quick_gelu", False)
    if given["text_cfg"]["vocab_size"] != 49408:
        with pytest.raises(WeightsError, match=r"token_embedding\.weight must have CLIP's own 49408 tokens"):
            clip_config(state, quick_gelu=quick_gelu)
        return
    config = clip_config(state, quick_gelu=quick_gelu)
    with torch.device("meta"):
        mine = open_clip.CLIP(**config)
    if "ls_init_value" in given["vision_cfg"]:
        with pytest.raises(WeightsError, match="unexpected: "):
            load_strictly(mine, state, name)
    else:
        assert arrangement(mine) == arrangement(original)


def test_heads_are_those_of_the_published_width(tmp_path: Path) -> None:
    vision = {"layers": 1, "width": 1280, "head_width": 80, "mlp_ratio": 0.05, "image_size": 32, "patch_size": 16}
    original = model(vision, quick_gelu=False)
    save(original.state_dict(), tmp_path / "a.safetensors", "safetensors")
    loaded, images = load_clip(tmp_path / "a.safetensors"), torch.randn(2, 3, 32, 32)
    assert loaded.visual.transformer.resblocks[0].attn.num_heads == 16
    with torch.inference_mode():
        torch.testing.assert_close(loaded.encode_image(images), original.encode_image(images))


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("token_embedding.weight", (901629, 64), r"must have CLIP's own 49408 tokens, got 901629"),
        ("positional_embedding", (32, 64), r"must have 77 positions, got 32"),
        ("visual.conv1.weight", (1152, 3, 8, 8), r"must have at most 1024 channels or one of 1280, .*, got 1152"),
        ("visual.conv1.weight", (96, 3, 8, 8), r"must have a multiple of 64 channels, .*, got 96"),
        ("ln_final.weight", (20,), r"must have a multiple of 64 channels, .*, got 20"),
        ("visual.positional_embedding", (4, 64), r"must have the positions of a square and one more, got 4"),
        ("text_projection", (64,), r"must have 2 dimensions, got 1"),
    ],
)
def test_shapes_of_no_known_clip_are_refused(tmp_path: Path, name: str, shape: tuple[int, ...], message: str) -> None:
    state = model(TRANSFORMER, quick_gelu=False).state_dict() | {name: torch.zeros(1).expand(shape)}
    torch.save(state, tmp_path / "a.pt")
    with pytest.raises(WeightsError, match=rf"a\.pt are of no CLIP that is known here: {re.escape(name)} {message}"):
        load_clip(tmp_path / "a.pt")


@pytest.mark.parametrize("how", ["torchscript", "safetensors", "openclip", "plain"])
def test_every_format_loads_as_the_backbone(tmp_path: Path, how: str) -> None:
    original = model(RESNET, quick_gelu=True)
    path = tmp_path / ("a.safetensors" if how == "safetensors" else "a.pt")
    save(original.state_dict(), path, how)
    backbone = Backbone.from_weights(path, quick_gelu=None if how == "torchscript" else True)
    assert not backbone.training
    bare = Backbone.from_weights(path, quick_gelu=True, attention_pool=False)
    images, tokens = torch.randn(2, 3, 64, 64), torch.randint(1, 49407, (2, 77))
    tolerance = 0.02 if how == "torchscript" else 1e-6  # archives are in half precision
    with torch.inference_mode():
        maps, (hidden, sentence) = backbone.encode_map(images), backbone.encode_text(tokens)
        stem = original.visual.stem(images)
        for stage in (original.visual.layer1, original.visual.layer2, original.visual.layer3, original.visual.layer4):
            stem = stage(stem)
        torch.testing.assert_close(maps, stem, rtol=tolerance, atol=tolerance)
        torch.testing.assert_close(sentence, original.encode_text(tokens), rtol=0, atol=tolerance)
        assert torch.equal(hidden[torch.arange(2), tokens.argmax(dim=-1)], sentence)
        assert torch.equal(bare.encode_map(images), maps)
    assert not [name for name in bare.state_dict() if ".attnpool." in name]


def test_a_backbone_has_a_resnet_tower(tmp_path: Path) -> None:
    save(model(TRANSFORMER, quick_gelu=False).state_dict(), tmp_path / "a.pt", "plain")
    with pytest.raises(WeightsError, match=r"a\.pt must be of a CLIP with a ResNet tower, got a transformer's"):
        Backbone.from_weights(tmp_path / "a.pt")
    state = model(RESNET, quick_gelu=False).state_dict()
    save({name: value for name, value in state.items() if name != "logit_scale"}, tmp_path / "b.pt", "plain")
    with pytest.raises(WeightsError, match="missing: logit_scale"):
        Backbone.from_weights(tmp_path / "b.pt")


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
