"""Every registered plugin goes through the conformance kit; conftest.py says how those are made that want options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, ClassVar

import pytest

from trackspeak.plugins.conformance import (
    CalibratorConformance,
    DetectorConformance,
    EmbedderConformance,
    MatcherConformance,
    PluginConformance,
    PostprocessorConformance,
    TrackerConformance,
    scenes,
)
from trackspeak.plugins.registry import KINDS, PluginInfo, create, list_plugins

OWN = {(info.kind, info.name): info for info in list_plugins() if info.distribution.startswith("trackspeak ")}

SLOW = ("torchvision", "yolo", "yolo-world")
"""Large networks, which look at each frame by itself: two are enough."""

SEES_NO_DRAWINGS = ("hog",)
"""It knows people on photographs."""

OptionsOf = Callable[[str, str], Mapping[str, object]]


def names(kind: str) -> list[str]:
    return [name for own_kind, name in OWN if own_kind == kind]


def prepare(info: PluginInfo, options_of: OptionsOf) -> Mapping[str, object]:
    """Give a plugin's options; skips where what it needs is not installed, fails where nobody says how to make it."""
    if info.requirements is not None and info.error is not None:
        pytest.skip(f"{info.kind} {info.name} {info.error}")
    assert info.error is None, f"{info.kind} {info.name} is broken: {info.error}"
    options = options_of(info.kind, info.name)
    missing = [option.name for option in info.options if option.required and option.name not in options]
    if missing:
        wanted = ", ".join(missing)
        pytest.fail(f"{info.kind} {info.name} requires {wanted}: say how to make it, by a maker in conftest.py")
    return options


class Registered(PluginConformance):
    """A plugin as the registry makes it; the name comes from the parameter of `chosen`."""

    name: str
    others: ClassVar[dict[tuple[str, str], Any]] = {}
    """The other instance of each plugin that is used before each check: one for all checks, since some load long."""

    def choose(self, name: str, options_of: OptionsOf) -> None:
        self.name = name
        self.options = prepare(OWN[self.kind, name], options_of)
        (entry,) = entry_points(group=f"trackspeak.{self.kind}s", name=name)
        self.plugin = entry.load()

    def make(self) -> Any:
        return create(self.kind, self.name, self.options)[0]

    def fresh(self) -> Any:
        if (self.kind, self.name) not in self.others:
            self.others[self.kind, self.name] = self.make()
        self.use(self.others[self.kind, self.name])
        return self.make()


class TestDetectors(Registered, DetectorConformance):
    def scene(self, seed: int) -> scenes.Scene:
        return scenes.steady(seed, 2 if self.name in SLOW else scenes.FRAMES)

    def use(self, plugin: Any) -> None:
        self.detect(plugin, self.scene(99).first(1 if self.name in SLOW else 6))

    @pytest.fixture(autouse=True, params=names("detector"))
    def chosen(self, request: pytest.FixtureRequest, options_of: OptionsOf) -> None:
        self.choose(request.param, options_of)
        self.finds_something = self.name not in SEES_NO_DRAWINGS


class TestEmbedders(Registered, EmbedderConformance):
    @pytest.fixture(autouse=True, params=names("embedder"))
    def chosen(self, request: pytest.FixtureRequest, options_of: OptionsOf) -> None:
        self.choose(request.param, options_of)


class TestTrackers(Registered, TrackerConformance):
    @pytest.fixture(autouse=True, params=names("tracker"))
    def chosen(self, request: pytest.FixtureRequest, options_of: OptionsOf) -> None:
        self.choose(request.param, options_of)


class TestPostprocessors(Registered, PostprocessorConformance):
    @pytest.fixture(autouse=True, params=names("postprocessor"))
    def chosen(self, request: pytest.FixtureRequest, options_of: OptionsOf) -> None:
        self.choose(request.param, options_of)


class TestMatchers(Registered, MatcherConformance):
    @pytest.fixture(autouse=True, params=names("matcher"))
    def chosen(self, request: pytest.FixtureRequest, options_of: OptionsOf) -> None:
        self.choose(request.param, options_of)


class TestMatchersThatEmbed(Registered, EmbedderConformance):
    """The matchers again, as what they are beside it."""

    kind = "matcher"

    @pytest.fixture(autouse=True, params=names("matcher"))
    def chosen(self, request: pytest.FixtureRequest, options_of: OptionsOf) -> None:
        self.choose(request.param, options_of)
        if not hasattr(self.plugin, "embed"):
            pytest.skip(f"matcher {request.param} embeds nothing")


class TestCalibrators(Registered, CalibratorConformance):
    @pytest.fixture(autouse=True, params=names("calibrator"))
    def chosen(self, request: pytest.FixtureRequest, options_of: OptionsOf) -> None:
        self.choose(request.param, options_of)


def test_something_of_each_kind_is_tested() -> None:
    assert [kind for kind in KINDS if not names(kind)] == []


def test_a_plugin_that_nobody_says_how_to_make_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="detector yolox requires path: say how to make it, by a maker"):
        prepare(OWN["detector", "yolox"], lambda *_: {})
