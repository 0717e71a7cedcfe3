import dataclasses
from typing import get_args

import pytest
import torch
from torch import Tensor

from trackspeak.models import kum as kum_module
from trackspeak.models.errors import ContractError, OptionError
from trackspeak.models.kum import Kum, KumConfig, KumMode, Looks, ScoreHead, build_kum
from trackspeak.models.trajectory import FEATURES, POINTS

MODES: tuple[KumMode, ...] = get_args(KumMode)
# every width differs, so that no tensor fits where another belongs
CONFIG = KumConfig(
    visual_width=8, text_width=6, output_width=5, local_size=2, global_size=3, heads=2, description_length=4
)
FRAME_ROWS = torch.tensor([0, 0, 1, 1, 0])
LOOK_ROWS = torch.tensor([[0, 2], [1, 3], [4, 4], [0, 1]])
UNUSED = ("fusion_ffn.", "fusion_conv2.")


def make_kum(mode: KumMode, trajectory_width: int = 0) -> Kum:
    torch.manual_seed(7)
    kum = build_kum(dataclasses.replace(CONFIG, mode=mode, trajectory_width=trajectory_width)).eval()
    for module in kum.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            torch.nn.init.normal_(module.running_mean)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
    return kum


def make_inputs(texts: int = 3) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(3)
    shapes = {
        "local": (5, 8, 2, 2),
        "glob": (2, 8, 3, 3),
        "hidden": (texts, 7, 6),
        "sentence": (texts, 6),
        "windows": (4, POINTS, len(FEATURES)),
    }
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def score_all(kum: Kum, inputs: dict[str, Tensor]) -> Tensor:
    looks = kum.observe(inputs["local"], inputs["glob"], FRAME_ROWS)
    texts = kum.describe(inputs["hidden"], inputs["sentence"])
    return kum.pair_scores(looks, LOOK_ROWS, inputs["windows"], texts)


def score_by_forward(kum: Kum, inputs: dict[str, Tensor]) -> Tensor:
    """Every pair on its own, through `forward`."""
    scores = torch.zeros(len(LOOK_ROWS), len(inputs["hidden"]))
    for segment, rows in enumerate(LOOK_ROWS):
        for text in range(len(inputs["hidden"])):
            scores[segment, text] = kum(
                inputs["local"][rows].unsqueeze(0),
                inputs["glob"][FRAME_ROWS[rows]].unsqueeze(0),
                inputs["hidden"][text : text + 1],
                inputs["sentence"][text : text + 1],
                inputs["windows"][segment : segment + 1],
            )
    return scores


@pytest.mark.parametrize("trajectory_width", [0, 7])
@pytest.mark.parametrize("mode", MODES)
def test_pair_scores_are_those_of_forward(mode: KumMode, trajectory_width: int) -> None:
    kum, inputs = make_kum(mode, trajectory_width), make_inputs()
    with torch.inference_mode():
        scores = score_all(kum, inputs)
        torch.testing.assert_close(scores, score_by_forward(kum, inputs), rtol=0, atol=1e-5)
    assert scores.shape == (4, 3)
    assert scores.std() > 1e-3


