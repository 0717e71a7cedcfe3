from typing import Any

import open_clip
import pytest
import torch

from trackspeak.models.backbone import MAP_STRIDE, Backbone
from trackspeak.models.errors import OptionError

CONFIG: dict[str, Any] = {
    "embed_dim": 12,
    "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 4, "head_width": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 30, "width": 16, "heads": 2, "layers": 2},
}


def make_backbone(**options: bool) -> Backbone:
    torch.manual_seed(5)
    return Backbone(CONFIG, **options).eval()


def make_tokens() -> torch.Tensor:
    tokens = torch.zeros(2, 77, dtype=torch.int64)
    tokens[0, :5] = torch.tensor([28, 4, 9, 2, 29])
    tokens[1, :12] = torch.tensor([28, *range(2, 12), 29])
    return tokens


def test_widths_come_from_the_configuration() -> None:
    backbone = make_backbone()
    assert (backbone.visual_width, backbone.text_width) == (4 * 32, 12)
    assert (backbone.context_length, backbone.vocab_size) == (77, 30)


@torch.inference_mode()
def test_the_map_is_what_the_attention_pool_reads() -> None:
    backbone, images = make_backbone(), torch.randn(2, 3, 64, 64)
    maps = backbone.encode_map(images)
    assert maps.shape == (2, backbone.visual_width, 2, 2)
    torch.testing.assert_close(backbone.clip.visual.attnpool(maps), backbone.clip.encode_image(images))


@pytest.mark.parametrize("side", [32, 96, 224])
@torch.inference_mode()
def test_images_may_have_another_size_than_the_towers(side: int) -> None:
    backbone = make_backbone()
    maps = backbone.encode_map(torch.randn(1, 3, side, side))
    assert maps.shape == (1, backbone.visual_width, side // MAP_STRIDE, side // MAP_STRIDE)


@torch.inference_mode()
def test_the_sentence_is_open_clips_text_feature_and_a_row_of_hidden() -> None:
    backbone, tokens = make_backbone(), make_tokens()
    hidden, sentence = backbone.encode_text(tokens)
    assert hidden.shape == (2, 77, 12)
    torch.testing.assert_close(sentence, backbone.clip.encode_text(tokens))
    torch.testing.assert_close(sentence, torch.stack([hidden[0, 4], hidden[1, 11]]))


@torch.inference_mode()
def test_padding_cut_off_changes_nothing_before_it() -> None:
    backbone, tokens = make_backbone(), make_tokens()
    hidden, sentence = backbone.encode_text(tokens)
    short_hidden, short_sentence = backbone.encode_text(tokens[:, :12])
    torch.testing.assert_close(short_hidden, hidden[:, :12], rtol=0, atol=1e-6)
    torch.testing.assert_close(short_sentence, sentence, rtol=0, atol=1e-6)


def test_without_the_attention_pool_the_map_is_the_same_and_the_weights_are_fewer() -> None:
    whole, bare, images = make_backbone(), make_backbone(attention_pool=False), torch.randn(1, 3, 64, 64)
    assert whole.state_dict().keys() - bare.state_dict().keys() == {
        name for name in whole.state_dict() if ".attnpool." in name
    }
    assert bare.visual_width == whole.visual_width
    with torch.inference_mode():
        assert torch.equal(bare.encode_map(images), whole.encode_map(images))


def test_quick_gelu_is_taken_from_the_configuration() -> None:
    def activation(backbone: Backbone) -> type[torch.nn.Module]:
        return type(backbone.clip.transformer.resblocks[0].mlp.gelu)

    assert activation(make_backbone()) is torch.nn.GELU
    assert activation(Backbone({**CONFIG, "quick_gelu": True})) is open_clip.model.QuickGELU


def test_gradients_reach_both_towers_in_training() -> None:
    backbone = make_backbone(attention_pool=False).train()
    hidden, sentence = backbone.encode_text(make_tokens())
    (backbone.encode_map(torch.randn(4, 3, 64, 64)).square().sum() + hidden.sum() + sentence.sum()).backward()
    untouched = {name for name, parameter in backbone.named_parameters() if parameter.grad is None}
    assert untouched == {"clip.logit_scale"}


@pytest.mark.parametrize(
    "config",
    [
        {},
        {**CONFIG, "vision_cfg": {"image_size": 64, "layers": 2, "width": 32, "patch_size": 16}},
        {**CONFIG, "colour": "red"},
        {"vision_cfg": CONFIG["vision_cfg"]},
    ],
)
def test_a_configuration_of_another_model_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        Backbone(config)
