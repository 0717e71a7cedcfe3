"""`benchmarks/reliability.py` from pairs to figures and picture, on made-up pairs."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trackspeak.models.training.evaluate import PRIOR, Judged, fit_platt
from trackspeak.models.training.expressions import CATEGORIES

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reliability_benchmark", ROOT / "benchmarks/reliability.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def found(benchmark: ModuleType) -> dict[str, Any]:
    """The figures of pairs of which one in eight fits, nearly all of them about colour, calibrated on themselves."""
    rng = np.random.default_rng(0)
    labels = np.arange(4000) % 8 == 0
    scores = rng.normal(np.where(labels, 2, -2), 1.5).astype(np.float32)
    colour, kind = CATEGORIES.index("colour"), CATEGORIES.index("kind")
    judged = Judged(scores, labels, np.where(np.arange(4000) < 3900, colour, kind))
    slope, intercept = fit_platt(judged)
    figures: dict[str, Any] = benchmark.examine(judged, np.arange(4000), {"slope": slope, "intercept": intercept})
    return figures


def test_what_was_fitted_is_reliable_at_its_prior(found: dict[str, Any]) -> None:
    every = found["categories"]["all"]
    assert (every["fit"], every["do_not"], every["share"]) == (500, 3500, {"prior": PRIOR, "natural": 0.125})
    assert every["too_sure"] == pytest.approx(1)
    assert abs(every["prior"]["platt"]["gap"]) < 1e-3
    assert every["prior"]["platt"]["ece"] < every["prior"]["sigmoid"]["ece"] / 2


def test_at_another_prior_it_promises_too_much_unless_it_is_moved(found: dict[str, Any]) -> None:
    natural = found["categories"]["all"]["natural"]
    assert natural["platt"]["gap"] > 0.02
    assert abs(natural["moved"]["gap"]) < 0.005
    assert natural["moved"]["brier"] < natural["platt"]["brier"]


def test_categories_of_few_pairs_are_left_out(found: dict[str, Any]) -> None:
    assert list(found["categories"]) == ["all", "colour"]


def test_the_figures_are_printed_and_drawn(
    benchmark: ModuleType, found: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark.print_set("made up", found)
    printed = capsys.readouterr().out
    assert "made up, natural: 0.125 fit, 4000 groups" in printed
    assert printed.count("\n| colour | ") == 2
    benchmark.draw({"made up": found, "again": found}, tmp_path / "first")
    benchmark.draw({"made up": found, "again": found}, tmp_path / "second")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    with Image.open(tmp_path / "first") as picture:
        assert (picture.format, picture.width > picture.height) == ("PNG", True)
        assert len(picture.convert("RGB").getcolors(1 << 20) or ()) > 10
