"""Where a page of a search ended, as an opaque text that goes with its question alone."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from trackspeak.models.errors import OptionError

from .asked import SearchOptions

_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last track of a page.

    Attributes:
        rank: what tracks are ordered by, falling.
        index_id: its index, the second key.
        track_id: its id, the third key.
        seen: tracks so far.
    """

    rank: float
    index_id: str
    track_id: int
    seen: int

    @property
    def key(self) -> tuple[float, str, int]:
        """Sort key."""
        return (-self.rank, self.index_id, self.track_id)

    def comes_after(self, other: Cursor) -> bool:
        """Whether it is another track, and further down; the same track may score the least bit lower than before."""
        return self.key > other.key and (self.index_id, self.track_id) != (other.index_id, other.track_id)


def write_cursor(cursor: Cursor, query: str, options: SearchOptions) -> str:
    """Give a cursor as text."""
    values = [cursor.rank, cursor.index_id, cursor.track_id, cursor.seen, _fingerprint(query, options)]
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(query: str, options: SearchOptions) -> Cursor | None:
    """Give the cursor that options hold; None where they hold none.

    Raises:
        OptionError: if it is none, or of another question.
    """
    if options.cursor is None:
        return None
    try:
        text = options.cursor + "=" * (-len(options.cursor) % 4)
        rank, index_id, track_id, seen, of = json.loads(base64.b64decode(text.encode("ascii"), b"-_", validate=True))
        cursor = Cursor(float(rank), _text(index_id), int(track_id), max(0, int(seen)))
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
        raise OptionError(f"cursor must be the `next` of an earlier answer, got {options.cursor[:40]!r}") from None
    if of != _fingerprint(query, options):
        raise OptionError("cursor must come with the query and the filters that it was given for, got others")
    return cursor


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _fingerprint(query: str, options: SearchOptions) -> str:
    said = {key: value for key, value in asdict(options).items() if key not in ("cursor", "top")}
    return hashlib.sha256(json.dumps([query, said], sort_keys=True).encode()).hexdigest()[:_DIGITS]
