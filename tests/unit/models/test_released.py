"""Released iKUN checkpoints, made here in their format at a small size, become model folders."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from trackspeak.models import referring
from trackspeak.models import released as module
from trackspeak.models.backbone import Backbone
from trackspeak.models.errors import OptionError, OutputError, WeightsError
from trackspeak.models.kum import Kum, KumMode
from trackspeak.models.referring import CONFIG_FILE, WEIGHTS_FILE, Referring
from trackspeak.models.released import convert_released
from trackspeak.models.weights import sha256_of
from trackspeak.plugins.matchers._model_folders import model_folder

Released = Callable[..., tuple[Backbone, Kum]]
MODES: tuple[KumMode, ...] = ("none", "cascade_attention", "cross_correlation", "text_first_modulation")


@pytest.mark.parametrize("mode", MODES)
def test_the_folder_gives_the_checkpoint_s_scores(tmp_path: Path, mode: KumMode, released: Released) -> None:
    backbone, kum = released(tmp_path / "a.pth", mode)
    convert_released(tmp_path / "a.pth", tmp_path / "model")
    model = Referring.from_folder(tmp_path / "model")
    assert model.config.kum.mode == mode
    assert (model.config.crop_size, model.config.frame_size) == (64, 96)
    crops = torch.randint(256, (2, 3, 64, 64), dtype=torch.uint8)
    frames = torch.randint(256, (2, 3, 96, 96), dtype=torch.uint8)
    tokens = torch.zeros(1, 77, dtype=torch.int64)
    tokens[0, :4] = torch.tensor([49406, 320, 736, 49407])
    mean, std = (torch.tensor(values)[:, None, None] for values in (model.config.mean, model.config.std))
    with torch.inference_mode():
        looks = model.observe(crops, frames, torch.arange(2))
        score = model.score(looks, torch.tensor([[0, 1]]), torch.zeros(1, 16, 19), model.describe(tokens))
        local, glob = (backbone.encode_map((images / 255 - mean) / std) for images in (crops, frames))
        expected = kum(local[None], glob[None], *backbone.encode_text(tokens))
    torch.testing.assert_close(score[0], expected, rtol=0, atol=1e-5)


def test_the_hashes_of_both_files_are_recorded(tmp_path: Path, released: Released) -> None:
    released(tmp_path / "a.pth", "none")
    convert_released(tmp_path / "a.pth", tmp_path / "model")
    config = json.loads((tmp_path / "model" / CONFIG_FILE).read_text())
    assert config["source_sha256"] == sha256_of(tmp_path / "a.pth")
    assert config["weights_sha256"] == sha256_of(tmp_path / "model" / WEIGHTS_FILE)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"module.img_fc.bias": None}, "missing: img_fc.bias"),
        ({"module.img_fc.weight": None}, "must hold the weight 'img_fc.weight'"),
        ({"module.extra": torch.zeros(2)}, "unexpected: extra"),
        ({"module.clip.ln_final.bias": None}, "missing: ln_final.bias"),
        ({"module.clip.visual.bn1.bias": torch.zeros(3)}, "visual.bn1.bias must be (4,), got (3,)"),
    ],
)
def test_a_weight_too_few_or_too_many_is_named_and_nothing_is_written(
    tmp_path: Path, changes: dict[str, Tensor | None], message: str, released: Released
) -> None:
    released(tmp_path / "a.pth", "none", **changes)
    with pytest.raises(WeightsError) as caught:
        convert_released(tmp_path / "a.pth", tmp_path / "model")
    assert message in str(caught.value)
    assert not (tmp_path / "model").exists()


def test_the_two_designs_of_the_same_weights_are_told_by_statistics_or_by_the_caller(
    tmp_path: Path, released: Released
) -> None:
    released(tmp_path / "a.pth", "text_first_modulation")
    convert_released(tmp_path / "a.pth", tmp_path / "told", "cross_correlation")
    assert json.loads((tmp_path / "told" / CONFIG_FILE).read_text())["kum"]["mode"] == "cross_correlation"
    with pytest.raises(OptionError, match="must be text_first_modulation or cross_correlation for these weights"):
        convert_released(tmp_path / "a.pth", tmp_path / "other", "cascade_attention")


def test_two_conversions_at_once_leave_one_folder(
    tmp_path: Path, released: Released, monkeypatch: pytest.MonkeyPatch
) -> None:
    released(tmp_path / "a.pth", "none")
    monkeypatch.setattr(referring, "save_file", overtaken_by(tmp_path, "a.pth"))
    convert_released(tmp_path / "a.pth", tmp_path / "models" / "one")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["one"]
    assert sorted(path.name for path in (tmp_path / "models" / "one").iterdir()) == [CONFIG_FILE, WEIGHTS_FILE]
    Referring.from_folder(tmp_path / "models" / "one")


def test_a_folder_of_something_else_is_not_taken_for_one_s_own(
    tmp_path: Path, released: Released, monkeypatch: pytest.MonkeyPatch
) -> None:
    released(tmp_path / "a.pth", "none")
    released(tmp_path / "b.pth", "none", **{"module.img_fc.bias": torch.ones(16)})
    monkeypatch.setattr(referring, "save_file", overtaken_by(tmp_path, "b.pth"))
    with pytest.raises(OutputError, match=r"model folder .*models/one could not be written"):
        convert_released(tmp_path / "a.pth", tmp_path / "models" / "one")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["one"]


def overtaken_by(folder: Path, checkpoint: str) -> Callable[..., None]:
    """Write a file, then let another process convert a checkpoint to the same folder from beginning to end."""
    save_file, overtakers = referring.save_file, [folder / checkpoint]

    def save(tensors: dict[str, Tensor], path: Path) -> None:
        save_file(tensors, path)
        if overtakers:
            convert_released(overtakers.pop(), folder / "models" / "one")

    return save


def test_the_cache_knows_the_conversion_s_format(
    tmp_path: Path, released: Released, monkeypatch: pytest.MonkeyPatch
) -> None:
    released(tmp_path / "a.pth", "none")
    folders = [model_folder(tmp_path / "a.pth", "auto", tmp_path / "cache") for _ in range(2)]
    monkeypatch.setattr(module, "FORMAT", module.FORMAT + 1)
    folders.append(model_folder(tmp_path / "a.pth", "auto", tmp_path / "cache"))
    assert folders[0] == folders[1] != folders[2]
    assert {*folders} == {*(tmp_path / "cache").iterdir()}
