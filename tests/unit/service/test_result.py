"""The result as JSON, and its schema."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import numpy as np
import pytest

from trackspeak.plugins.contract import ReferredTrack, ReferredTracks
from trackspeak.service.result import Result
from trackspeak.service.schema import result_schema


def test_the_result_is_what_the_documentation_shows(make_result: Callable[..., Result]) -> None:
    assert make_result().to_dict() == {
        "video": {"frames": 10, "fps": 25.0, "width": 64, "height": 48, "duration_s": 0.4, "sha256": "ab" * 32},
        "profile": "embedded",
        "plugins": {
            "detector": None,
            "tracker": {"name": "from_file", "options": {"path": "tracks.txt", "ages": [1, 2]}},
        },
        "weights": {"embedded/kum": "cd" * 32},
        "score_kind": "probability",
        "first_frame": 1,
        "timings_s": {"decode": 0.123457},
        "warnings": ["a word was never trained: zebra"],
        "queries": [
            {
                "query": "the red car",
                "tracks": [
                    {
                        "track_id": 3,
                        "class": "object",
                        "score": 0.75,
                        "spans": [
                            {"first_frame": 2, "last_frame": 5, "first_time_s": 0.08, "last_time_s": 0.2, "score": 0.75}
                        ],
                        "boxes": [
                            {"frame": n, "time_s": n / 25, "xyxy": [10.0 + n, 8.5, 30.0 + n, 28.25], "score": 0.75}
                            for n in (2, 3, 4, 5)
                        ],
                    }
                ],
            },
            {"query": "a bus", "tracks": []},
        ],
    }


def test_the_schema_is_valid_and_the_result_keeps_to_it(make_result: Callable[..., Result]) -> None:
    jsonschema.Draft202012Validator.check_schema(result_schema())
    for result in (make_result(), make_result(queries=(), warnings=(), weights={}, plugins={}, timings_s={})):
        jsonschema.validate(json.loads(result.to_json()), result_schema())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: value.pop("score_kind"),
        lambda value: value.update(extra=1),
        lambda value: value["video"].update(width="64"),
        lambda value: value["weights"].update(kum="no hash"),
        lambda value: value["queries"][0]["tracks"][0]["boxes"][0]["xyxy"].pop(),
        lambda value: value["queries"][0]["tracks"][0].update(spans=[]),
        lambda value: value["plugins"]["tracker"].pop("name"),
    ],
)
def test_the_schema_refuses_what_is_no_result(
    make_result: Callable[..., Result], spoil: Callable[[dict[str, Any]], object]
) -> None:
    value = make_result().to_dict()
    spoil(value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, result_schema())


def test_numbers_are_rounded(make_result: Callable[..., Result], make_track: Callable[..., ReferredTrack]) -> None:
    track = make_track(1, 0, 0, score=2 / 3)
    track.boxes_xyxy[0] = [-0.001, 1 / 3, 10.004, 20]
    track.times_s[0] = np.pi
    found = make_result(queries=(ReferredTracks("a", (track,)),)).to_dict()["queries"][0]["tracks"][0]
    assert found["score"] == 0.666667
    assert found["boxes"] == [{"frame": 0, "time_s": 3.141593, "xyxy": [0.0, 0.33, 10.0, 20.0], "score": 0.666667}]
    assert str(found["boxes"][0]["xyxy"][0]) == "0.0"  # no negative zero


def test_the_text_is_one_line_the_same_each_time(make_result: Callable[..., Result]) -> None:
    text = make_result(profile="Größe 大").to_json()
    assert text == make_result(profile="Größe 大").to_json()
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    assert "Größe 大" in text


def test_not_a_number_is_never_written(make_result: Callable[..., Result]) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        make_result(timings_s={"decode": float("nan")}).to_json()
