"""Limits and the check of queries."""

import math

import pytest

from trackspeak.models.errors import OptionError, QueryError, VideoLimitError
from trackspeak.service.limits import Limits, check_queries


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_video_bytes", 0),
        ("max_pixels_per_frame", -1),
        ("max_frames", 1.5),
        ("max_frames", True),
        ("max_duration_s", math.nan),
        ("max_duration_s", math.inf),
        ("max_decode_s", "60"),
        ("max_queries", None),
        ("max_query_chars", 0),
    ],
)
def test_a_limit_that_is_no_positive_number_is_refused(name: str, value: object) -> None:
    with pytest.raises(OptionError, match=name):
        Limits(**{name: value})  # type: ignore[arg-type]


def test_a_video_at_the_limit_passes_and_above_it_not() -> None:
    limits = Limits(max_frames=1_000)
    limits.check_video("max_frames", 1_000, "frames")
    with pytest.raises(VideoLimitError, match=r"frames of a\.mp4: 1,001 is over the limit max_frames of 1,000"):
        limits.check_video("max_frames", 1_001, "frames of a.mp4")


def test_good_queries_are_given_back_as_they_came() -> None:
    queries = [" the red car", "vehicles moving to the left", "ein rotes Auto é"]
    assert check_queries(queries, Limits()) == tuple(queries)


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        ([], "got none"),
        ("the red car", "must be a list"),
        (["a car", ""], "query 2 must be a sentence, got an empty text"),
        ([" \t\n\u2003"], "query 1 must be a sentence, got only white space"),
        (["a car"] * 300, "300 is over the limit max_queries of 256"),
        ([" ".join(["car"] * 5_000)], "19999 characters is over max_query_chars of 1000"),
        (["caf\udce9"], "valid Unicode"),
        ([7], "must be a text, got int"),
    ],
)
def test_bad_queries_are_refused_with_the_reason(queries: list[str], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        check_queries(queries, Limits())
