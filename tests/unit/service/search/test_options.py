"""What a search may be asked: each option says what it wants; a cursor goes with its question alone."""

import base64
import json
import math
from contextlib import suppress
from typing import Any

import pytest

from trackspeak.models.errors import OptionError
from trackspeak.service.search.asked import MOST_HITS, SearchOptions
from trackspeak.service.search.cursor import Cursor, read_cursor, write_cursor


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("top", 0),
        ("top", MOST_HITS + 1),
        ("top", 1.5),
        ("top", "many"),
        ("top", None),
        ("cursor", 5),
        ("videos", 5),
        ("videos", ("",)),
        ("videos", ("a",) * 1_001),
        ("labels", (5,)),
        ("labels", ("",)),
        ("classes", ("",)),
        ("classes", {"car": 1}),
        ("first_time_s", -0.1),
        ("first_time_s", "noon"),
        ("last_time_s", -1),
        ("last_time_s", math.inf),
        ("min_score", "high"),
        ("min_score", math.nan),
        ("threshold", [0.5]),
        ("threshold", -math.inf),
        ("exhaustive", "perhaps"),
        ("exhaustive", None),
    ],
)
def test_an_option_that_is_wrong_is_named(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=rf"(?s)^{name} .*, got "):
        SearchOptions(**{name: value})


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(OptionError, match=r"first_time_s .*; top .*"):
        SearchOptions(top=0, first_time_s=-1)
    with pytest.raises(OptionError, match=r"first_time_s must be at most last_time_s, got 3.0 and 2.0"):
        SearchOptions(first_time_s=3, last_time_s=2)


def test_what_is_right_is_kept() -> None:
    options = SearchOptions(
        top=MOST_HITS, classes=("car", "it's"), first_time_s=2, last_time_s=2, min_score=-1, threshold=0, videos=("a",)
    )
    assert (options.top, options.classes, options.first_time_s, options.min_score) == (200, ("car", "it's"), 2.0, -1.0)
    assert isinstance(options.first_time_s, float)
    assert SearchOptions() == SearchOptions(20, None, (), (), (), None, None, None, None, exhaustive=False)


CURSOR = Cursor(0.1 + 0.2, "ab" * 16, 7, 20)
QUERY = "the red car"


def test_a_cursor_comes_back_to_the_last_bit() -> None:
    text = write_cursor(CURSOR, QUERY, SearchOptions(top=5))
    assert read_cursor(QUERY, SearchOptions(top=9, cursor=text)) == CURSOR  # a page may be larger than the one before
    assert read_cursor(QUERY, SearchOptions()) is None
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(
    "change",
    [
        {"videos": ("a",)},
        {"labels": ("a",)},
        {"classes": ("car",)},
        {"first_time_s": 0.0},
        {"last_time_s": 5.0},
        {"min_score": 0.5},
        {"threshold": 0.5},
        {"exhaustive": True},
    ],
)
def test_a_cursor_of_other_filters_is_refused(change: dict[str, Any]) -> None:
    text = write_cursor(CURSOR, QUERY, SearchOptions())
    with pytest.raises(OptionError, match="cursor must come with the query and the filters"):
        read_cursor(QUERY, SearchOptions(cursor=text, **change))


def test_a_cursor_of_another_question_is_refused() -> None:
    text = write_cursor(CURSOR, QUERY, SearchOptions())
    with pytest.raises(OptionError, match="cursor must come with the query"):
        read_cursor("the blue car", SearchOptions(cursor=text))


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "not a cursor!",
        "ünïcode",
        "A" * 10_000,
        encoded(5),
        encoded([]),
        encoded([1, 2, 3]),
        encoded(["a", "b", 1, 1, "c"]),
        encoded([0.5, 5, 1, 1, "c"]),
        encoded([0.5, "a", None, 1, "c"]),
        encoded([0.5, "a", 1, math.inf, "c"]),
        encoded([[[[]]], "a", 1, 1, "c"]),
        encoded({"rank": 1}),
        base64.urlsafe_b64encode(b"[" * 5_000).decode().rstrip("="),
        base64.urlsafe_b64encode(b"\xff\xfe").decode().rstrip("="),
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="cursor must be the `next` of an earlier answer, got"):
        read_cursor(QUERY, SearchOptions(cursor=text))


def test_a_cursor_that_was_changed_is_refused() -> None:
    text = write_cursor(CURSOR, QUERY, SearchOptions())
    for at in range(0, len(text), 7):
        other = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        with suppress(OptionError):  # else it is another place of the same answer, which does no harm
            assert read_cursor(QUERY, SearchOptions(cursor=other)) != CURSOR
