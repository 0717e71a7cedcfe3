"""Which tracks of the two real clips fit which sentences, by eye: what `reliability.py` judges probabilities with.

What moves where, in which lane and of what colour is as in the clips' own description; kinds were added by eye, of cars
that are plainly neither van nor truck. Minivans, jeeps, and pieces of what is asked for are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from motion_ceiling import ANSWERS, LANES, Answer, holds

from trackspeak.models.training.evaluate import Judged
from trackspeak.models.training.expressions import CATEGORIES, Category
from trackspeak.plugins.contract import Trajectory

SLACK = 5
"""Frames by which the answers' first and last ones may be wrong."""

LEAST_FRAMES = 20
"""Shorter tracks in a lane are pieces and shadows, of which the answers say nothing."""

Point = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Question:
    """A sentence, and what is true of a clip's tracks.

    Attributes:
        category: one of training's.
        text: the sentence.
        fits: the objects that fit; a track that may be a piece of one is left out.
        lanes: in place of `fits`: names of lanes; the tracks in them fit and no others.
        arguable: points on objects that are left out.
        fails: points on the objects that do not fit, the others being left out; None: all others do not.
    """

    category: Category
    text: str
    fits: tuple[Answer, ...] = ()
    lanes: tuple[str, ...] = ()
    arguable: tuple[Point, ...] = ()
    fails: tuple[Point, ...] | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A track that an answer names, and that is not arguable.

    Attributes:
        category: of the sentence.
        track: the track's id.
        score: that of the answer: the mean over the frames that are meant.
        fits: whether it is right.
    """

    category: Category
    track: int
    score: float
    fits: bool


_WHITE_UP, _SILVER, _RED_UP, _WHITE_DOWN = ANSWERS["car-detection"]
_MINIVAN, _BLUE, _CRIMSON, _MAROON, _WHITE = ANSWERS["traffic"]
_TRUCK = Answer("white truck", 411, 464, ((438, 295, 45),))
_NAVY_MINIVAN, _PALE_BLUE = (38, 381, 173), (467, 497, 58)
_CARS: tuple[Point, ...] = (
    (46, 397, 251),
    (94, 371, 178),
    (123, 452, 255),
    (135, 345, 181),
    (184, 365, 189),
    (187, 317, 55),
    (220, 339, 178),
    (250, 380, 253),
    (260, 320, 173),
    (325, 310, 169),
    (340, 293, 50),
    (362, 289, 256),
    (366, 309, 175),
    (460, 141, 173),
    (467, 497, 58),
)

QUESTIONS: dict[str, tuple[Question, ...]] = {
    "car-detection.mp4": (
        Question("colour", "the red car", (_RED_UP,)),
        Question("colour", "a white car", (_WHITE_UP, _WHITE_DOWN), arguable=_SILVER.points),
        Question("colour", "the light blue car", (_SILVER,)),
        Question("colour", "the silver car", (_SILVER,)),
        Question("direction", "cars moving up", (_WHITE_UP, _RED_UP)),
        Question("direction", "cars moving down", (_SILVER, _WHITE_DOWN)),
        Question("combination", "the red car moving up", (_RED_UP,)),
        Question("combination", "a yellow bus"),
        Question("kind", "a truck"),
        Question("kind", "a van"),
        Question("kind", "a bus"),
        Question("kind", "a person"),
    ),
    "traffic.mp4": (
        Question("colour", "the blue car", (_BLUE,), arguable=(_NAVY_MINIVAN, _PALE_BLUE)),
        Question("colour", "red cars", (_MINIVAN, _CRIMSON, _MAROON)),
        Question("direction", "vehicles moving to the left", lanes=("top",)),
        Question("direction", "vehicles moving to the right", lanes=("middle", "bottom")),
        Question("place", "vehicles in the top lane", lanes=("top",)),
        Question("place", "vehicles in the middle lane", lanes=("middle",)),
        Question("place", "vehicles in the bottom lane", lanes=("bottom",)),
        Question("combination", "the white car in the bottom lane", (_WHITE,)),
        Question("combination", "a green truck"),
        Question("kind", "a truck", (_TRUCK,), fails=_CARS),
        Question("kind", "a van", fails=_CARS),
        Question("kind", "a bus"),
        Question("kind", "a person"),
    ),
}


def truth(question: Question, path: Trajectory) -> int:
    """Say whether a track fits: 1 it does, 0 it does not, -1 arguable."""
    if question.lanes:
        centre = float(np.median((path.boxes_xyxy[:, 1] + path.boxes_xyxy[:, 3]) / 2))
        lane = next(name for name, top, bottom in LANES if top <= centre < bottom)
        return 0 if lane not in question.lanes else 1 if len(path.frame_indices) >= LEAST_FRAMES else -1
    if any(_on(path, answer.points) for answer in question.fits):
        return 1
    if _on(path, question.arguable) or any(_may_be_piece(path, answer) for answer in question.fits):
        return -1
    return 0 if question.fails is None or _on(path, question.fails) else -1


def _on(path: Trajectory, points: Sequence[Point]) -> bool:
    return any(holds(box, x, y) for frame, x, y in points for box in path.boxes_xyxy[path.frame_indices == frame])


def _may_be_piece(path: Trajectory, answer: Answer) -> bool:
    """Whether a track lives in an answer's time and is not there when the answer's points tell objects apart."""
    inside = path.frame_indices[0] >= answer.first - SLACK and path.frame_indices[-1] <= answer.last + SLACK
    return bool(inside and not any(frame in path.frame_indices for frame, _, _ in answer.points))


def judge_clip(video: Path) -> tuple[Judged, np.ndarray, list[Named]]:
    """Ask a clip its questions with the profile `embedded`.

    Returns:
        The pairs, each with the mean of its segments' scores as in training; the track of each; and the tracks that
        answers name.
    """
    from trackspeak.service import RunOptions, track

    questions = QUESTIONS[video.name]
    result = track(video, [question.text for question in questions], RunOptions(profile="embedded"))
    if result.raw is None:
        raise SystemExit("wanted a result with raw scores, got none")
    segments, values = result.raw.segments, result.raw.scores.values
    rows = []
    for path in result.trajectories:
        mine = segments.track_ids == path.track_id
        if mine.any():
            means = values[mine].mean(axis=0)
            rows += [(path.track_id, n, means[n], truth(one, path)) for n, one in enumerate(questions)]
    certain = [row for row in rows if row[3] >= 0]
    labels = {(ids, n): fits == 1 for ids, n, _, fits in certain}
    told = [
        Named(questions[n].category, found.track_id, found.score, labels[found.track_id, n])
        for n, answer in enumerate(result.queries)
        for found in answer.tracks
        if (found.track_id, n) in labels
    ]
    judged = Judged(
        np.array([row[2] for row in certain], np.float32),
        np.array([row[3] == 1 for row in certain]),
        np.array([CATEGORIES.index(questions[row[1]].category) for row in certain]),
    )
    return judged, np.array([row[0] for row in certain]), told
