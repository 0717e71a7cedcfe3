"""Options: what is taken, what is refused and how, what is said about them."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from annotated_types import Ge, Gt, Interval, MinLen
from pydantic import Field

from trackspeak.models.errors import OptionError, PluginError
from trackspeak.plugins.options import check_options_type, describe_options, options_to_dict, parse_options
from trackspeak.plugins.registry import list_plugins


@dataclass(frozen=True, slots=True)
class Sample:
    """Options of a test.

    Attributes:
        path: where something
            lies: there.
        rate: how often.
        share: a share.
        count (int): how many.
        mode: which of two.
        names: names.
        weights: numbers.
        strict: yes or no.
        limit: at most.

    Not an attribute: this.
    """

    path: Path
    rate: Annotated[float, Gt(0)] = 1.0
    share: Annotated[float, Interval(ge=0, le=1)] = 0.5
    count: Annotated[int, Field(ge=1)] = 2
    mode: Literal["fast", "exact"] = "fast"
    names: Annotated[tuple[str, ...], MinLen(1)] = ("a",)
    weights: tuple[float, ...] = ()
    strict: bool = False
    limit: Annotated[int, Ge(0)] | None = None


def parse(**values: object) -> Sample:
    return parse_options(Sample, {"path": "p", **values}, "detector")


def test_defaults_fill_in_the_rest() -> None:
    assert parse() == Sample(Path("p"))


@pytest.mark.parametrize(
    ("key", "given", "wanted"),
    [
        ("rate", "2.5", 2.5),
        ("rate", 3, 3.0),
        ("count", "7", 7),
        ("mode", "exact", "exact"),
        ("names", "car, traffic light", ("car", "traffic light")),
        ("names", '["a,b", "c"]', ("a,b", "c")),
        ("names", ["x"], ("x",)),
        ("weights", "1,2.5", (1.0, 2.5)),
        ("weights", "", ()),
        ("strict", "true", True),
        ("limit", "3", 3),
        ("limit", None, None),
    ],
)
def test_values_are_turned_into_the_types_wanted(key: str, given: object, wanted: object) -> None:
    assert getattr(parse(**{key: given}), key) == wanted


@pytest.mark.parametrize(
    ("key", "given", "wanted"),
    [
        ("rate", "0", "detector.rate must be greater than 0, got '0'"),
        ("rate", math.nan, "detector.rate must be a finite number, got nan"),
        ("rate", "inf", "detector.rate must be a finite number, got 'inf'"),
        ("weights", "1,nan", "detector.weights must be a finite number (item 1), got '1,nan'"),
        ("share", 1.5, "detector.share must be less than or equal to 1, got 1.5"),
        ("count", 0, "detector.count must be greater than or equal to 1, got 0"),
        ("count", "2.5", "detector.count must be a valid integer"),
        ("mode", "slow", "detector.mode must be 'fast' or 'exact', got 'slow'"),
        ("names", [], "detector.names"),
        ("names", "[1", "detector.names must be a valid tuple"),
        ("names", "[" * 100_000, "detector.names must be a valid tuple"),
        ("names", "[" + "1" * 5_000 + "]", "detector.names must be a valid tuple"),
        ("strict", "perhaps", "detector.strict must be a valid boolean"),
        ("limit", -1, "detector.limit must be greater than or equal to 0, got -1"),
        ("path", 3, "detector.path"),
    ],
)
def test_a_wrong_value_is_refused_by_name(key: str, given: object, wanted: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse(**{key: given})
    assert str(caught.value).startswith(wanted)


def test_an_unknown_key_is_refused_with_what_was_meant() -> None:
    with pytest.raises(OptionError, match=r"detector\.rat is unknown, did you mean rate\? \(there are: count, limit, "):
        parse(rat=1)


def test_a_missing_key_is_asked_for() -> None:
    with pytest.raises(OptionError, match=r"^detector\.path is required: where something lies: there\.$"):
        parse_options(Sample, {}, "detector")


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(OptionError, match=r"count.*; detector\.path is required.*; detector\.rate .*; detector\.x "):
        parse_options(Sample, {"x": 1, "rate": -1, "count": "many"}, "detector")


def test_what_the_dataclass_itself_refuses_is_an_option_error() -> None:
    @dataclass(frozen=True)
    class Picky:
        low: int = 0

        def __post_init__(self) -> None:
            if self.low > 1:
                raise ValueError("low must be at most 1")

    with pytest.raises(OptionError, match="tracker: low must be at most 1"):
        parse_options(Picky, {"low": 2}, "tracker")


def test_options_go_to_json_and_back() -> None:
    options = parse(names="a,b", weights="0.5", limit=4)
    values = json.loads(json.dumps(options_to_dict(options)))
    assert values["path"] == "p"
    assert parse_options(Sample, values, "detector") == options


def test_options_are_described() -> None:
    described = {option.name: option for option in describe_options(Sample)}
    assert list(described) == ["path", "rate", "share", "count", "mode", "names", "weights", "strict", "limit"]
    assert described["path"].doc == "where something lies: there."
    assert (described["path"].required, described["path"].default) == (True, None)
    assert described["limit"].doc == "at most."
    assert described["count"].doc == "how many."
    assert described["names"].default == ["a"]
    assert {name: option.type for name, option in described.items()} == {
        "path": "path",
        "rate": "number > 0",
        "share": "number >= 0 and <= 1",
        "count": "integer >= 1",
        "mode": "fast | exact",
        "names": "list of text length >= 1",
        "weights": "list of number",
        "strict": "true | false",
        "limit": "integer >= 0 | none",
    }


def test_required_options_come_first() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Shared:
        size: int = 1

    @dataclass(frozen=True)
    class Own(Shared):
        path: Path

    assert [option.name for option in describe_options(Own)] == ["path", "size"]


def test_an_undocumented_dataclass_has_no_docs() -> None:
    @dataclass(frozen=True)
    class Bare:
        size: int = 1

    assert [option.doc for option in describe_options(Bare)] == [""]


@dataclass
class Thawed:
    size: int = 1


@dataclass(frozen=True)
class Unreadable:
    array: np.linalg.LinAlgError | None = None


@dataclass(frozen=True)
class Dangling:
    size: Nowhere = 1  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("options_type", "reason"),
    [
        (None, "Options must be a frozen dataclass, got None"),
        (dict, "Options must be a frozen dataclass, got <class 'dict'>"),
        (Sample(Path("p")), "Options must be a frozen dataclass, got Sample"),
        (Thawed, "Options must be a frozen dataclass, got Thawed, which is not frozen"),
        (Unreadable, "option 'array' has a type that cannot be read"),
        (Dangling, "the annotations of Dangling cannot be read: name 'Nowhere' is not defined"),
    ],
)
def test_an_options_type_that_cannot_be_read_is_refused(options_type: Any, reason: str) -> None:
    with pytest.raises(PluginError) as caught:
        check_options_type(options_type)
    assert str(caught.value).startswith(reason)


def test_every_option_of_every_built_in_plugin_is_documented() -> None:
    ours = [info for info in list_plugins() if info.distribution.startswith("trackspeak ")]
    undocumented = [
        f"{info.kind} {info.name}: {option.name}" for info in ours for option in info.options if not option.doc
    ]
    assert sum(len(info.options) for info in ours) > 10
    assert undocumented == []


@dataclass(frozen=True)
class _Shared:
    """Options of several plugins.

    Attributes:
        near: what all say of it.
        far: what all say of this.
    """

    near: int = 1
    far: int = 2


@dataclass(frozen=True)
class _Own(_Shared):
    """Options of one of them.

    Attributes:
        far: what this one says of it.
        own: its own.
    """

    own: int = 3


def test_inherited_options_are_told_by_whoever_is_nearest() -> None:
    told = {option.name: option.doc for option in describe_options(_Own)}
    assert told == {"near": "what all say of it.", "far": "what this one says of it.", "own": "its own."}
