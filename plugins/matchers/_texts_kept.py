"""What a matcher made of texts, kept for when they are asked again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

TEXTS_KEPT = 1024
"""Texts whose features are kept."""

TEXTS_AT_ONCE = 256
"""Texts encoded together on a GPU."""


class Described(NamedTuple):
    """What is kept of a text: (1, O) and (1, ...) float32 as in `Texts`, and the words never trained on."""

    feature: npt.NDArray[np.float32]
    guide: npt.NDArray[np.float32]
    unknown: tuple[str, ...]


class TextsKept:
    """Encodes texts, but for those that it still knows.

    Args:
        encode: several texts in one call.
        at_once: how many that may be; on a CPU 1, so that a text's numbers do not depend on what else is asked.
    """

    def __init__(self, encode: Callable[[Sequence[str]], Sequence[Described]], at_once: int) -> None:
        """Know none."""
        self._encode = encode
        self._at_once = at_once
        self._kept: dict[str, Described] = {}

    def get(self, texts: Sequence[str]) -> list[Described]:
        """Give what is kept of texts, or encode them."""
        found = {text: self._kept[text] for text in texts if text in self._kept}
        unknown = [text for text in dict.fromkeys(texts) if text not in found]
        for begin in range(0, len(unknown), self._at_once):
            part = unknown[begin : begin + self._at_once]
            found.update(zip(part, self._encode(part), strict=True))
        for text, one in found.items():  # what was asked last is forgotten last
            self._kept.pop(text, None)
            self._kept[text] = one
        for text in list(self._kept)[:-TEXTS_KEPT]:
            self._kept.pop(text, None)
        return [found[text] for text in texts]
