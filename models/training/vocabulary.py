"""Every word that the training expressions are made of; a word outside was never trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from . import lexicon


def vocabulary() -> tuple[str, ...]:
    """All words that the grammar can say.

    Returns:
        Lower-case words, sorted, each once; a hyphenated word counts as its parts.
    """
    tables = (table for name, table in vars(lexicon).items() if name.isupper())
    return tuple(sorted({word for table in tables for word in _words(table)}))


def _words(table: object) -> Iterator[str]:
    """The words of a lexicon table: of its strings, at any depth; a mapping's keys are concepts, not words."""
    if isinstance(table, str):
        yield from table.replace("-", " ").split()
    elif isinstance(table, lexicon.Verb):
        yield from (table.participle, table.singular, table.plural)
    elif isinstance(table, Mapping):
        for entry in table.values():
            yield from _words(entry)
    elif isinstance(table, tuple):
        for entry in table:
            yield from _words(entry)
