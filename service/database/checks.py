"""What names, labels and saved searches may be."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

from trackspeak.models.errors import OptionError

VIDEO_ID_CHARS: Final = 64
"""Hexadecimal digits of a SHA-256."""

MAX_NAME_CHARS: Final = 200
MAX_LABEL_CHARS: Final = 64
MAX_LABELS: Final = 64
"""Of one video."""

MAX_BODY_BYTES: Final = 64 * 1024
_UNSHOWN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's categories of control characters, halves of characters, and line and paragraph separators."""


def check_video_id(video_id: str) -> str:
    """Give a video's id back.

    Raises:
        OptionError: if it is not the SHA-256 of a video.
    """
    if re.fullmatch(f"[0-9a-f]{{{VIDEO_ID_CHARS}}}", video_id) is None:
        raise OptionError(f"video must be a SHA-256, {VIDEO_ID_CHARS} hexadecimal digits, got {video_id!r}")
    return video_id


def check_name(name: str) -> str:
    """Give a name, of a video or a search, as it is kept: trimmed, its accents put together.

    Raises:
        OptionError: if it is empty, too long, or holds what cannot be shown in a line.
    """
    clean = _text("name", name, MAX_NAME_CHARS)
    if "/" in clean:
        raise OptionError(f"name must have no slash, which parts the names in an address, got {clean!r}")
    return clean


def check_labels(labels: Iterable[str]) -> dict[str, str]:
    """Give labels as they are kept, by what they are compared by: folded -> label; of two alike the first.

    Raises:
        OptionError: if one is empty, too long, or holds what cannot be shown in a line.
    """
    if isinstance(labels, str):
        raise OptionError(f"labels must be several texts, got one, {labels!r}")
    found: dict[str, str] = {}
    for label in labels:
        text = _text("label", label, MAX_LABEL_CHARS)
        found.setdefault(unicodedata.normalize("NFC", text.casefold()), text)
    return found


def same_text(text: str) -> str:
    """Give a text as names are kept, to be compared with them."""
    return unicodedata.normalize("NFC", text).strip()


def _text(field: str, text: str, longest: int) -> str:
    clean = same_text(text)
    if not 1 <= len(clean) <= longest:
        raise OptionError(f"{field} must have 1 to {longest} characters, got {len(clean)}: {clean[:longest]!r}")
    for character in clean:
        if unicodedata.category(character) in _UNSHOWN:
            raise OptionError(f"{field} must have no control characters, got {clean!r}")
    return clean


def body_as_json(body: Mapping[str, Any]) -> str:
    """Write the body of a saved search.

    Raises:
        OptionError: if it is no mapping that JSON can hold, or larger than 64 KiB.
    """
    if not isinstance(body, Mapping):
        raise OptionError(f"search must be a mapping, got {type(body).__name__}")
    try:
        text = json.dumps(dict(body), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:  # half a character is a ValueError too
        raise OptionError(f"search must be what JSON can hold, got something else: {error}") from None
    if size > MAX_BODY_BYTES:
        raise OptionError(f"search must be at most {MAX_BODY_BYTES} bytes of JSON, got {size}")
    return text
