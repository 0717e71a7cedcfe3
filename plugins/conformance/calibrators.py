"""What every calibrator keeps to."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from trackspeak.plugins.contract import THRESHOLDS, Phrases, ScoreKind, Scores

from .checks import PluginConformance
from .comparing import require, require_same

_SEGMENTS = 50


class CalibratorConformance(PluginConformance):
    """Checks of a calibrator; inherit, and set `plugin` and `options`.

    Attributes:
        score_kind: the kind of scores that it is made for.
        texts: what the scores are of.
    """

    kind: ClassVar[str] = "calibrator"
    score_kind: ScoreKind = "cosine"
    texts: tuple[str, ...] = ("the red car", "a bus", "vehicles moving to the left")

    def scores(self, seed: int, segments: int = _SEGMENTS) -> Scores:
        """Make scores of some segments for all texts."""
        values = np.random.default_rng(seed).uniform(-1, 1, (segments, len(self.texts)))
        return Scores((values if self.score_kind == "cosine" else (values + 1) / 2).astype(np.float32), self.score_kind)

    def use(self, plugin: Any) -> None:
        """Calibrate other scores."""
        self.calibrate(plugin, self.scores(99, 5))

    def calibrate(self, calibrator: Any, scores: Scores) -> Scores:
        """Calibrate scores for all texts."""
        calibrated: Scores = calibrator(scores, Phrases(self.texts, {}))
        return calibrated

    def test_the_shape_stays(self) -> None:
        calibrator = self.fresh()
        for segments in (0, 1, 500):
            given = self.scores(0, segments)
            found = self.calibrate(calibrator, given)
            require(isinstance(found, Scores), "Scores", type(found).__name__, "return Scores from __call__")
            got, wanted = found.values.shape, given.values.shape
            require(got == wanted, f"scores of the shape {wanted}", got, "mind no segments, and squeeze() of one")

    def test_probabilities_are_some(self) -> None:
        found = self.calibrate(self.fresh(), self.scores(1))
        right = found.kind != "probability" or bool(((found.values >= 0) & (found.values <= 1)).all())
        got = f"{found.values.min()} to {found.values.max()}"
        require(right, "probabilities in [0, 1]", got, "clip them, or say that they are of kind cosine")

    def test_no_texts_are_taken(self) -> None:
        found = self.fresh()(Scores(np.zeros((3, 0), np.float32), self.score_kind), Phrases((), {}))
        require(found.values.shape == (3, 0), "scores of the shape (3, 0)", found.values.shape, "mind no texts")

    def test_what_it_is_given_stays_as_it_was(self) -> None:
        self.left_alone(lambda: self.scores(2), lambda scores: self.calibrate(self.fresh(), scores))

    def test_it_is_deterministic(self) -> None:
        one, other = (self.calibrate(self.fresh(), self.scores(3)) for _ in range(2))
        require_same(one, other, "the same for the same scores", "seed what is random", self.tolerance)

    def test_it_keeps_no_state(self) -> None:
        used = self.fresh()
        self.calibrate(used, self.scores(5))
        again, fresh = (self.calibrate(one, self.scores(4)) for one in (used, self.fresh()))
        fix = "let a call depend on its arguments and the options alone"
        require_same(again, fresh, "a used instance to equal a fresh one", fix, self.tolerance)

    def test_instances_are_apart(self) -> None:
        one, other = self.fresh(), self.make()
        turns = [(one, 6), (other, 7)] * 2
        mixed = [self.calibrate(plugin, self.scores(seed)) for plugin, seed in turns]
        alone = [self.calibrate(self.make(), self.scores(seed)) for _, seed in turns]
        fix = "keep state in the instance, not in the class or the module"
        require_same(mixed, alone, "two instances in turn to give what each gives alone", fix, self.tolerance)

    def test_texts_are_apart(self) -> None:
        given, calibrator = self.scores(8), self.fresh()
        together = self.calibrate(calibrator, given).values
        for column, text in enumerate(self.texts):
            one = Scores(given.values[:, column : column + 1].copy(), given.kind)
            alone = calibrator(one, Phrases((text,), {})).values[:, 0]
            fix = "let no text's scores depend on what else is asked"
            wanted = f"the same scores of {text!r} by itself"
            require_same(together[:, column], alone, wanted, fix, self.tolerance)

    def test_only_contract_errors_leave_it(self) -> None:
        calibrator = self.fresh()
        for kind in THRESHOLDS:
            scores = Scores(np.full((2, len(self.texts)), 0.5, np.float32), kind)
            self.answer_or_error(f"scores of kind {kind}", lambda: self.calibrate(calibrator, scores))  # noqa: B023 called at once
        large = Scores(np.full((2, len(self.texts)), -1e6, np.float32), "cosine")
        self.answer_or_error("scores of minus a million", lambda: self.calibrate(calibrator, large))
