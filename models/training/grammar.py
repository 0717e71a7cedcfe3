"""From a meaning to one of the many ways to say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from . import lexicon
from .concepts import ANYTHING, Meaning

_T = TypeVar("_T")


def say(rng: np.random.Generator, meaning: Meaning) -> str:
    """Put a meaning into words, at random.

    Args:
        rng: the source of randomness.
        meaning: what is to be said.

    Returns:
        A noun phrase mostly; now and then a sentence, a command or a bare modifier. Lower case, every
        word in the vocabulary.
    """
    plural = _chance(rng, 0.4)
    if meaning.kind == ANYTHING and len(meaning.concepts) == 2 and _chance(rng, 0.08):
        return _bare(rng, meaning)
    before, after = _modifiers(rng, meaning, plural)
    if meaning.kind == ANYTHING and not before and after and _chance(rng, 0.15):
        head = _choose(rng, lexicon.PRONOUNS)
        phrase = " ".join((head, *(modifier.predicate or modifier.text for modifier in after)))
    else:
        head = _noun_phrase(rng, meaning, plural, before)
        phrase = f"{head}{_attached(rng, after, plural)}"
    return f"{_choose(rng, lexicon.COMMANDS)} {phrase}" if _chance(rng, 0.04) else phrase


@dataclass(frozen=True, slots=True)
class _Modifier:
    """What follows the noun.

    Attributes:
        text: as it stands right after the noun.
        clause: its finite form after "that", verb included; None where only "that is" and `text` fits.
        predicate: what may follow "is" or "something", if not `text`.
    """

    text: str
    clause: str | None = None
    predicate: str | None = None


def _chance(rng: np.random.Generator, probability: float) -> bool:
    return bool(rng.random() < probability)


def _choose(rng: np.random.Generator, options: Sequence[_T]) -> _T:
    """The first option as often as not, so that the usual word is the usual one."""
    if len(options) == 1 or rng.random() < 0.35:
        return options[0]
    return options[int(rng.random() * len(options))]


def _noun_phrase(rng: np.random.Generator, meaning: Meaning, plural: bool, before: Sequence[str]) -> str:
    number = int(plural)
    noun = _choose(rng, lexicon.NOUNS[meaning.kind])[number]
    if meaning.kind == ANYTHING and before and _chance(rng, 0.4):
        noun = lexicon.PRONOUN_NOUN[number]
    words = " ".join((*before, noun))
    article = _choose(rng, lexicon.PLURAL_ARTICLES if plural else lexicon.SINGULAR_ARTICLES)
    if article == "a" and words[0] in "aeiou":
        article = lexicon.VOWEL_ARTICLE
    return f"{article} {words}" if article else words


def _attached(rng: np.random.Generator, after: Sequence[_Modifier], plural: bool) -> str:
    """The modifiers behind the noun, sometimes as a relative clause or a sentence's predicate."""
    if not after:
        return ""
    texts = [modifier.text for modifier in after]
    copula = lexicon.COPULAS[int(plural)]
    manner = rng.random()
    if manner < 0.3:
        relative = _choose(rng, lexicon.RELATIVES)
        clause = after[0].clause
        if clause is None or _chance(rng, 0.4):
            clause = f"{copula} {after[0].predicate or texts[0]}"
        texts[0] = f"{relative} {clause}"
    elif manner < 0.34:
        texts[-1] = f"{copula} {after[-1].predicate or texts[-1]}"
    return " " + " ".join(texts)


def _bare(rng: np.random.Generator, meaning: Meaning) -> str:
    """Only the modifier: "red", "moving to the left", "in the top lane"."""
    if meaning.colour is not None:
        return _choose(rng, lexicon.COLOUR_PHRASES[meaning.colour])
    return _modifiers(rng, meaning, plural=False, forced_after=True)[1][0].text


