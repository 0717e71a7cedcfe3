"""Judging a model on held-out scenes: every track against every expression of its scene, per category."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from trackspeak.models.errors import InputError
from trackspeak.models.referring import Referring
from trackspeak.models.tokenizer import WordTokenizer

from .concepts import ConceptTable, label_matrix
from .expressions import CATEGORIES, evaluation_expressions
from .scenes import Scene

PRIOR = 0.3
"""The share of pairs that fit for which probabilities are calibrated.

On real footage scores come out lower than on drawings; with fewer, what is asked for is missed.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """P pairs of a track and an expression that are not arguable.

    Attributes:
        scores: (P,) float32 logits: the mean over the track's segments.
        labels: (P,) bool: the expression fits the track.
        categories: (P,) int64, positions in `CATEGORIES`.
    """

    scores: npt.NDArray[np.float32]
    labels: npt.NDArray[np.bool_]
    categories: npt.NDArray[np.int64]

    @classmethod
    def join(cls, parts: Sequence[Judged]) -> Judged:
        """Put pairs below each other; of no parts there are none."""
        none = cls(np.zeros(0, np.float32), np.zeros(0, np.bool_), np.zeros(0, np.int64))
        return cls(*(np.concatenate([getattr(part, name) for part in (none, *parts)]) for name in cls.__slots__))


@dataclass(frozen=True, slots=True)
class Figures:
    """What a set of pairs amounts to at a threshold.

    Attributes:
        precision: of the pairs said to fit, those that do.
        recall: of the pairs that fit, those said to.
        f1: their harmonic mean.
        positives: pairs that fit.
        negatives: pairs that do not.
    """

    precision: float
    recall: float
    f1: float
    positives: int
    negatives: int


def judge(model: Referring, scenes: Iterable[Scene], device: torch.device, source: int | None = None) -> Judged:
    """Score every track of every scene against its scene's evaluation expressions.

    A pair's score is the mean over the track's segments; its label is theirs where all that are not
    arguable agree, else the pair is left out.

    Args:
        model: in evaluation mode.
        scenes: with every segment of every track.
        device: where the model is.
        source: only tracks of this box source; None: all.
    """
    tokenizer = WordTokenizer(model.config.vocabulary)
    parts = [part for scene in scenes if (part := _judge_scene(model, tokenizer, scene, device, source)) is not None]
    return Judged.join(parts)


def _judge_scene(
    model: Referring, tokenizer: WordTokenizer, scene: Scene, device: torch.device, source: int | None
) -> Judged | None:
    rows = np.flatnonzero(scene.sources == source) if source is not None else np.arange(len(scene.tracks))
    if not len(rows):
        return None
    tracks, track_rows = np.unique(scene.tracks[rows], return_inverse=True)
    table = ConceptTable(scene.tracks[rows], scene.concepts[rows])
    expressions = evaluation_expressions(np.random.default_rng((scene.seed, 0xE7)), table)
    labels = label_matrix([expression.meaning for expression in expressions], table)
    tokens = tokenizer.encode([expression.text for expression in expressions]).tokens
    seen, look_rows = np.unique(scene.look_rows[rows], return_inverse=True)
    frames, frame_rows = np.unique(scene.frame_rows[seen], return_inverse=True)
    with torch.inference_mode():
        images = (scene.crops[seen], scene.frames[frames], frame_rows)
        looks = model.observe(*(torch.from_numpy(array).to(device) for array in images))
        logits = model.score(
            looks,
            torch.from_numpy(look_rows.reshape(len(rows), -1)).to(device),  # (S * looks,) -> (S, looks)
            torch.from_numpy(scene.windows[rows]).to(device),
            model.describe(tokens.to(device)),
        )
    member = np.eye(len(tracks), dtype=np.float32)[:, track_rows]  # (tracks, S)
    scores = member @ logits.cpu().numpy() / member.sum(axis=1, keepdims=True)
    fits, fails = member @ (labels == 1) > 0, member @ (labels == 0) > 0
    certain = fits != fails
    categories = np.array([CATEGORIES.index(expression.category) for expression in expressions])
    return Judged(scores[certain], fits[certain], np.broadcast_to(categories, certain.shape)[certain])


def figures(judged: Judged, threshold: float = 0.0, category: str | None = None) -> Figures:
    """Give precision, recall and F1 of all pairs or of one category."""
    mine = slice(None) if category is None else judged.categories == CATEGORIES.index(category)
    said, true = judged.scores[mine] > threshold, judged.labels[mine]
    hits = int((said & true).sum())
    precision = hits / max(int(said.sum()), 1)
    recall = hits / max(int(true.sum()), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return Figures(precision, recall, f1, int(true.sum()), int((~true).sum()))


def best_threshold(judged: Judged) -> float:
    """Give the threshold above which F1 of all pairs is highest, halfway between two scores, or below all.

    Args:
        judged: pairs, one of which fits at least.
    """
    scores, rows = np.unique(-judged.scores.astype(np.float64), return_inverse=True)  # the highest first
    hits = np.cumsum(np.bincount(rows, judged.labels))
    said = np.cumsum(np.bincount(rows))
    best = int((2 * hits / (said + judged.labels.sum())).argmax())
    return float(-np.append(scores, scores[-1] + 1)[best : best + 2].mean())


def prior_weights(labels: npt.NDArray[np.bool_], prior: float = PRIOR) -> npt.NDArray[np.float64]:
    """Give (P,) weights with a mean of 1, under which the share of pairs that fit is `prior`.

    Args:
        labels: (P,) bool: the pair fits.
        prior: a share between 0 and 1.

    Raises:
        InputError: if all pairs fit, or none does.
    """
    share = float(labels.mean()) if len(labels) else 0.0
    if share in (0.0, 1.0):
        raise InputError(f"labels must have pairs that fit and pairs that do not, got {len(labels)} of one kind")
    return np.where(labels, prior / share, (1 - prior) / (1 - share))


def fit_platt(judged: Judged, prior: float = PRIOR) -> tuple[float, float]:
    """Fit the two numbers that turn scores into probabilities: sigmoid(slope * score + intercept).

    Platt, 1999; on the log loss, pairs weighted so that the share of those that fit is `prior`: how many
    do in a set of scenes is chance, and what a user asks about fits more often than what is drawn at random.

    Raises:
        InputError: if all pairs fit, or none does.
    """
    inputs = torch.from_numpy(judged.scores.astype(np.float64))
    targets = torch.from_numpy(judged.labels.astype(np.float64))
    weights = torch.from_numpy(prior_weights(judged.labels, prior))
    numbers = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([numbers], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        logits = numbers[0] * inputs + numbers[1]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, weights)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    slope, intercept = numbers.detach().tolist()
    return slope, intercept
