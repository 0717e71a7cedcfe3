"""Referring expressions for a scene: true ones, hard negatives and random ones, and the evaluation's fixed kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, TypeVar

import numpy as np

from .concepts import ANYTHING, CONCEPTS, HELD_OUT, SLOTS, ConceptTable, Meaning, is_held_out
from .grammar import say

_T = TypeVar("_T")
Category = Literal["colour", "kind", "place", "direction", "motion", "speed", "combination", "unseen"]
CATEGORIES: tuple[Category, ...] = (
    "colour",
    "kind",
    "place",
    "direction",
    "motion",
    "speed",
    "combination",
    "unseen",
)

_SLOT_CATEGORIES: MappingProxyType[str, Category] = MappingProxyType(
    {"colour": "colour", "place": "place", "direction": "direction", "state": "motion", "speed": "speed"}
)
_SLOT_NAMES: tuple[str, ...] = tuple(SLOTS)
_SLOT_WEIGHTS: MappingProxyType[str, float] = MappingProxyType(
    {"colour": 3.0, "kind": 2.5, "place": 1.5, "direction": 2.5, "state": 1.2, "speed": 0.4}
)
_ATTRIBUTE_COUNT_SHARES = (0.45, 0.38, 0.13, 0.04)
_TRUE_SHARE, _HARD_SHARE = 0.45, 0.35
_COLUMNS: MappingProxyType[str, int] = MappingProxyType({concept: column for column, concept in enumerate(CONCEPTS)})
_SLOT_OF: MappingProxyType[str, str] = MappingProxyType(
    {concept: slot for slot, concepts in SLOTS.items() for concept in concepts}
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A referring expression and what it means.

    Attributes:
        text: lower case, every word in the vocabulary.
        meaning: the concepts that must hold.
        category: what it is counted under.
    """

    text: str
    meaning: Meaning
    category: Category


def category_of(meaning: Meaning) -> Category:
    """What a meaning is counted under: its one attribute, "combination", or "unseen" if held out.

    "Vehicle" beside one attribute is no second one: "red vehicles" is about colour.
    """
    if is_held_out(meaning):
        return "unseen"
    said = [slot for slot in _SLOT_CATEGORIES if getattr(meaning, slot) is not None]
    if not said:
        return "kind"
    if len(said) > 1 or meaning.kind not in (ANYTHING, "vehicle"):
        return "combination"
    return _SLOT_CATEGORIES[said[0]]


def sample_expressions(rng: np.random.Generator, table: ConceptTable, count: int) -> list[Expression]:
    """Draw training expressions for a scene; none has a held-out pair.

    Args:
        rng: the source of randomness.
        table: what holds of the scene's segments.
        count: how many.

    Returns:
        Expressions true of some segment, ones that differ from a true one in one attribute (as often as
        not taken from another object of the scene), and random ones.
    """
    sampler = _Sampler(rng, table)
    expressions: list[Expression] = []
    while len(expressions) < count:
        meaning = sampler.meaning()
        if not is_held_out(meaning):
            expressions.append(_expressed(rng, meaning))
    return expressions


def evaluation_expressions(rng: np.random.Generator, table: ConceptTable) -> list[Expression]:
    """Draw the expressions that a scene is judged with, of every category.

    Args:
        rng: the source of randomness; the same state gives the same expressions.
        table: what holds of the scene's segments.

    Returns:
        Each attribute's concepts on their own, those that are there and some that are not; combinations,
        half of them true of a segment; held-out combinations, those that are there first.
    """
    sampler = _Sampler(rng, table)
    meanings = [meaning for slot in _SLOT_NAMES for meaning in sampler.singles(slot)]
    meanings += sampler.combinations(12)
    meanings += sampler.held_out(6)
    return [_expressed(rng, meaning) for meaning in meanings]


def _expressed(rng: np.random.Generator, meaning: Meaning) -> Expression:
    return Expression(text=say(rng, meaning), meaning=meaning, category=category_of(meaning))


def _filled(meaning: Meaning, slot: str, concept: str) -> Meaning:
    changes: dict[str, str | None] = {slot: concept}
    # Whoever moves somewhere moves: saying both is idle, and standing contradicts it.
    if slot == "direction" and meaning.state != "turning":
        changes["state"] = None
    if slot == "state" and concept != "turning":
        changes["direction"] = None
    if slot == "state" and concept == "stopped":
        changes["speed"] = None
    if slot == "speed" and meaning.state is not None:
        changes["state"] = None
    return replace(meaning, **changes)  # type: ignore[arg-type]


