"""Zero-shot naming by contrast: the prompts that a sentence is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from .phrases import Said
from .training import lexicon

_ARTICLE = "a photo of a"
_COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "beige", "white", "black", "grey")
_KINDS = ("car", "van", "truck", "bus", "motorcycle", "bicycle", "person")
_ALIKE: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "silver": ("grey", "white"),
        "dark_grey": ("grey", "black"),
        "dark": ("black", "grey", "brown"),
        "beige": ("brown",),
    }
)
"""Colours that are no contrast to another, beside itself and its plain colour."""

_NOTHING = ("a photo of a road", "a photo of a shadow on the ground", "a photo of something else")


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing that a sentence says of looks.

    Attributes:
        prompt: says it.
        contrasts: say something else of the same class.
    """

    prompt: str
    contrasts: tuple[str, ...]


def aspects(said: Said) -> tuple[Aspect, ...]:
    """Give what a sentence says of looks: its colour against others, its kind against others.

    A sentence with neither is compared as it is, unless all that it says is about place and motion: then there is
    nothing to compare.
    """
    found = []
    noun = lexicon.NOUNS[said.kind][0][0]
    if said.colour is not None:
        others = [colour for colour in _COLOURS if not _same(said.colour, colour)]
        prompt = f"{_ARTICLE} {said.colour_words} {noun}"
        found.append(Aspect(prompt, tuple(f"{_ARTICLE} {colour} {noun}" for colour in others)))
    if said.kind in _KINDS or said.kind == "bike":
        others = [kind for kind in _KINDS if kind != said.kind and not (said.kind == "bike" and kind.endswith("cycle"))]
        found.append(Aspect(f"{_ARTICLE} {noun}", (*(f"{_ARTICLE} {kind}" for kind in others), *_NOTHING)))
    if said.kind == "vehicle":
        found.append(Aspect("a photo of a vehicle", ("a photo of a person", *_NOTHING)))
    if said.as_it_is:
        found.append(Aspect(f"a photo of {said.text}", (*(f"{_ARTICLE} {kind}" for kind in _KINDS), *_NOTHING)))
    return tuple(found)


def _same(colour: str, plain: str) -> bool:
    return colour == plain or colour.endswith(f"_{plain}") or plain in _ALIKE.get(colour, ())
