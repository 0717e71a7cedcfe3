"""The registry: what it lists, what it makes, and how a broken plugin stops nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trackspeak.models.errors import OptionError, PluginError, UnknownNameError, WeightsError
from trackspeak.plugins.contract import Requirements
from trackspeak.plugins.registry import PluginInfo, create, list_plugins

GOOD = '''
from dataclasses import dataclass
from trackspeak.models.errors import WeightsError
from trackspeak.plugins.contract import Requirements

@dataclass(frozen=True)
class Options:
    """Options.

    Attributes:
        size: how large.
    """
    size: int = 1

class Good:
    """A tracker of a test.

    More of it.
    """
    Options = Options
    requirements = Requirements(static_camera=True)
    weights = {}
    def __init__(self, options): self.options = options
    def reset(self, stream): ...
    def update(self, frame, detections, embeddings=None): ...
    def warnings(self): ...

class NotDataclass(Good): Options = dict
class NoRequirements(Good): requirements = None
class TwoArguments(Good):
    def __init__(self, options, more): ...
class NoUpdate:
    Options, requirements, weights = Options, Requirements(), {}
    def __init__(self, options): ...
    def reset(self, stream): ...
    def warnings(self): ...
class FailsToStart(Good):
    def __init__(self, options): raise RuntimeError("no luck")
class NoWeights(Good):
    def __init__(self, options): raise WeightsError("weights are missing")
class NoLookahead(Good):
    weights = {}
    def prepare(self, frames): ...
    def detect(self, frames): ...
    def warnings(self): ...
class Lookahead(NoLookahead):
    def __init__(self, options): self.lookahead_s = 0.0
class NotCallable:
    Options, requirements, weights = Options, Requirements(), {}
    def __init__(self, options): ...
def function(options): ...
'''

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a distribution of modules and entry points, as a package manager lays it out."""

    def install(distribution: str, entries: dict[str, dict[str, str]], **modules: str) -> None:
        root = tmp_path / distribution
        info = root / f"{distribution}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        lines = [
            line
            for kind, targets in entries.items()
            for line in (f"[trackspeak.{kind}s]", *(f"{name} = {target}" for name, target in targets.items()))
        ]
        (info / "entry_points.txt").write_text("\n".join(lines))
        for name, code in modules.items():
            (root / f"{name}.py").write_text(code)
        monkeypatch.syspath_prepend(str(root))

    return install


def find(kind: str, name: str) -> PluginInfo:
    (found,) = (info for info in list_plugins() if (info.kind, info.name) == (kind, name))
    return found


def test_a_plugin_of_somebody_else_is_listed_and_made(install: Install) -> None:
    install("other", {"tracker": {"good": "other_good:Good"}}, other_good=GOOD)
    info = find("tracker", "good")
    assert info.error is None
    assert (info.summary, info.distribution) == ("A tracker of a test.", "other 1.0")
    assert info.requirements == Requirements(static_camera=True)
    assert [(option.name, option.type, option.default, option.doc) for option in info.options] == [
        ("size", "integer", 1, "how large.")
    ]
    plugin, options = create("tracker", "good", {"size": "3"})
    assert plugin.options is options
    assert options.size == 3