class _Sampler:
    """Draws meanings for one scene.

    Attributes:
        rng: the source of randomness.
        labels: (S, C) int8, the scene's table.
    """

    def __init__(self, rng: np.random.Generator, table: ConceptTable) -> None:
        self.rng = rng
        self.labels = table.labels
        looks = [_COLUMNS[concept] for slot in ("colour", "kind") for concept in SLOTS[slot] if concept != ANYTHING]
        self._rows_by_look: list[list[int]] = [
            rows for column in looks if (rows := np.flatnonzero(table.labels[:, column] == 1).tolist())
        ]
        self._there = {slot: self._present(slot) for slot in _SLOT_NAMES}

    def meaning(self) -> Meaning:
        """A true meaning, a hard negative or a random one, by their shares."""
        draw = self.rng.random()
        if draw >= _TRUE_SHARE + _HARD_SHARE or not self._rows_by_look:
            return self.random_meaning()
        row = self._row()
        meaning = self.true_of(row)
        return meaning if draw < _TRUE_SHARE else self.changed(meaning, row)

    def true_of(self, row: int, least: int = 1) -> Meaning:
        """One to four attributes that hold of a segment."""
        count = max(least, 1 + self._weighted(_ATTRIBUTE_COUNT_SHARES))
        holding = {slot: self._concepts(slot, row, 1) for slot in _SLOT_NAMES}
        slots = self._slots(tuple(slot for slot in _SLOT_NAMES if holding[slot]), count)
        meaning = Meaning()
        if self.labels[row, _COLUMNS["vehicle"]] == 1 and self.rng.random() < 0.6:
            meaning = Meaning(kind="vehicle")
        for slot in slots:
            meaning = _filled(meaning, slot, self._one(holding[slot]))
        return meaning

    def changed(self, meaning: Meaning, row: int) -> Meaning:
        """The meaning with one attribute replaced by one that the segment lacks."""
        said = [slot for slot in _SLOT_NAMES if getattr(meaning, slot) not in (None, ANYTHING)]
        if not said:
            return self.random_meaning()
        slot = self._one(said)
        lacking = self._concepts(slot, row, 0)
        elsewhere = [concept for concept in lacking if concept in self._there[slot]]
        if elsewhere and self.rng.random() < 0.5:
            lacking = elsewhere
        return _filled(meaning, slot, self._one(lacking)) if lacking else meaning

    def random_meaning(self) -> Meaning:
        """Attributes at random, whatever the scene shows."""
        meaning = Meaning(kind="vehicle") if self.rng.random() < 0.4 else Meaning()
        for slot in self._slots(_SLOT_NAMES, 1 + self._weighted(_ATTRIBUTE_COUNT_SHARES)):
            meaning = _filled(meaning, slot, self._one(SLOTS[slot][: -1 if slot == "kind" else None]))
        return meaning

    def singles(self, slot: str) -> list[Meaning]:
        """Each concept of the attribute that some segment has, and three that none has, alone."""
        there = [concept for concept in SLOTS[slot] if concept in self._there[slot]]
        absent = [
            concept
            for concept in SLOTS[slot]
            if concept not in (*there, ANYTHING) and (self.labels[:, _COLUMNS[concept]] == 0).any()
        ]
        picked = [absent[at] for at in self.rng.permutation(len(absent))[:3]]
        kinds = [ANYTHING if self.rng.random() < 0.5 else "vehicle" for _ in (*there, *picked)]
        return [
            _filled(Meaning(kind=kind), slot, concept) for kind, concept in zip(kinds, (*there, *picked), strict=True)
        ]

    def combinations(self, count: int) -> list[Meaning]:
        """Meanings of several attributes, not held out, every other one a hard negative."""
        found: list[Meaning] = []
        for _ in range(20 * count if self._rows_by_look else 0):
            row = self._row()
            meaning = self.true_of(row, least=2)
            if len(found) % 2:
                meaning = self.changed(meaning, row)
            if category_of(meaning) == "combination":
                found.append(meaning)
            if len(found) == count:
                break
        return found

    def held_out(self, count: int) -> list[Meaning]:
        """Held-out pairs: those that a segment shows first, then others at random."""
        pairs = sorted(tuple(sorted(pair)) for pair in HELD_OUT)
        pairs = [pairs[at] for at in self.rng.permutation(len(pairs))]
        shown = [bool((self.labels[:, [_COLUMNS[concept] for concept in pair]] == 1).all(1).any()) for pair in pairs]
        ordered = [pair for pair, there in zip(pairs, shown, strict=True) if there]
        ordered += [pair for pair, there in zip(pairs, shown, strict=True) if not there]
        meanings = []
        for pair in ordered[:count]:
            meaning = Meaning()
            for concept in pair:
                meaning = _filled(meaning, _SLOT_OF[concept], concept)
            meanings.append(meaning)
        return meanings

    def _present(self, slot: str) -> frozenset[str]:
        holds = (self.labels == 1).any(0)
        return frozenset(concept for concept in SLOTS[slot] if concept != ANYTHING and holds[_COLUMNS[concept]])

    def _concepts(self, slot: str, row: int, label: int) -> list[str]:
        labels = self.labels[row]
        return [concept for concept in SLOTS[slot] if concept != ANYTHING and labels[_COLUMNS[concept]] == label]

    def _row(self) -> int:
        """A segment of a colour or kind that the scene has: what is rare in it is spoken of as often as the rest."""
        return self._one(self._one(self._rows_by_look))

    def _slots(self, slots: Sequence[str], count: int) -> list[str]:
        """Up to `count` different slots, the weightier ones rather."""
        keys = {slot: self.rng.random() ** (1.0 / _SLOT_WEIGHTS[slot]) for slot in slots}
        return sorted(slots, key=lambda slot: -keys[slot])[:count]

    def _weighted(self, shares: Sequence[float]) -> int:
        return min(int(np.searchsorted(np.cumsum(shares), self.rng.random(), side="right")), len(shares) - 1)

    def _one(self, options: Sequence[_T]) -> _T:
        return options[int(self.rng.random() * len(options))]
