"""What is asked: a sentence, or several put together by `and`, `or`, `not` and parentheses.

    "red car" and ("turning" or "on the left") and not "stopped"

A question whose sentences stand in double quotes is such an expression; any other text is one sentence. How sure an
expression is follows from its parts as fuzzy logic has it: `and` is the least of them, `or` the most, `not` the
contrary, so that at the threshold of the score kind it is true exactly where logic says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import QueryError
from trackspeak.plugins.contract import ScoreKind, Scores

Values = npt.NDArray[np.float32]

_TOKEN = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<bracket>[()])|(?P<word>[^\s"()]+))')
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Part:
    """A sentence."""

    text: str

    def texts(self) -> tuple[str, ...]:
        """The sentences in it, in order."""
        return (self.text,)

    def combine(self, values: Mapping[str, Values], kind: ScoreKind) -> Values:  # noqa: ARG002 every part's signature
        """Give the (S,) scores of segments, from those for each sentence."""
        return values[self.text]


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    part: Expression

    def texts(self) -> tuple[str, ...]:
        """The sentences in it, in order."""
        return self.part.texts()

    def combine(self, values: Mapping[str, Values], kind: ScoreKind) -> Values:
        """Give the (S,) scores of segments, from those for each sentence."""
        found = self.part.combine(values, kind)
        return (1 - found if kind == "probability" else -found).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Both:
    """All of several parts, or any of them.

    Attributes:
        parts: two or more.
        every: whether all must hold.
    """

    parts: tuple[Expression, ...]
    every: bool

    def texts(self) -> tuple[str, ...]:
        """The sentences in it, in order."""
        return tuple(text for part in self.parts for text in part.texts())

    def combine(self, values: Mapping[str, Values], kind: ScoreKind) -> Values:
        """Give the (S,) scores of segments, from those for each sentence."""
        return reduce(np.minimum if self.every else np.maximum, (part.combine(values, kind) for part in self.parts))


Expression = Part | Not | Both


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        text: as given.
        expression: what it says.
    """

    text: str
    expression: Expression

    @property
    def parts(self) -> tuple[str, ...]:
        """Its sentences, each once."""
        return tuple(dict.fromkeys(self.expression.texts()))

    @property
    def is_sentence(self) -> bool:
        """Whether it is a single sentence."""
        return self.expression == Part(self.text)


def parse_question(text: str) -> Question:
    """Read a question.

    Raises:
        QueryError: if it has double quotes and is no expression; points at the column.
    """
    if '"' not in text:
        return Question(text, Part(text))
    return Question(text, _Parser(text).whole())


def sentences_of(questions: Sequence[Question]) -> tuple[str, ...]:
    """Give the sentences of all questions, each once, in order."""
    return tuple(dict.fromkeys(text for question in questions for text in question.parts))


def combine(questions: Sequence[Question], texts: Sequence[str], scores: Scores) -> Scores:
    """Give the (S, questions) scores of questions from the (S, texts) ones of their sentences."""
    columns = {text: scores.values[:, column] for column, text in enumerate(texts)}
    found = [question.expression.combine(columns, scores.kind) for question in questions]
    return replace(scores, values=np.stack(found, axis=1))  # (questions, S) -> (S, questions)


class _Token(NamedTuple):
    """A piece of an expression and the column at which it begins, from 1; nothing at the end."""

    kind: str
    text: str
    column: int


class _Parser:
    """Reads an expression: `or` binds less than `and`, which binds less than `not`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._read())
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        """Read all of it."""
        found = self._any()
        if self._next.kind != "end":
            raise self._wrong("and, or, or the end")
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _read(self) -> Iterator[_Token]:
        position = 0
        while match := _TOKEN.match(self._text, position):
            kind = match.lastgroup or ""
            text = match[kind]
            column = match.start(kind) + (0 if kind == "quoted" else 1)
            if kind == "quoted" and not text.strip():
                raise QueryError(f"query, column {column}: a sentence must stand between the quotes, got nothing")
            yield _Token("sentence" if kind == "quoted" else text.lower(), text, column)
            position = match.end()
        rest = self._text[position:].lstrip()
        if rest:
            column = len(self._text) - len(rest) + 1
            raise QueryError(f"query, column {column}: a quote is opened and not closed")
        yield _Token("end", "", len(self._text.rstrip()) + 1)

    def _any(self) -> Expression:
        return self._joined("or", self._all, every=False)

    def _all(self) -> Expression:
        return self._joined("and", self._one, every=True)

    def _joined(self, word: str, read: Callable[[], Expression], *, every: bool) -> Expression:
        parts = [read()]
        while self._next.kind == word:
            self._at += 1
            parts.append(read())
        return parts[0] if len(parts) == 1 else Both(tuple(parts), every)

    def _one(self) -> Expression:
        token = self._next
        self._depth += 1
        if self._depth > _DEEPEST:
            raise QueryError(f"query, column {token.column}: at most {_DEEPEST} levels may lie in each other")
        self._at += 1
        match token.kind:
            case "sentence":
                found: Expression = Part(token.text.strip())
            case "not":
                found = Not(self._one())
            case "(":
                found = self._any()
                if self._next.kind != ")":
                    raise self._wrong("and, or, or a closing parenthesis")
                self._at += 1
            case _:
                self._at -= 1
                raise self._wrong('a sentence in double quotes, not, or "("')
        self._depth -= 1
        return found

    def _wrong(self, wanted: str) -> QueryError:
        token = self._next
        came = "the end" if token.kind == "end" else repr(token.text)
        return QueryError(f"query, column {token.column}: {wanted} must stand here, got {came}")