@pytest.mark.parametrize("mode", MODES)
def test_chunks_change_nothing(mode: KumMode, monkeypatch: pytest.MonkeyPatch) -> None:
    kum, inputs = make_kum(mode, 7), make_inputs()
    with torch.inference_mode():
        whole = score_all(kum, inputs)
        for values in (1, 250):
            monkeypatch.setattr(kum_module, "CHUNK_VALUES", values)
            torch.testing.assert_close(score_all(kum, inputs), whole, rtol=0, atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_a_batch_of_forward_is_its_singles(mode: KumMode) -> None:
    kum, inputs = make_kum(mode), make_inputs(4)
    local, glob = inputs["local"][LOOK_ROWS], inputs["glob"][FRAME_ROWS[LOOK_ROWS]]
    with torch.inference_mode():
        batch = kum(local, glob, inputs["hidden"], inputs["sentence"])
        singles = [
            kum(*(part[row : row + 1] for part in (local, glob, inputs["hidden"], inputs["sentence"])))
            for row in range(4)
        ]
    torch.testing.assert_close(batch, torch.cat(singles), rtol=0, atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_no_segments_and_no_texts_give_empty_scores(mode: KumMode) -> None:
    kum, inputs = make_kum(mode), make_inputs()
    looks = kum.observe(inputs["local"], inputs["glob"], FRAME_ROWS)
    texts = kum.describe(inputs["hidden"], inputs["sentence"])
    no_texts = kum.describe(inputs["hidden"][:0], inputs["sentence"][:0])
    assert kum.pair_scores(looks, LOOK_ROWS[:0], None, texts).shape == (0, 3)
    assert kum.pair_scores(looks, LOOK_ROWS, None, no_texts).shape == (4, 0)


@pytest.mark.parametrize("mode", MODES)
def test_training_reaches_every_weight_that_is_used(mode: KumMode) -> None:
    kum, inputs = make_kum(mode, 7).train(), make_inputs()
    scores = score_all(kum, inputs)
    (ScoreHead()(scores) * torch.tensor([1.0, -1.0, 0.5])).sum().backward()
    assert torch.isfinite(scores).all()
    unused = () if mode == "cross_correlation" else UNUSED
    for name, parameter in kum.named_parameters():
        if name.startswith(unused):
            assert parameter.grad is None, name
        else:
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.abs().sum() > 0, name


def test_batch_norm_sees_all_pairs_of_a_training_step_together(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = make_inputs()
    means = []
    for values in (1, kum_module.CHUNK_VALUES):
        monkeypatch.setattr(kum_module, "CHUNK_VALUES", values)
        kum = build_kum(dataclasses.replace(CONFIG, mode="cross_correlation", dropout=0.0))
        kum.load_state_dict(make_kum("cross_correlation").state_dict())
        score_all(kum.train(), inputs)
        means.append(kum.state_dict()["fusion_conv2.1.running_mean"])
    torch.testing.assert_close(means[0], means[1])


@pytest.mark.parametrize("mode", MODES)
def test_only_the_description_is_read_and_only_by_cascade_attention(mode: KumMode) -> None:
    kum, inputs = make_kum(mode), make_inputs()
    with torch.inference_mode():
        before = score_all(kum, inputs)
        inputs["hidden"][:, CONFIG.description_length :] += 1
        assert torch.equal(score_all(kum, inputs), before)
        inputs["hidden"][:, CONFIG.description_length - 1] += 1
        assert torch.equal(score_all(kum, inputs), before) == (mode != "cascade_attention")


@pytest.mark.parametrize("mode", MODES)
def test_the_text_changes_the_visual_feature_only_where_it_guides(mode: KumMode) -> None:
    kum, inputs = make_kum(mode), make_inputs()
    rows = torch.zeros(3, dtype=torch.int64)
    with torch.inference_mode():
        looks = kum.observe(inputs["local"], inputs["glob"], FRAME_ROWS)
        texts = kum.describe(inputs["hidden"], inputs["sentence"])
        unified = kum.unify(looks, rows, texts.guide, torch.arange(3))
    assert torch.allclose(unified[0], unified[1]) == (mode == "none")


@pytest.mark.parametrize("mode", MODES)
def test_trajectories_change_the_score_and_are_needed(mode: KumMode) -> None:
    kum, inputs = make_kum(mode, 7), make_inputs()
    with torch.inference_mode():
        before = score_all(kum, inputs)
        inputs["windows"][1] += 1
        after = score_all(kum, inputs)
        texts = kum.describe(inputs["hidden"], inputs["sentence"])
    changed = (before != after).any(dim=1)
    assert changed.tolist() == [False, True, False, False]
    with pytest.raises(ContractError, match="windows"):
        kum.embed(torch.zeros(1, 8), None, texts.feature[:1])


def test_looks_hold_global_maps_only_for_text_first_modulation() -> None:
    inputs = make_inputs()
    for mode in MODES:
        looks: Looks = make_kum(mode).observe(inputs["local"], inputs["glob"], FRAME_ROWS)
        assert {name: tuple(array.shape) for name, array in looks.frame_arrays.items()} == (
            {"global": (2, 9, 8)} if mode == "text_first_modulation" else {}
        )
        locations = 1 if mode in ("none", "cross_correlation") else 4
        assert [tuple(array.shape) for array in looks.look_arrays.values()] == [(5, locations, 8)]


def test_the_score_head_begins_as_the_plain_cosine() -> None:
    cosine = torch.tensor([-0.5, 0.0, 1.0])
    assert torch.equal(ScoreHead()(cosine), cosine)
    torch.testing.assert_close(ScoreHead(4.0, -1.0)(cosine), torch.tensor([-3.0, -1.0, 3.0]))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mode", "cascade attention"),
        ("visual_width", 9),
        ("heads", 0),
        ("dropout", 1.0),
        ("local_size", 0),
        ("trajectory_width", -1),
    ],
)
def test_a_wrong_configuration_is_named(field: str, value: object) -> None:
    with pytest.raises(OptionError, match=field):
        dataclasses.replace(CONFIG, **{field: value})
