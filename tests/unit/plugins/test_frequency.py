"""iKUN's similarity calibration, against its formula written out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import ContractError, InputError, OptionError
from trackspeak.models.frequency import TextEncoder, TrainingExpressions, count_expressions, pseudo_frequency
from trackspeak.plugins.contract import Phrases, Scores
from trackspeak.plugins.registry import create
from trackspeak.service import RunOptions
from trackspeak.service.assemble import assemble

COUNTS = {"red-cars": 30, "red vehicles": 10, "people-in-the-left": 50, "left cars which are parking": 10}


@pytest.fixture
def fitted(command: Callable[..., Any], tiny_clip_weights: Path, tmp_path: Path) -> Path:
    (tmp_path / "counts.json").write_text(json.dumps(COUNTS))
    out = tmp_path / "frequencies.safetensors"
    done = command("fit-frequencies", tmp_path / "counts.json", "--encoder", tiny_clip_weights, "--out", out)
    assert (done.code, done.err) == (0, f"3 expressions in {out}\n")
    return out


def test_scores_are_shifted_by_the_guessed_frequency(fitted: Path, tiny_clip_weights: Path) -> None:
    calibrate, _ = create("calibrator", "frequency", {"path": fitted, "encoder": tiny_clip_weights})
    texts = ("red cars", "a bus", "persons-in-the-left")
    scores = Scores(np.random.default_rng(0).uniform(-1, 1, (4, 3)).astype(np.float32), "cosine")
    shifted = calibrate(scores, Phrases(texts, {}))
    features = TextEncoder(tiny_clip_weights).encode(
        ["red car", "pedestrian in the left", "left car which are parking"]
    )
    for column, text in enumerate(texts):
        cosine = (TextEncoder(tiny_clip_weights).encode([text]) @ features.T)[0].astype(np.float64)
        normalised = (cosine - cosine.min()) / (cosine.max() - cosine.min())
        weights = np.exp(100 * normalised) / np.exp(100 * normalised).sum()
        frequency = weights @ np.array([0.4, 0.5, 0.1])
        expected = scores.values[:, column] + 8 * frequency - 0.1
        np.testing.assert_allclose(shifted.values[:, column], expected, atol=1e-4)
    np.testing.assert_allclose(shifted.values[:, 0] - scores.values[:, 0], 8 * 0.4 - 0.1, atol=1e-4)
    assert shifted.kind == "cosine"


def test_equal_cosines_give_equal_weights() -> None:
    known = TrainingExpressions(np.ones((4, 1), np.float32), np.array([0.1, 0.2, 0.3, 0.4]), "", quick_gelu=False)
    np.testing.assert_allclose(pseudo_frequency(np.ones((1, 1), np.float32), known), [0.25])


def test_expressions_that_are_put_alike_are_added_up(tmp_path: Path) -> None:
    (tmp_path / "counts.json").write_text(json.dumps(COUNTS))
    assert count_expressions(tmp_path / "counts.json") == {
        "red car": 40,
        "pedestrian in the left": 50,
        "left car which are parking": 10,
    }


@pytest.mark.parametrize("text", ["", "[1]", '{"a": -1}', '{"a": 1.5}', '{"a": true}', "{}", '{"a": 0}'])
def test_what_are_no_counts_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "counts.json").write_text(text)
    with pytest.raises(InputError, match="counts must"):
        count_expressions(tmp_path / "counts.json")


def test_another_encoder_is_refused(fitted: Path, tiny_clip_weights: Path, tmp_path: Path) -> None:
    state = torch.load(tiny_clip_weights, weights_only=True)
    torch.save({**state, "logit_scale": state["logit_scale"] + 1}, tmp_path / "other.pt")
    with pytest.raises(OptionError, match=r"calibrator\.encoder must be the weights with SHA-256"):
        create("calibrator", "frequency", {"path": fitted, "encoder": tmp_path / "other.pt"})
    with pytest.raises(OptionError, match=r"calibrator\.path must be an existing file"):
        create("calibrator", "frequency", {"path": tmp_path / "absent", "encoder": tiny_clip_weights})


def test_the_encoder_is_read_as_when_it_was_fitted(
    command: Callable[..., Any], tiny_clip_weights: Path, tmp_path: Path
) -> None:
    (tmp_path / "counts.json").write_text(json.dumps(COUNTS))
    quick, plain = tmp_path / "quick.safetensors", tmp_path / "plain.safetensors"
    for out, given in ((quick, "--quick-gelu"), (plain, "--no-quick-gelu")):
        done = command("fit-frequencies", tmp_path / "counts.json", "--encoder", tiny_clip_weights, "--out", out, given)
        assert done.code == 0, done.err
    fitted = [TrainingExpressions.load(path) for path in (quick, plain)]
    assert [one.quick_gelu for one in fitted] == [True, False]
    assert np.abs(fitted[0].features - fitted[1].features).max() > 1e-4
    texts = ["red car", "pedestrian in the left", "left car which are parking"]
    encoded = TextEncoder(tiny_clip_weights, quick_gelu=True).encode(texts)
    np.testing.assert_allclose(fitted[0].features, encoded, atol=1e-6)
    with pytest.raises(OptionError, match=r"calibrator\.quick_gelu must be yes, .* got auto, which is no for tiny\.pt"):
        create("calibrator", "frequency", {"path": quick, "encoder": tiny_clip_weights})
    with pytest.raises(OptionError, match=r"calibrator\.quick_gelu must be no, .* got yes$"):
        create("calibrator", "frequency", {"path": plain, "encoder": tiny_clip_weights, "quick_gelu": "yes"})
    create("calibrator", "frequency", {"path": quick, "encoder": tiny_clip_weights, "quick_gelu": "yes"})


def test_a_text_is_encoded_once_and_by_itself(
    fitted: Path, tiny_clip_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calibrate, _ = create("calibrator", "frequency", {"path": fitted, "encoder": tiny_clip_weights})
    encode, asked = TextEncoder.encode, []

    def counted(self: TextEncoder, expressions: list[str]) -> Any:
        asked.append(list(expressions))
        return encode(self, expressions)

    monkeypatch.setattr(TextEncoder, "encode", counted)
    alone = calibrate(Scores(np.zeros((1, 1), np.float32), "cosine"), Phrases(("a bus",), {}))
    both = calibrate(Scores(np.zeros((1, 2), np.float32), "cosine"), Phrases(("red cars", "a bus"), {}))
    assert asked == [["a bus"], ["red cars"]]
    np.testing.assert_array_equal(both.values[:, 1], alone.values[:, 0])
    assert calibrate(Scores(np.zeros((2, 0), np.float32), "cosine"), Phrases((), {})).values.shape == (2, 0)


def test_probabilities_are_refused(fitted: Path, tiny_clip_weights: Path) -> None:
    calibrate, _ = create("calibrator", "frequency", {"path": fitted, "encoder": tiny_clip_weights})
    with pytest.raises(ContractError, match="kind cosine"):
        calibrate(Scores(np.zeros((1, 1), np.float32), "probability"), Phrases(("a",), {}))


def test_a_run_names_every_weight_file_also_of_one_name(fitted: Path, tiny_clip_weights: Path, tmp_path: Path) -> None:
    tracks = tmp_path / "tracks.txt"
    tracks.write_text("1,1,10,10,20,20,1,-1,-1,-1\n")
    chosen = {"calibrator.path": str(fitted), "calibrator.encoder": str(tiny_clip_weights)}
    chosen |= {"tracker.path": str(tracks), "matcher.weights": str(tiny_clip_weights)}
    parts = assemble(RunOptions(tracker="from_file", matcher="clip", calibrator="frequency", set=chosen))
    digest = sha256_of(tiny_clip_weights)
    assert parts.weights == {
        "matcher/tiny.pt": digest,
        "calibrator/tiny.pt": digest,
        "calibrator/frequencies.safetensors": sha256_of(fitted),
    }