BROKEN = {
    "absent": ("tracker", "nowhere_at_all:Plugin", "cannot be imported: ModuleNotFoundError: No module named"),
    "no_attribute": ("tracker", "other_good:Nothing", "cannot be imported: AttributeError"),
    "raises": ("tracker", "other_raises:Plugin", "cannot be imported: ZeroDivisionError: division by zero"),
    "exits": ("tracker", "other_exits:Plugin", "cannot be imported: SystemExit: 3"),
    "malformed": ("tracker", "other_good:", "cannot be imported"),
    "function": ("tracker", "other_good:function", "must be a class, got function"),
    "not_dataclass": ("tracker", "other_good:NotDataclass", "Options must be a frozen dataclass"),
    "no_requirements": ("tracker", "other_good:NoRequirements", "requirements must be a Requirements, got None"),
    "no_update": ("tracker", "other_good:NoUpdate", "a tracker must have the methods update"),
    "two_arguments": ("tracker", "other_good:TwoArguments", "the constructor must take the options as its only"),
    "wrong_kind": ("matcher", "other_good:Good", "a matcher must have the methods observe, describe, score"),
    "not_callable": ("calibrator", "other_good:NotCallable", "a calibrator must have the methods __call__"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_listed_with_its_reason_and_stops_nothing_else(install: Install, name: str) -> None:
    kind, target, reason = BROKEN[name]
    install(
        "other",
        {kind: {name: target}},
        other_good=GOOD,
        other_raises="1 / 0",
        other_exits="raise SystemExit(3)",
    )
    info = find(kind, name)
    assert info.error is not None
    assert reason in info.error
    assert (info.options, info.requirements, info.distribution) == ((), None, "other 1.0")
    assert find("calibrator", "platt").error is None
    with pytest.raises(PluginError) as caught:
        create(kind, name, {})
    assert str(caught.value).startswith(f"{kind} {name!r} of other 1.0 cannot be used: ")
    assert reason in str(caught.value)


def test_nobody_takes_the_name_of_a_built_in_plugin(install: Install) -> None:
    install("other", {"calibrator": {"platt": "other_good:Good"}}, other_good=GOOD)
    theirs, ours = (info for info in list_plugins() if info.name == "platt")
    assert ours.error is None
    assert theirs.error is not None
    assert theirs.error.startswith("the name 'platt' is also that of a plugin of trackspeak ")
    plugin, _ = create("calibrator", "platt", {})
    assert type(plugin).__module__ == "trackspeak.plugins.calibrators.platt"


def test_a_name_that_two_others_share_is_nobodys(install: Install) -> None:
    install("one", {"tracker": {"twin": "one_good:Good"}}, one_good=GOOD)
    install("two", {"tracker": {"twin": "two_good:Good"}}, two_good=GOOD)
    assert [info.error for info in list_plugins() if info.name == "twin"] == [
        "the name 'twin' is also that of a plugin of two 1.0",
        "the name 'twin' is also that of a plugin of one 1.0",
    ]
    with pytest.raises(PluginError, match="is also that of a plugin of two"):
        create("tracker", "twin", {})


def test_unknown_names_are_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown tracker 'norfair'; there are: botsort, .*-deepocsort$"):
        create("tracker", "norfair", {})
    with pytest.raises(UnknownNameError, match=r"unknown kind of plugin 'trakcer'; there are: calibrator, detector, "):
        create("trakcer", "sort", {})


def test_options_are_checked_before_the_plugin_is_made(install: Install) -> None:
    install("other", {"tracker": {"fails": "other_good:FailsToStart"}}, other_good=GOOD)
    with pytest.raises(OptionError, match=r"tracker\.sise is unknown, did you mean size\?"):
        create("tracker", "fails", {"sise": 3})


def test_a_plugin_that_fails_to_start_is_named(install: Install) -> None:
    install(
        "other", {"tracker": {"fails": "other_good:FailsToStart", "hungry": "other_good:NoWeights"}}, other_good=GOOD
    )
    with pytest.raises(PluginError, match=r"tracker 'fails' of other 1\.0 failed to start: RuntimeError: no luck"):
        create("tracker", "fails", {})
    with pytest.raises(WeightsError, match=r"^weights are missing$"):
        create("tracker", "hungry", {})


def test_a_property_may_be_set_by_the_constructor_but_not_be_missing(install: Install) -> None:
    install("other", {"detector": {"has": "other_good:Lookahead", "lacks": "other_good:NoLookahead"}}, other_good=GOOD)
    plugin, _ = create("detector", "has", {})
    assert plugin.lookahead_s == 0
    with pytest.raises(PluginError, match=r"detector 'lacks' of other 1\.0 cannot be used: it lacks lookahead_s"):
        create("detector", "lacks", {})


@pytest.mark.parametrize(
    ("packages", "error"),
    [
        (("numpy", "numpy>=1", "_thread"), None),
        (("numpy<1",), "needs numpy<1, which is not installed"),
        (
            ("nobody_has_this>=2", "_nor_this", ".bad"),
            "needs nobody_has_this>=2, _nor_this, .bad, which is not installed",
        ),
        ((7,), "it cannot be described: TypeError"),
    ],
)
def test_what_a_plugin_needs_is_a_module_or_a_distribution_and_never_stops_the_list(
    install: Install, packages: tuple[object, ...], error: str | None
) -> None:
    code = f"{GOOD}\nclass Needy(Good): requirements = Requirements(packages={packages!r})\n"
    module = f"needy_{len(packages)}_{len(str(packages))}"  # Python imports each name once
    install("needy", {"tracker": {"needy": f"{module}:Needy", "good": f"{module}:Good"}}, **{module: code})
    assert (find("tracker", "needy").error or "").startswith(error or "")
    assert (find("tracker", "needy").error is None) == (error is None)
    assert find("tracker", "good").error is None


def test_every_built_in_plugin_is_healthy() -> None:
    ours = [info for info in list_plugins() if info.distribution.startswith("trackspeak ")]
    # an extra may be absent, a plugin may not be broken
    reasons = {(info.kind, info.name): info.error for info in ours if info.error is not None}
    assert {key: reason for key, reason in reasons.items() if not reason.startswith("needs ")} == {}
    assert [(info.kind, info.name) for info in ours] == [
        ("detector", "from_file"),
        ("detector", "hog"),
        ("detector", "motion"),
        ("detector", "onnx"),
        ("detector", "torchvision"),
        ("detector", "yolo"),
        ("detector", "yolo-world"),
        ("detector", "yolox"),
        ("embedder", "onnx"),
        ("tracker", "botsort"),
        ("tracker", "boxmot-deepocsort"),
        ("tracker", "boxmot-strongsort"),
        ("tracker", "bytetrack"),
        ("tracker", "cbiou"),
        ("tracker", "from_file"),
        ("tracker", "ocsort"),
        ("tracker", "sort"),
        ("tracker", "strongsort"),
        ("tracker", "ultralytics-botsort"),
        ("tracker", "ultralytics-bytetrack"),
        ("tracker", "ultralytics-deepocsort"),
        ("postprocessor", "aflink"),
        ("postprocessor", "gsi"),
        ("matcher", "clip"),
        ("matcher", "kum"),
        ("calibrator", "frequency"),
        ("calibrator", "platt"),
    ]
    assert [info.name for info in ours if not info.summary.endswith(".")] == []
