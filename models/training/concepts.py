"""What expressions are made of: concepts as columns, and what holds of each segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from .colours import BASE_COLOURS, COLOUR_CONCEPTS, seen_colour_matrix
from .motion_truth import (
    DIRECTION_CONCEPTS,
    FACT_CONCEPTS,
    LANE_CONCEPTS,
    SIDE_CONCEPTS,
    SPEED_CONCEPTS,
    STATE_CONCEPTS,
    segment_facts,
)
from .trajectories import scene_trajectories
from .truth import ObjectTruth

ANYTHING = "object"
KIND_CONCEPTS: tuple[str, ...] = (
    "car",
    "van",
    "truck",
    "bus",
    "motorcycle",
    "bicycle",
    "bike",
    "person",
    "vehicle",
    ANYTHING,
)
VEHICLE_KINDS: tuple[str, ...] = ("car", "van", "truck", "bus", "motorcycle")
"""Kinds that a small part of a vehicle does not tell apart."""
CONCEPTS: tuple[str, ...] = COLOUR_CONCEPTS + KIND_CONCEPTS + FACT_CONCEPTS

SLOTS: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "colour": COLOUR_CONCEPTS,
        "kind": KIND_CONCEPTS,
        "place": SIDE_CONCEPTS + LANE_CONCEPTS,
        "direction": DIRECTION_CONCEPTS,
        "state": STATE_CONCEPTS,
        "speed": SPEED_CONCEPTS,
    }
)
"""The attributes of an expression, each with the concepts that can fill it."""

# What else than itself a kind may be called; -1: arguable. A small van passes for a car and a big one
# for a truck; whoever rides a two-wheeler is a person; a bicycle is a vehicle to some.
_CALLED: MappingProxyType[str, MappingProxyType[str, int]] = MappingProxyType(
    {
        "car": MappingProxyType({"vehicle": 1}),
        "van": MappingProxyType({"vehicle": 1, "car": -1, "truck": -1}),
        "truck": MappingProxyType({"vehicle": 1}),
        "bus": MappingProxyType({"vehicle": 1}),
        "motorcycle": MappingProxyType({"vehicle": 1, "bike": -1, "person": -1}),
        "bicycle": MappingProxyType({"vehicle": -1, "bike": 1, "person": -1}),
        "person": MappingProxyType({}),
    }
)

_COLUMNS: MappingProxyType[str, int] = MappingProxyType({concept: column for column, concept in enumerate(CONCEPTS)})

HELD_OUT: frozenset[frozenset[str]] = frozenset(
    frozenset(pair)
    for pair in (
        ("green", "bus"),
        ("brown", "bus"),
        ("yellow", "truck"),
        ("purple", "van"),
        ("black", "van"),
        ("pink", "car"),
        ("orange", "motorcycle"),
        ("white", "motorcycle"),
        ("van", "moves_left"),
        ("bus", "moves_up"),
        ("truck", "moves_down"),
        ("motorcycle", "moves_right"),
        ("bicycle", "moves_left"),
        ("orange", "moves_right"),
        ("green", "moves_left"),
        ("yellow", "bottom_lane"),
    )
)
"""Pairs of concepts that no training expression has together; a shade counts as its plain colour."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an expression says: a concept per attribute, or None.

    Attributes:
        kind: a kind; "object" says nothing.
        colour: of the paint or the clothes, as they look in the scene.
        place: in the frame, or a lane.
        direction: of motion in the image, or in depth.
        state: moving, stopped or turning.
        speed: against the other movers.
    """

    kind: str = ANYTHING
    colour: str | None = None
    place: str | None = None
    direction: str | None = None
    state: str | None = None
    speed: str | None = None

    @property
    def concepts(self) -> tuple[str, ...]:
        """All that must hold; at least "object"."""
        said = (self.kind, self.colour, self.place, self.direction, self.state, self.speed)
        return tuple(concept for concept in said if concept is not None)


@dataclass(frozen=True, slots=True, eq=False)
class ConceptTable:
    """What holds of S segments of one scene.

    Attributes:
        object_indices: (S,) int64, the object that each segment is about.
        labels: (S, len(CONCEPTS)) int8: 1 holds, 0 does not, -1 arguable.
    """

    object_indices: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int8]


def concept_table(
    objects: Sequence[ObjectTruth],
    frame_rate: float,
    frame_size_wh: tuple[int, int],
    object_indices: npt.NDArray[np.int64],
    first_frames: npt.NDArray[np.int64],
    last_frames: npt.NDArray[np.int64],
) -> ConceptTable:
    """Judge every concept on every segment of a scene.

    Args:
        objects: the scene's objects.
        frame_rate: frames per second.
        frame_size_wh: width and height of the image in pixels.
        object_indices: (S,) int64, which object each segment is about.
        first_frames: (S,) int64, each segment's first frame.
        last_frames: (S,) int64, each segment's last frame, included.

    Returns:
        The table, its rows in the order of the segments.
    """
    scene = scene_trajectories(objects, frame_rate, frame_size_wh)
    paints = np.array([truth.paint_rgb for truth in objects], dtype=np.uint8).reshape(-1, 3)
    seen = np.array([truth.seen_rgb for truth in objects], dtype=np.float32).reshape(-1, 3)
    trims = np.array([truth.trim_rgb for truth in objects], dtype=np.float32).reshape(-1, 3)
    kinds = np.array([_kind_row(truth) for truth in objects], dtype=np.int8).reshape(-1, len(KIND_CONCEPTS))
    colours = seen_colour_matrix(paints, seen, trims)
    # A bicycle's thin frame is hardly seen beside its rider's clothes: which of them is meant is open.
    colours[kinds[:, KIND_CONCEPTS.index("bicycle")] == 1] = -1
    facts = segment_facts(scene, object_indices, first_frames, last_frames)
    labels = np.concatenate([colours[object_indices], kinds[object_indices], facts], axis=1)
    return ConceptTable(object_indices=object_indices, labels=labels)


def label_matrix(meanings: Sequence[Meaning], table: ConceptTable) -> npt.NDArray[np.int8]:
    """Which meanings fit which segments: false if a concept is false, else arguable if one is.

    Args:
        meanings: E meanings.
        table: S segments.

    Returns:
        (S, E) int8: 1 fits, 0 does not, -1 arguable.
    """
    longest = max((len(meaning.concepts) for meaning in meanings), default=1)
    neutral = _COLUMNS[ANYTHING]
    columns = np.full((len(meanings), longest), neutral, dtype=np.int64)
    for row, meaning in enumerate(meanings):
        concepts = meaning.concepts
        columns[row, : len(concepts)] = [_COLUMNS[concept] for concept in concepts]
    truths = table.labels[:, columns]  # (S, E, concepts)
    no, unsure = (truths == 0).any(-1), (truths == -1).any(-1)
    return np.where(no, 0, np.where(unsure, -1, 1)).astype(np.int8)


def is_held_out(meaning: Meaning) -> bool:
    """Whether a meaning has a pair of concepts that is kept from training."""
    plain = [_plain(concept) for concept in meaning.concepts]
    return any(frozenset((first, second)) in HELD_OUT for at, first in enumerate(plain) for second in plain[at + 1 :])


def _plain(concept: str) -> str:
    return "bicycle" if concept == "bike" else BASE_COLOURS.get(concept, concept)


def _kind_row(truth: ObjectTruth) -> list[int]:
    called: dict[str, int] = {truth.kind: 1, ANYTHING: 1, **_CALLED[truth.kind]}
    called.update(dict.fromkeys(truth.passes_for, -1))
    return [called.get(concept, 0) for concept in KIND_CONCEPTS]
