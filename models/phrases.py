"""What a sentence says in words whose meaning is known: colour, kind, place, direction, state.

For matchers that cannot see motion: the words of the training grammar, looked up, and judged on trajectory windows.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import dropwhile
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .tokenizer import split_words
from .training import lexicon
from .trajectory import FEATURES, WINDOW_S

FACTS = (
    "moves_left",
    "moves_right",
    "moves_up",
    "moves_down",
    "moving",
    "stopped",
    "on_left",
    "on_right",
    "at_top",
    "at_bottom",
    "in_middle",
    "top_lane",
    "middle_lane",
    "bottom_lane",
    "left_lane",
    "right_lane",
)
"""What can be judged on a trajectory window alone."""

_NOT_JUDGED = ("approaches", "recedes", "turning", "fast", "slow")
_ANYTHING = "object"
_NEGATIONS = frozenset(("not", "no", "non", "never", "without", "except", "neither", "nor", "cannot"))
_FILLERS = frozenset(
    word
    for phrase in (
        *lexicon.SINGULAR_ARTICLES,
        *lexicon.PLURAL_ARTICLES,
        lexicon.VOWEL_ARTICLE,
        *lexicon.RELATIVES,
        *lexicon.COPULAS,
        *lexicon.COMMANDS,
        *lexicon.PRONOUNS,
        *lexicon.PRONOUN_NOUN,
        *lexicon.CLOTHED_IN,
        *lexicon.WITH_GARMENT,
        *lexicon.FRAME_SUFFIXES,
        lexicon.PAINTED,
        "every each any some this these those there who whose it they",
        "was were be been being do does did has have and at on to by from",
        "colour color coloured colored",
    )
    for word in phrase.split()
)
"""Words that say nothing by themselves; what they join is named if it is not understood."""

_SURE = 4.0  # logit of a fact that clearly holds
_MOVING_SIZES_S = 0.12  # between what training calls creeping and moving
_WIDEST_DEG = 47.5  # between what training calls along and across


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence taken apart.

    Attributes:
        text: its words, lower case.
        colour: the colour concept, or None.
        colour_words: how it was put; "" for none.
        kind: the kind concept; "object" where none is said.
        facts: those of `FACTS` that are said.
        not_judged: all else that is said: words of motion that a window alone cannot tell, negations, words that are
            not known. Of a sentence that is compared as it is, only the first two.
    """

    text: str
    colour: str | None
    colour_words: str
    kind: str
    facts: tuple[str, ...]
    not_judged: tuple[str, ...]

    @property
    def as_it_is(self) -> bool:
        """Whether nothing in it is known, so that it can only be compared as it is."""
        return self.colour is None and self.kind == _ANYTHING and not self.facts


class _Found(NamedTuple):
    """A phrase in a text: where it begins, what it means, and its words there."""

    start: int
    name: str
    words: str


def take_apart(sentence: str) -> Said:
    """Find the known words of a sentence; longer phrases come before shorter ones."""
    text = " ".join(split_words(sentence))
    rest, facts = _take(text, _fact_patterns())
    rest, sides = _take(rest, _side_patterns())
    rest, others = _take(rest, _other_patterns())
    rest, colours = _take(rest, _colour_patterns())
    rest, kinds = _take(rest, _kind_patterns())
    kinds = [found for found in kinds if found.name != _ANYTHING]  # "object" says nothing
    names = dict.fromkeys(found.name for found in sorted(facts + sides))
    if any(name.startswith("moves_") for name in names):
        names.pop("moving", None)  # whoever moves somewhere moves
    colour, colour_words = (colours[0].name, colours[0].words) if colours else (None, "")
    said = Said(text, colour, colour_words, kinds[0].name if kinds else _ANYTHING, tuple(names), ())
    # Only the first colour and the first kind are compared.
    others += [found for several in (colours, kinds) for found in several if found.name != several[0].name]
    unknown = _unknown(rest, {found.start + len(found.words) + 1 for found in colours})
    others += [found for found in unknown if _negates(found.words) or not said.as_it_is]
    return replace(said, not_judged=tuple(dict.fromkeys(found.words for found in sorted(others))))


def _unknown(rest: str, behind_colours: Container[int]) -> Iterator[_Found]:
    """Give the words that were not taken and say something; a garment right behind a colour is there for it alone."""
    for match in re.finditer(r"[^\W_]+(?:[-'][^\W_]+)*", rest):
        word = "-".join(dropwhile(_FILLERS.__contains__, match[0].split("-")))
        if word and not (word in lexicon.GARMENTS and match.start() in behind_colours):
            yield _Found(match.start(), "", word)


def _negates(word: str) -> bool:
    return word in _NEGATIONS or word.endswith("n't")


