"""Answers while a video is watched: to what was asked from the beginning, and to what comes meanwhile."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from trackspeak.models.errors import QueryError, TrackspeakError
from trackspeak.service import RunOptions
from trackspeak.service.asking import asker_of
from trackspeak.service.assemble import assemble
from trackspeak.service.glimpses import Glimpses
from trackspeak.service.indexing import make_index
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video
from trackspeak.service.pipeline.watch import Rarely
from trackspeak.service.questions import parse_question
from trackspeak.service.result import Result

LONG = "car " * 90


class Asking:
    """Asks these, a list each time."""

    def __init__(self, *asked: Sequence[str]) -> None:
        self._asked = list(asked)
        self.refused: list[tuple[str, str]] = []

    def asked(self) -> Sequence[str]:
        return self._asked.pop(0) if self._asked else ()

    def refuse(self, text: str, error: TrackspeakError) -> None:
        self.refused.append((text, error.code))


def watched(clip: Path, model: Path, asking: Asking, *begin: str) -> list[Result]:
    """Watch a clip; gives what was told meanwhile."""
    options, told = RunOptions(set={"matcher.model": str(model)}, threshold=-100.0), list[Result]()
    parts = assemble(options)
    glimpses = Glimpses(asker_of(parts), options, told.append, asking)
    if begin:
        glimpses.begin([parse_question(text) for text in begin])
    make_index(open_video(clip, Limits()), "street.mp4", parts, options, glimpse=glimpses)
    return told


def queries(result: Result) -> list[str]:
    return [query.query for query in result.queries]


def test_nothing_is_answered_where_nothing_is_asked(
    tiny_clip: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rarely, "due", lambda _self: True)
    assert watched(tiny_clip, tiny_model, Asking()) == []


def test_what_comes_meanwhile_is_answered_at_once(tiny_clip: Path, tiny_model: Path) -> None:
    asking = Asking((), ["a car"], ["a bus", "a van"])
    assert [queries(result) for result in watched(tiny_clip, tiny_model, asking, "a tram")] == [
        ["a tram", "a car"],
        ["a tram", "a car", "a bus", "a van"],
    ]
    assert asking.refused == []


def test_what_cannot_be_answered_ends_nothing_else(tiny_clip: Path, tiny_model: Path) -> None:
    asking = Asking([LONG, "a car", '"a car" and ('])
    assert [queries(result) for result in watched(tiny_clip, tiny_model, asking)] == [["a car"]]
    assert asking.refused == [(LONG, "bad_query"), ('"a car" and (', "bad_query")]


def test_what_is_wrong_from_the_beginning_is_said_before_anything_is_watched(tiny_clip: Path, tiny_model: Path) -> None:
    with pytest.raises(QueryError):
        watched(tiny_clip, tiny_model, Asking(), LONG)
