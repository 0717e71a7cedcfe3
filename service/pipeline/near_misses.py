"""The tracks that a question does not refer to, but nearly: which they are, and what each fell short of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappush, heappushpop

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import BestSegment, NearMiss, ReferredTrack, ScoreKind, Scores, Segments, Trajectory
from trackspeak.service.questions import Both, Expression, Not, Part, Question

from .select import Rule, Selection, coverage, frame_scores

Values = npt.NDArray[np.float32]

_FEWEST_DIGITS = 2
_MOST_DIGITS = 6


@dataclass(frozen=True, slots=True, eq=False)
class _Missed:
    """A track that was missed.

    Attributes:
        trajectory: all of it.
        positions: of the frames of its best segment.
        found: without the scores of a question's sentences.
        is_low: whether none of its frames is above the threshold.
    """

    trajectory: Trajectory
    positions: slice
    found: NearMiss
    is_low: bool


class NearMisses:
    """Is told of each track while tracks are selected, and keeps those of each question that came closest.

    Args:
        questions: what is asked.
        texts: the sentences of all questions.
        segments: of all tracks.
        scores: (segments, texts), calibrated.
        selection: how scores become tracks, and how many near misses are wanted, at least one.
        frame_stride: one of so many frames was looked at.
    """

    def __init__(
        self,
        questions: Sequence[Question],
        texts: Sequence[str],
        segments: Segments,
        scores: Scores,
        selection: Selection,
        frame_stride: int = 1,
    ) -> None:
        """Begin with no track."""
        self._questions = questions
        self._texts = texts
        self._segments = segments
        self._scores = scores
        self._selection = selection
        self._rule = selection.rule(scores.kind, frame_stride)
        # Least first, so that never more than are wanted are kept. No id comes twice: the last is never compared.
        self._kept: list[list[tuple[float, int, _Missed]]] = [[] for _ in questions]

    def see(self, trajectory: Trajectory, scores: Values, referred: Sequence[ReferredTrack | None]) -> None:
        """Take the next track; one that no segment covers was never compared with anything, and is passed over.

        Args:
            trajectory: of T frames.
            scores: (T, questions) of its frames.
            referred: for each question the part that is referred to, if any.
        """
        missed = [row for row, track in enumerate(referred) if track is None or not self._selection.keeps(track.score)]
        slices = [one for _, one in coverage(trajectory, self._segments) if one.stop > one.start] if missed else []
        if not slices:
            return
        means = np.stack([scores[one].mean(axis=0, dtype=np.float64) for one in slices])  # (its segments, questions)
        for row in missed:
            best = int(means[:, row].argmax())
            track = referred[row]
            score = float(means[best, row]) if track is None else track.score
            key = (score, -int(trajectory.track_id))
            kept = self._kept[row]
            full = len(kept) == self._selection.near_misses
            if full and key < kept[0][:2]:
                continue
            one = self._missed(trajectory, scores[:, row], slices[best], float(means[best, row]), track)
            if full:
                heappushpop(kept, (*key, one))
            else:
                heappush(kept, (*key, one))

    def found(self, row: int) -> tuple[NearMiss, ...]:
        """Give the near misses of a question, by falling score, then by id."""
        missed = [one for *_, one in sorted(self._kept[row], key=lambda entry: entry[:2], reverse=True)]
        question = self._questions[row]
        return tuple(one.found if question.is_sentence else self._with_parts(question, one) for one in missed)

    def _missed(
        self, trajectory: Trajectory, scores: Values, positions: slice, score: float, track: ReferredTrack | None
    ) -> _Missed:
        first, last = positions.start, positions.stop - 1
        frames, times_s = trajectory.frame_indices, trajectory.times_s
        best = BestSegment(int(frames[first]), int(frames[last]), float(times_s[first]), float(times_s[last]), score)
        runs = self._rule.runs(trajectory, scores)
        if track is not None:
            least = self._selection.min_probability or 0.0
            why = f"its score {_figure(track.score, least)} is below min_probability {least:g}"
        elif runs:
            why = _too_short(trajectory, scores, max(runs, key=lambda run: run[1] - run[0]), self._rule)
        else:
            why = self._too_low(scores, score)
        name = trajectory.class_name
        found = NearMiss(int(trajectory.track_id), name, score if track is None else track.score, best, why)
        return _Missed(trajectory, positions, found, is_low=not runs)

    def _too_low(self, scores: Values, best: float) -> str:
        """Say what was compared with the threshold; the raw protocol judges each frame by itself."""
        threshold = self._rule.threshold
        what, score = ("frame", float(scores.max())) if self._selection.protocol == "ikun" else ("segment", best)
        return f"its best {what} scores {_figure(score, threshold)}, the threshold is {threshold:g}"

    def _with_parts(self, question: Question, missed: _Missed) -> NearMiss:
        """Say how well each sentence fits over the best segment, and which of them held the track back."""
        columns = [self._texts.index(part) for part in question.parts]
        of_parts = replace(self._scores, values=self._scores.values[:, columns])
        of_frames = frame_scores(missed.trajectory, self._segments, of_parts)[missed.positions]
        means = dict(zip(question.parts, of_frames.mean(axis=0, dtype=np.float64).tolist(), strict=True))
        why = missed.found.why
        if missed.is_low:
            where = "; over its best segment " if self._selection.protocol == "ikun" else ": "
            why += where + held_back(question.expression, means, self._scores.kind, self._rule.threshold)
        return replace(missed.found, part_scores=tuple(means.items()), why=why)


def held_back(expression: Expression, means: Mapping[str, float], kind: ScoreKind, threshold: float) -> str:
    """Say which sentences kept an expression from being true.

    Args:
        expression: what was asked.
        means: sentence -> its score.
        kind: of the scores.
        threshold: what the expression's score is not above.
    """
    values = {text: np.array([mean], np.float32) for text, mean in means.items()}
    if expression.combine(values, kind)[0] > threshold:  # each frame takes the least: that can be less than their means
        return "all that is asked for holds there on the whole, but not at the same time"
    facts = []
    for text, wanted in dict.fromkeys(_blamed(expression, values, kind, wanted=True)):
        limit = threshold if wanted else (1 - threshold if kind == "probability" else -threshold)
        facts.append(f'"{text}" scores {_figure(means[text], limit)}{"" if wanted else " and must not hold"}')
    return ", ".join(facts)


def _blamed(
    expression: Expression, values: Mapping[str, Values], kind: ScoreKind, *, wanted: bool
) -> list[tuple[str, bool]]:
    """Name the sentences that decided, each with whether it should have held."""
    match expression:
        case Part(text):
            return [(text, wanted)]
        case Not(part):
            return _blamed(part, values, kind, wanted=not wanted)
        case Both(parts, every):
            if every == wanted:  # all would have had to agree: the one that agrees least decides
                ordered = sorted(parts, key=lambda part: float(part.combine(values, kind)[0]), reverse=not wanted)
                parts = (ordered[0],)
            return [one for part in parts for one in _blamed(part, values, kind, wanted=wanted)]


def _too_short(trajectory: Trajectory, scores: Values, run: tuple[int, int], rule: Rule) -> str:
    start, stop = run
    count = stop - start
    frames = trajectory.frame_indices[start:stop]
    whole = bool((scores[start:stop] > rule.threshold).all()) and frames[-1] - frames[0] == count - 1
    subject = f"{count} frame{'s' if count > 1 else ''} in a row{'' if whole else ', short gaps closed,'}"
    above = f"{'are' if count > 1 else 'is'} above the threshold {rule.threshold:g}"
    return f"{subject} {above}, at least {rule.shortest(trajectory)} are asked for"


def _figure(score: float, limit: float) -> str:
    """Write a score with as many digits as tell it from the limit that it is compared with."""
    for digits in range(_FEWEST_DIGITS, _MOST_DIGITS):
        text = f"{score:.{digits}f}"
        if float(text) != limit or score == limit:
            return text
    return f"{score:.{_MOST_DIGITS}f}"
