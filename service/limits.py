"""How large a video and how many questions are taken; beyond it, an error names the limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

from trackspeak.models.errors import OptionError, QueryError, VideoLimitError


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused, before and while decoding; the defaults are generous, a public service wants lower ones.

    Attributes:
        max_video_bytes: size of the file, or of all images of a folder; 4 GiB.
        max_pixels_per_frame: width x height; 8K UHD.
        max_frames: decoded frames, also as declared by the header.
        max_duration_s: seconds of video, also as declared by the header; 6 hours.
        max_decode_s: seconds that the decoder itself may work in one pass; 6 hours.
        max_decoder_bytes: memory that decoding may take in a process of its own, where one is used; 4 GiB.
        max_stall_s: seconds that such a process may take for the next frame; 1 minute.
        max_queries: sentences asked at once.
        max_query_chars: characters of one sentence; its tokens are limited by the encoder.
    """

    max_video_bytes: int = 4 * 1024**3
    max_pixels_per_frame: int = 7680 * 4320
    max_frames: int = 1_000_000
    max_duration_s: float = 6 * 3600.0
    max_decode_s: float = 6 * 3600.0
    max_decoder_bytes: int = 4 * 1024**3
    max_stall_s: float = 60.0
    max_queries: int = 256
    max_query_chars: int = 1_000

    def __post_init__(self) -> None:
        """Check that each limit is a number above 0."""
        for field in fields(self):
            value = getattr(self, field.name)
            seconds = field.name.endswith("_s")
            if isinstance(value, bool) or not isinstance(value, (int, float) if seconds else int):
                kind = "a number" if seconds else "a whole number"
                raise OptionError(f"limit {field.name} must be {kind}, got {value!r}")
            if not (value > 0 and math.isfinite(value)):
                raise OptionError(f"limit {field.name} must be above 0 and finite, got {value!r}")

    def check_video(self, name: str, came: float, what: str) -> None:
        """Check one number of a video against the limit `name`.

        Args:
            name: the field that limits it, such as `max_frames`.
            came: the number.
            what: what has that number, for the message.

        Raises:
            VideoLimitError: if the number is above the limit.
        """
        limit = getattr(self, name)
        if came > limit:
            raise VideoLimitError(f"{what}: {round(came, 2):,} is over the limit {name} of {limit:,}")


def check_queries(queries: Sequence[str], limits: Limits) -> tuple[str, ...]:
    """Check the sentences to ask.

    Args:
        queries: at least one sentence.
        limits: says how many, and how long each may be.

    Returns:
        The sentences as given.

    Raises:
        QueryError: if there are none or too many, or one is empty, too long or not text.
    """
    if isinstance(queries, str):
        raise QueryError(f"queries must be a list of sentences, got the single text {queries[:40]!r}")
    if not queries:
        raise QueryError("queries must hold at least one sentence, got none")
    if len(queries) > limits.max_queries:
        raise QueryError(f"queries: {len(queries)} is over the limit max_queries of {limits.max_queries}")
    for number, query in enumerate(queries, 1):
        _check_query(f"query {number}", query, limits.max_query_chars)
    return tuple(queries)


def _check_query(name: str, query: object, max_chars: int) -> None:
    """Check one sentence."""
    if not isinstance(query, str):
        raise QueryError(f"{name} must be a text, got {type(query).__name__}")
    if not query.strip():
        raise QueryError(f"{name} must be a sentence, got {'only white space' if query else 'an empty text'}")
    if len(query) > max_chars:
        raise QueryError(f"{name} ({query[:40]!r}...): {len(query)} characters is over max_query_chars of {max_chars}")
    if any("\ud800" <= character <= "\udfff" for character in query):
        raise QueryError(f"{name} must be valid Unicode, got bytes that are not: {query[:40]!r}")
