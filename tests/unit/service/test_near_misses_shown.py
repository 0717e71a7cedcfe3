"""Filters and near misses as callers give them and get them back: options, JSON, tables and commands."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

import jsonschema
import pytest
from rich.console import Console

from trackspeak.models.errors import OptionError
from trackspeak.plugins.contract import BestSegment, NearMiss, ReferredTracks
from trackspeak.service import RunOptions, track
from trackspeak.service.assemble import assemble
from trackspeak.service.compare import compare
from trackspeak.service.options import parse_run_options
from trackspeak.service.pipeline.answer import score_kind
from trackspeak.service.result import Result
from trackspeak.service.schema import result_schema
from trackspeak.service.tables import near_miss_table

Command = Callable[..., Any]
MISSED = NearMiss(5, "car", 0.4321987, BestSegment(8, 15, 0.32, 0.6, 0.4321987), "its [best] segment scores 0.43")
OF_PARTS = replace(MISSED, track_id=6, part_scores=(("red", 0.9), ("turning", 0.25)))


@pytest.fixture
def options(tiny_model: Path) -> RunOptions:
    return RunOptions(set={"matcher.model": str(tiny_model)}, calibrator="platt")


def answers(result: Result, *near_misses: Any) -> Result:
    queries = (replace(one, near_misses=missed) for one, missed in zip(result.queries, near_misses, strict=True))
    return replace(result, queries=tuple(queries))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"min_probability": 1.5}, "options.min_probability must be less than or equal to 1, got 1.5"),
        ({"min_probability": "-0.1"}, "options.min_probability must be greater than or equal to 0"),
        ({"min_probability": "nan"}, "options.min_probability"),
        ({"top": 0}, "options.top must be greater than or equal to 1, got 0"),
        ({"near_misses": 101}, "options.near_misses must be less than or equal to 100, got 101"),
        ({"near_misses": -1}, "options.near_misses must be greater than or equal to 0, got -1"),
    ],
)
def test_options_out_of_range_are_refused_by_name(values: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_run_options(values)
    assert message in str(caught.value)


def test_they_reach_the_selection() -> None:
    selection = parse_run_options({"min_probability": "0.5", "top": "3", "near_misses": 7}).selection("ikun")
    assert (selection.min_probability, selection.top, selection.near_misses) == (0.5, 3, 7)


def test_the_json_has_near_misses_where_they_were_asked_for(make_result: Callable[..., Result]) -> None:
    plain = make_result()
    result = answers(plain, (MISSED, OF_PARTS), ())
    value = result.to_dict()
    jsonschema.validate(value, result_schema())
    best = {"first_frame": 8, "last_frame": 15, "first_time_s": 0.32, "last_time_s": 0.6, "score": 0.432199}
    one = {"track_id": 5, "class": "car", "score": 0.432199, "best": best, "why": MISSED.why}
    parts = {"red": 0.9, "turning": 0.25}
    assert value["queries"][0]["near_misses"] == [one, {**one, "track_id": 6, "parts": parts}]
    assert value["queries"][1] == {"query": "a bus", "tracks": [], "near_misses": []}
    assert all("near_misses" not in query for query in plain.to_dict()["queries"])


@pytest.mark.parametrize("spoil", [{"why": None}, {"extra": 1}, {"best": {}}, {"parts": {"red": "high"}}])
def test_the_schema_refuses_what_is_no_near_miss(make_result: Callable[..., Result], spoil: dict[str, Any]) -> None:
    value = answers(make_result(), (MISSED,), ()).to_dict()
    value["queries"][0]["near_misses"][0].update(spoil)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, result_schema())


def test_the_table_says_when_and_why() -> None:
    console = Console(width=100, file=StringIO())
    with console.capture() as shown:
        console.print(near_miss_table((MISSED, OF_PARTS)))
        console.print(near_miss_table(()))
    lines = [line.strip() for line in shown.get().splitlines()]
    assert lines[0] == "near misses:"
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    row = ["5", "car", "0.432", "8-15", "0.32-0.60", "its [best] segment scores 0.43"]
    assert cells == [row, ["6", *row[1:]]]
    assert lines[-1] == "near misses: none"


def test_a_run_shows_and_gives_them(run: Command, tiny_clip: Path) -> None:
    arguments = (tiny_clip, "-q", "the red car", "-q", '"a car" and not "turning"', "--calibrator", "platt")
    shown = run(*arguments, "--threshold", "0.999", "--near-misses", "1")
    assert shown.code == 0, shown.err
    assert shown.out.count("nothing matches") == shown.out.count("near misses:") == 2
    assert "the threshold" in " ".join(shown.out.split())
    done = run(*arguments, "--threshold", "0.999", "--near-misses", "1", "--json")
    value = json.loads(done.out)
    jsonschema.validate(value, result_schema())
    sentence, expression = (query["near_misses"] for query in value["queries"])
    assert [len(sentence), len(expression)] == [1, 1]
    assert sentence[0]["why"].endswith("the threshold is 0.999")
    assert list(expression[0]["parts"]) == ["a car", "turning"]


def test_tracks_are_filtered_by_probability_and_counted(run: Command, tiny_clip: Path) -> None:
    arguments = (tiny_clip, "-q", "the red car", "--calibrator", "platt", "--threshold", "0", "--json")
    every = json.loads(run(*arguments).out)["queries"][0]["tracks"]
    assert len(every) > 1
    assert json.loads(run(*arguments, "--top", "1").out)["queries"][0]["tracks"] == every[:1]
    between = (every[0]["score"] + every[-1]["score"]) / 2
    likely = json.loads(run(*arguments, "--min-probability", between, "--near-misses", "9").out)["queries"][0]
    assert likely["tracks"] == [one for one in every if one["score"] >= between]
    unlikely = [one for one in every if one["score"] < between]
    assert [(one["track_id"], one["score"]) for one in likely["near_misses"]] == [
        (one["track_id"], one["score"]) for one in unlikely
    ]
    assert all("is below min_probability" in one["why"] for one in likely["near_misses"])


def test_probabilities_that_are_none_are_refused_before_the_video_is_watched(
    tiny_clip: Path, options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("the video is watched")

    monkeypatch.setattr("trackspeak.service.run.make_index", refuse)
    raw = replace(options, calibrator="none", min_probability=0.5)
    with pytest.raises(OptionError, match=r"min_probability must come with .*, got scores of kind cosine"):
        track(tiny_clip, ["the red car"], raw)
    with pytest.raises(AssertionError, match="is watched"):
        track(tiny_clip, ["the red car"], replace(options, min_probability=0.5))


def test_the_kind_of_scores_is_known_before(options: RunOptions) -> None:
    made = assemble(options)
    phrases = made.steps.matcher.describe(["a car"])
    assert score_kind(made.steps.matcher, made.calibrators, phrases) == "probability"
    assert score_kind(made.steps.matcher, (), phrases) == "cosine"


def test_an_index_is_asked_with_the_same_options(
    command: Command, tiny_clip: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path / "data"))
    weights = ("--set", f"matcher.model={tiny_model}")
    assert command("index", tiny_clip, *weights).code == 0
    asked = ("-q", "the red car", "--calibrator", "platt", "--min-probability", "0.99", "--near-misses", "2", "--json")
    from_index = json.loads(command("ask", tiny_clip.name, *asked).out)
    from_video = json.loads(command("run", tiny_clip, *weights, *asked).out)
    assert from_index["queries"] == from_video["queries"]
    assert from_index["queries"][0]["near_misses"]
    raw = command("ask", tiny_clip.name, "-q", "cars", "--min-probability", "0.5")
    assert raw.code == 2
    assert "choose a calibrator that makes probabilities" in raw.err
    wrong = command("ask", tiny_clip.name, "-q", "cars", "--top", "0")
    assert (wrong.code, "options.top must be" in wrong.err) == (2, True)


def test_trackers_are_compared_by_what_is_left(tiny_clip: Path, options: RunOptions) -> None:
    runs = compare(tiny_clip, ["sort"], ["cars"], replace(options, threshold=0.0, top=1))
    assert [len(one.result.queries[0].tracks) for one in runs] == [1]


def test_nothing_was_asked_for_by_default() -> None:
    assert ReferredTracks("a car", ()).near_misses is None
