"""Results go into messages and come out as they were."""

from typing import Any

import pytest

from trackspeak.models.errors import OptionError
from trackspeak.service.grpc.generated import trackspeak_pb2 as pb
from trackspeak.service.grpc.messages import result_message, result_to_dict, struct_to_dict

SPAN = {"first_frame": 0, "last_frame": 9, "first_time_s": 0.0, "last_time_s": 0.375, "score": 0.123457}
BOX = {"frame": 3, "time_s": 0.125, "xyxy": [0.1, 2.0, 3.33, 4.0], "score": -1.5}
TRACK = {"track_id": 2**40, "class": "car", "score": 0.1, "spans": [SPAN], "boxes": [BOX, BOX]}
MISSED = {"track_id": 1, "class": "", "score": 0.0, "best": SPAN, "why": "its score is too low"}


def result(*queries: dict[str, Any]) -> dict[str, Any]:
    return {
        "video": {"frames": 36, "fps": 29.97003, "width": 240, "height": 136, "duration_s": 3.0, "sha256": "ab" * 32},
        "profile": "embedded",
        "plugins": {"detector": None, "tracker": {"name": "sort", "options": {"a": 3, "b": [0.5, None, "c"], "d": {}}}},
        "weights": {"matcher/best.pth": "cd" * 32},
        "score_kind": "cosine",
        "first_frame": 1,
        "timings_s": {"decode": 0.000001},
        "warnings": ["\u26a0 unknown word"],
        "queries": list(queries),
    }


@pytest.mark.parametrize(
    "query",
    [
        {"query": "a car", "tracks": []},
        {"query": "a car", "tracks": [TRACK], "near_misses": []},
        {
            "query": "a car",
            "tracks": [TRACK, TRACK],
            "near_misses": [MISSED, {**MISSED, "parts": {"a": 0.25}}],
        },
        {"query": '"a" and "b"', "tracks": [{**TRACK, "parts": {"a": 1e-06, "b": -1.0}}]},
    ],
)
def test_a_result_goes_there_and_back(query: dict[str, Any]) -> None:
    values = result(query, query)
    sent = result_message(values).SerializeToString()
    again = result_to_dict(pb.Result.FromString(sent))
    assert again == values
    assert type(again["plugins"]["tracker"]["options"]["a"]) is int


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_has_not_are_refused(number: float) -> None:
    order = pb.TrackOrder(options={"threshold": number})
    with pytest.raises(OptionError, match="options must be a JSON object"):
        struct_to_dict(order.options)
