"""From sentences to token ids: a word-level tokenizer of our own, and OpenCLIP's with the same interface."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from trackspeak.models.errors import OptionError, QueryError

CONTEXT_LENGTH = 77
"""Positions of a row: the start token, at most 75 tokens, the end token, padding."""

PADDING, UNKNOWN = 0, 1
_SPECIAL_COUNT = 4  # padding, unknown, start, end

_WORD = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*")
_POSSESSIVE = re.compile(r"'s$")


class Encoded(NamedTuple):
    """Token ids of B texts.

    Attributes:
        tokens: (B, CONTEXT_LENGTH) int64, zeros after the end token.
        unknown_words: per text the words that the vocabulary lacks, each once, in order.
    """

    tokens: Tensor
    unknown_words: list[tuple[str, ...]]


class Tokenizer(Protocol):
    """What both tokenizers do."""

    @property
    def vocab_size(self) -> int:
        """How many ids there are; the end token is the largest, which is how the text tower finds it."""

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encode texts.

        Raises:
            QueryError: if a text holds nothing to encode, or more than 75 tokens.
        """


def split_words(text: str) -> list[str]:
    """Split into lower-case words without punctuation; hyphenated words stay whole, a possessive 's goes.

    Examples:
        >>> split_words("The driver's LEFT-most, dark-red car!")
        ['the', 'driver', 'left-most', 'dark-red', 'car']
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return [_POSSESSIVE.sub("", word) for word in _WORD.findall(plain)]


class WordTokenizer:
    """One id per word: 0 padding, 1 unknown, the vocabulary from 2 on, then start and end."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        """Number the words.

        Args:
            vocabulary: lower-case words as `split_words` gives them, in the order of their ids.

        Raises:
            OptionError: if a word comes twice or could never be met in a text.
        """
        words = tuple(vocabulary)
        self._ids = {word: number for number, word in enumerate(words, start=UNKNOWN + 1)}
        if len(self._ids) != len(words):
            twice = sorted({word for word in words if words.count(word) > 1})
            raise OptionError(f"vocabulary must hold each word once, got twice: {', '.join(twice)}")
        for word in words:
            if split_words(word) != [word]:
                raise OptionError(f"vocabulary must hold single lower-case words, got {word!r}")

    @property
    def vocab_size(self) -> int:
        """The vocabulary and the four special ids."""
        return len(self._ids) + _SPECIAL_COUNT

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encode texts; see `Tokenizer.encode`."""
        rows, unknown_words = [], []
        for text in texts:
            words = [part for word in split_words(text) for part in self._parts(word)]
            rows.append([self._ids.get(word, UNKNOWN) for word in words])
            unknown_words.append(tuple(dict.fromkeys(word for word in words if word not in self._ids)))
        return Encoded(_pack(texts, rows, self.vocab_size - 2, self.vocab_size - 1), unknown_words)

    def _parts(self, word: str) -> list[str]:
        """Read a hyphenated word as the vocabulary has it: whole, written together, or as its parts."""
        together = word.replace("-", "")
        for known in (word, together):
            if known in self._ids:
                return [known]
        return word.split("-")


class ClipTokenizer:
    """OpenCLIP's byte-pair encoding, whose file comes with the package; it knows every word."""

    def __init__(self) -> None:
        from open_clip.tokenizer import SimpleTokenizer

        self._bpe = SimpleTokenizer(context_length=CONTEXT_LENGTH)

    @property
    def vocab_size(self) -> int:
        """CLIP's 49,408."""
        return int(self._bpe.vocab_size)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encode texts; see `Tokenizer.encode`."""
        rows = [self._bpe.encode(text) for text in texts]
        return Encoded(_pack(texts, rows, self._bpe.sot_token_id, self._bpe.eot_token_id), [() for _ in texts])


def _pack(texts: Sequence[str], rows: Sequence[Sequence[int]], start: int, end: int) -> Tensor:
    """Put start and end around each row and pad: (B, CONTEXT_LENGTH)."""
    limit = CONTEXT_LENGTH - 2
    tokens = torch.full((len(rows), CONTEXT_LENGTH), PADDING)
    for row, (text, ids) in enumerate(zip(texts, rows, strict=True)):
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        if not ids:
            raise QueryError(f"a query must hold at least one word, got {shown!r}")
        if len(ids) > limit:
            raise QueryError(f"a query must hold at most {limit} tokens, got {len(ids)} in {shown!r}")
        tokens[row, : len(ids) + 2] = torch.tensor([start, *ids, end])
    return tokens