def _modifiers(
    rng: np.random.Generator, meaning: Meaning, plural: bool, forced_after: bool = False
) -> tuple[list[str], list[_Modifier]]:
    """The words before the noun, in English order, and the modifiers after it, in any order."""
    before: list[str] = []
    after: list[_Modifier] = []
    if meaning.speed is not None:
        if meaning.direction is not None or (not forced_after and _chance(rng, 0.5)):
            before.append(_choose(rng, lexicon.PRE_SPEEDS[meaning.speed]))
        else:
            verb = _verb(rng, meaning)
            adverb = _choose(rng, lexicon.SPEED_ADVERBS[meaning.speed])
            after.append(_motion(verb, adverb, plural))
    if meaning.state is not None:
        if not forced_after and _chance(rng, 0.35):
            before.append(_pre_state(rng, meaning))
        else:
            after.append(_state(rng, meaning, plural))
    if meaning.direction is not None:
        if not forced_after and _chance(rng, 0.07):
            before.append(_choose(rng, lexicon.PRE_DIRECTIONS[meaning.direction]))
        else:
            after.append(_heading(rng, meaning, plural))
    if meaning.colour is not None:
        _add_colour(rng, meaning, plural, before, after)
    if meaning.place is not None:
        after.append(_Modifier(_place(rng, meaning.place)))
    order = rng.permutation(len(after)) if len(after) > 1 else range(len(after))
    return before, [after[int(at)] for at in order]


def _motion(verb: lexicon.Verb, complement: str, plural: bool) -> _Modifier:
    finite = verb.plural if plural else verb.singular
    return _Modifier(f"{verb.participle} {complement}", clause=f"{finite} {complement}")


def _verb(rng: np.random.Generator, meaning: Meaning) -> lexicon.Verb:
    own = lexicon.OWN_VERBS.get(meaning.kind)
    if own is not None and _chance(rng, 0.4):
        return own
    return _choose(rng, lexicon.GENERAL_VERBS)


def _heading(rng: np.random.Generator, meaning: Meaning, plural: bool) -> _Modifier:
    direction = str(meaning.direction)
    if direction == "approaches":
        if _chance(rng, 0.25):
            return _Modifier(lexicon.PRE_DIRECTIONS[direction][0])
        if _chance(rng, 0.4):
            return _motion(lexicon.COME, _choose(rng, lexicon.HEADINGS[direction]), plural)
    return _motion(_verb(rng, meaning), _choose(rng, lexicon.HEADINGS[direction]), plural)


def _pre_state(rng: np.random.Generator, meaning: Meaning) -> str:
    if meaning.state == "stopped" and _parks(meaning) and _chance(rng, 0.5):
        return lexicon.PARKED
    return _choose(rng, lexicon.PRE_STATES[str(meaning.state)])


def _state(rng: np.random.Generator, meaning: Meaning, plural: bool) -> _Modifier:
    state = str(meaning.state)
    clause = lexicon.FINITE_STATES[state][int(plural)]
    own = lexicon.OWN_VERBS.get(meaning.kind)
    if state == "moving" and own is not None and _chance(rng, 0.3):
        return _Modifier(own.participle, clause=own.plural if plural else own.singular)
    if state == "stopped" and _parks(meaning) and _chance(rng, 0.4):
        return _Modifier(lexicon.PARKED)
    return _Modifier(_choose(rng, lexicon.STATE_PHRASES[state]), clause=clause)


def _parks(meaning: Meaning) -> bool:
    return meaning.kind != "person"


def _add_colour(
    rng: np.random.Generator, meaning: Meaning, plural: bool, before: list[str], after: list[_Modifier]
) -> None:
    words = _choose(rng, lexicon.COLOUR_PHRASES[str(meaning.colour)])
    if meaning.kind == "person" and _chance(rng, 0.75):
        after.append(_clothes(rng, words))
    elif _chance(rng, 0.9):
        before.append(words)
    elif meaning.kind not in ("person", ANYTHING) and _chance(rng, 0.3):
        after.append(_Modifier(f"{lexicon.PAINTED} {words}"))
    else:
        relative = _choose(rng, lexicon.RELATIVES)
        after.append(_Modifier(f"{relative} {lexicon.COPULAS[int(plural)]} {words}", predicate=words))


def _clothes(rng: np.random.Generator, words: str) -> _Modifier:
    if _chance(rng, 0.5):
        return _Modifier(f"{_choose(rng, lexicon.CLOTHED_IN)} {words}")
    article = lexicon.VOWEL_ARTICLE if words[0] in "aeiou" else "a"
    return _Modifier(f"{_choose(rng, lexicon.WITH_GARMENT)} {article} {words} {_choose(rng, lexicon.GARMENTS)}")


def _place(rng: np.random.Generator, place: str) -> str:
    phrase = _choose(rng, lexicon.PLACE_PHRASES[place])
    if not place.endswith("_lane") and _chance(rng, 0.15):
        return f"{phrase} {_choose(rng, lexicon.FRAME_SUFFIXES)}"
    return phrase