def fact_logits(windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Judge every fact on trajectory windows.

    Args:
        windows: (S, points, features), see `trackspeak.models.trajectory`.

    Returns:
        (S, len(FACTS)) float32, above 0 where the fact holds, in [-4, 4].
    """
    first, last = (dict(zip(FEATURES, windows[:, at].T.astype(np.float64), strict=True)) for at in (0, -1))
    # "shift" is from the last point, in halved object sizes, squashed; the way moved is its opposite.
    moved = [-2 * np.arctanh(np.clip(first[f"shift_{axis}_object"], -0.9999, 0.9999)) for axis in "xy"]
    seconds = np.maximum(-first["time_offset"] * WINDOW_S, 0.25)
    way = np.hypot(*moved)
    moving = np.clip(2 * np.log(np.maximum(way / seconds, 1e-6) / _MOVING_SIZES_S), -_SURE, _SURE)
    across = np.cos(np.radians(_WIDEST_DEG))
    right, down = (component / np.maximum(way, 1e-9) for component in moved)
    x, y = (last["center_x"] + 1) / 2, (last["center_y"] + 1) / 2
    logits = {
        "moves_left": np.minimum(8 * (-right - across), moving),
        "moves_right": np.minimum(8 * (right - across), moving),
        "moves_up": np.minimum(8 * (-down - across), moving),
        "moves_down": np.minimum(8 * (down - across), moving),
        "moving": moving,
        "stopped": -moving,
        "on_left": 20 * (0.395 - x),
        "on_right": 20 * (x - 0.605),
        "at_top": 20 * (0.395 - y),
        "at_bottom": 20 * (y - 0.605),
        "in_middle": 20 * (0.15 - np.abs(x - 0.5)),
        "top_lane": 20 * (0.36 - y),
        "middle_lane": 20 * (0.14 - np.abs(y - 0.5)),
        "bottom_lane": 20 * (y - 0.64),
        "left_lane": 20 * (0.36 - x),
        "right_lane": 20 * (x - 0.64),
    }
    columns: npt.NDArray[np.float64] = np.stack([logits[name] for name in FACTS], axis=1)
    return np.clip(columns, -_SURE, _SURE).astype(np.float32)


Patterns = tuple[tuple[str, re.Pattern[str]], ...]


def _take(text: str, patterns: Patterns) -> tuple[str, list[_Found]]:
    """Take out what matches, in the order of the patterns: what is left, and what was found in the text's order."""
    found: list[_Found] = []
    for name, pattern in patterns:
        found += [_Found(match.start(), name, match[0]) for match in pattern.finditer(text)]
        text = pattern.sub(lambda match: " " * len(match[0]), text)
    return text, sorted(found)


def _patterns(phrases: Iterable[tuple[str, str]]) -> Patterns:
    """Whole words only, the longest phrase first; hyphens may stand for spaces, as in Refer-KITTI's "cars-in-red"."""
    ordered = sorted(set(phrases), key=lambda pair: (-len(pair[1]), pair))
    return tuple((name, re.compile(rf"(?<![\w']){_spaced(phrase)}(?![\w'])")) for name, phrase in ordered)


def _spaced(phrase: str) -> str:
    return re.escape(phrase).replace(r"\ ", "[ -]")


@cache
def _fact_patterns() -> Patterns:
    verbs = (*lexicon.GENERAL_VERBS, *lexicon.OWN_VERBS.values(), lexicon.COME)
    forms = {form for verb in verbs for form in (verb.participle, verb.singular, verb.plural)}
    phrases = [
        (name, f"{form} {heading}") for name, said in lexicon.HEADINGS.items() for heading in said for form in forms
    ]
    for table in (lexicon.PRE_DIRECTIONS, lexicon.PLACE_PHRASES, lexicon.STATE_PHRASES, lexicon.PRE_STATES):
        phrases += [(name, phrase) for name, said in table.items() for phrase in said]
    phrases += [(name, phrase) for name, said in lexicon.FINITE_STATES.items() for phrase in said]
    phrases.append(("stopped", lexicon.PARKED))
    phrases += [("moving", verb.participle) for verb in verbs]
    phrases += [("moving", form) for verb in lexicon.OWN_VERBS.values() for form in (verb.singular, verb.plural)]
    return _patterns(pair for pair in phrases if pair[0] in FACTS)


@cache
def _side_patterns() -> Patterns:
    """The words "left" and "right" before a noun and its colours, as in "the left red car" and "left-cars"."""
    colours, nouns = (
        "|".join(_spaced(phrase) for phrase in sorted(phrases, key=len, reverse=True))
        for phrases in (
            {phrase for said in lexicon.COLOUR_PHRASES.values() for phrase in said},
            {noun for pairs in (*lexicon.NOUNS.values(), (lexicon.PRONOUN_NOUN,)) for pair in pairs for noun in pair},
        )
    )
    return tuple(
        (name, re.compile(rf"(?<![\w']){word}(?=[ -](?:(?:{colours})[ -])*(?:{nouns})(?![\w']))"))
        for name, word in (("on_left", "left"), ("on_right", "right"))
    )


@cache
def _other_patterns() -> Patterns:
    tables = (
        lexicon.HEADINGS,
        lexicon.PRE_DIRECTIONS,
        lexicon.STATE_PHRASES,
        lexicon.PRE_SPEEDS,
        lexicon.SPEED_ADVERBS,
    )
    phrases = [(name, phrase) for table in tables for name, said in table.items() for phrase in said]
    return _patterns(pair for pair in phrases if pair[0] in _NOT_JUDGED)


@cache
def _colour_patterns() -> Patterns:
    return _patterns((name, phrase) for name, said in lexicon.COLOUR_PHRASES.items() for phrase in said)


@cache
def _kind_patterns() -> Patterns:
    return _patterns((name, noun) for name, pairs in lexicon.NOUNS.items() for pair in pairs for noun in pair)
