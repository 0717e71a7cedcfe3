"""The name of the folder that a query's files are in."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

_MAX_BYTES = 100
_HASH_DIGITS = 12
_WINDOWS_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³")]
)


def query_folders(queries: Sequence[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Name a folder for each query, the same whatever the order of the queries.

    Spaces become hyphens ("the red car" -> `the-red-car`, as in RMOT data sets); anything but letters, digits and
    `._-`, a leading or trailing dot, and what Windows reserves is made harmless with `_`; a name is at most 100
    bytes of UTF-8. Where a name had to be cut, or queries would share one (letter case aside), the query's hash
    is put behind it.

    Args:
        queries: the sentences; the same one twice has one folder.
        taken: names in the same place that no folder may have.

    Returns:
        Query -> folder name.
    """
    plain = {query: _harmless(query) for query in queries}
    uses = Counter(name.casefold() for name in plain.values())
    uses.update(name.casefold() for name in taken)
    hashed = {query for query, name in plain.items() if uses[name.casefold()] > 1 or len(name.encode()) > _MAX_BYTES}
    names = {query: _with_hash(name, query) if query in hashed else name for query, name in plain.items()}
    # A sentence can be made to look like another one's hashed name; then it gets its own hash
    used = Counter(name.casefold() for name in names.values())
    return {
        query: _with_hash(name, query) if used[name.casefold()] > 1 and query not in hashed else name
        for query, name in names.items()
    }


def _harmless(query: str) -> str:
    """Replace what is not safe in a file name everywhere."""
    text = unicodedata.normalize("NFC", query)
    characters = ["-" if c == " " else c if c.isalnum() or c in "._-" else "_" for c in text]
    name = "".join(characters)
    without_dots = name.lstrip(".")
    name = "_" * (len(name) - len(without_dots)) + without_dots
    without_dots = name.rstrip(".")
    name = without_dots + "_" * (len(name) - len(without_dots))
    return f"_{name}" if name.split(".")[0].casefold() in _WINDOWS_DEVICES else name


def _with_hash(name: str, query: str) -> str:
    """Put the query's hash behind the name, cut to fit."""
    suffix = "-" + hashlib.sha256(query.encode()).hexdigest()[:_HASH_DIGITS]
    room = _MAX_BYTES - len(suffix)
    return name.encode()[:room].decode(errors="ignore") + suffix
