"""The kit for calibrators finds what is broken: for each check a calibrator that fails there and nowhere else."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import SkipTest

import numpy as np
import pytest

from trackspeak.models.errors import ContractError
from trackspeak.plugins.conformance import CalibratorConformance
from trackspeak.plugins.contract import Phrases, Requirements, Scores

CHECKS = [name for name in dir(CalibratorConformance) if name.startswith("test_")]
BROKEN: dict[str, type[Any]] = {}


def breaks(check: str) -> Callable[[type[Any]], type[Any]]:
    def register(fake: type[Any]) -> type[Any]:
        fake.__doc__ = Good.__doc__
        BROKEN[check] = fake
        return fake

    return register


@dataclass(frozen=True)
class Options:
    """Options.

    Attributes:
        size: how large.
    """

    size: int = 1


class Good:
    """Halves cosines."""

    Options = Options
    requirements = Requirements()
    weights: dict[str, str] = {}  # noqa: RUF012 as plugins have it

    def __init__(self, options: Options) -> None: ...

    def __call__(self, scores: Scores, phrases: Phrases) -> Scores:
        if scores.kind != "cosine":
            raise ContractError("scores must be cosines")
        return Scores(self.map(scores.values), "cosine")

    def map(self, values: Any) -> Any:
        return values * np.float32(0.5)


@breaks("test_the_shape_stays")
class DropsLast(Good):
    def map(self, values: Any) -> Any:
        return super().map(values)[: max(len(values) - 1, 0) if len(values) == 500 else None]


@breaks("test_probabilities_are_some")
class AboveOne(Good):
    def __call__(self, scores: Scores, phrases: Phrases) -> Scores:
        return Scores(super().__call__(scores, phrases).values + np.float32(1), "probability")


@breaks("test_no_texts_are_taken")
class NeedsTexts(Good):
    def map(self, values: Any) -> Any:
        values[:, 0]
        return super().map(values)


@breaks("test_what_it_is_given_stays_as_it_was")
class Writes(Good):
    def __call__(self, scores: Scores, phrases: Phrases) -> Scores:
        scores.values[:] = scores.values.round(3)
        return super().__call__(scores, phrases)


@breaks("test_it_is_deterministic")
class Random(Good):
    watched = CalibratorConformance().scores(3).values
    numbers = itertools.count()

    def map(self, values: Any) -> Any:
        return super().map(values) + np.float32(next(self.numbers) * np.array_equal(values, self.watched))


@breaks("test_it_keeps_no_state")
class Remembers(Good):
    first: Any = None

    def map(self, values: Any) -> Any:
        self.first = values.copy() if self.first is None else self.first
        return super().map(self.first if self.first.shape == values.shape else values)


@breaks("test_instances_are_apart")
class SharesMemory(Good):
    first: Any = None

    def __init__(self, options: Options) -> None:
        SharesMemory.first = None

    def map(self, values: Any) -> Any:
        SharesMemory.first = values.copy() if self.first is None else self.first
        return super().map(self.first if self.first.shape == values.shape else values)


@breaks("test_texts_are_apart")
class Compares(Good):
    def map(self, values: Any) -> Any:
        return values - values.sum(axis=1, keepdims=True)


@breaks("test_only_contract_errors_leave_it")
class Overflows(Good):
    def map(self, values: Any) -> Any:
        if (np.abs(values) > 1e3).any():
            raise OverflowError
        return super().map(values)


def test_a_good_calibrator_passes(failing: Any) -> None:
    assert failing(CalibratorConformance, Good) == {}


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_fails_where_that_is_broken_and_nowhere_else(failing: Any, broken_basics: Any, check: str) -> None:
    fakes = {**broken_basics(Good), **BROKEN}
    assert check in fakes, f"no calibrator here breaks {check}"
    assert set(failing(CalibratorConformance, fakes[check])) == {check}


def test_a_script_is_not_run_again(failing: Any) -> None:
    class InScript(Good):
        """In no module, as where somebody tries a plugin out."""

    InScript.__module__ = "__main__"
    with pytest.raises(SkipTest, match="it is in a script"):
        type("TestIt", (CalibratorConformance,), {"plugin": InScript})().test_importing_it_is_light()
