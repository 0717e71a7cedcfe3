"""What the tests of the conformance kit share: a run of a kit without pytest, and what any kind can have broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from unittest import SkipTest

import pytest
from annotated_types import Ge

Failing = Callable[[type[Any], type[Any]], dict[str, Exception]]
Basics = Callable[[type[Any]], dict[str, type[Any]]]


@pytest.fixture(scope="session")
def failing() -> Failing:
    """Run all checks of a kit on a plugin; gives those that fail, with how."""

    def run(kit: type[Any], plugin: type[Any]) -> dict[str, Exception]:
        failed: dict[str, Exception] = {}
        for name in [name for name in dir(kit) if name.startswith("test_")]:
            test = type("TestIt", (kit,), {"plugin": plugin})()
            try:
                getattr(test, name)()
            except SkipTest:
                continue
            except Exception as error:  # noqa: BLE001 whatever a check raises, it failed
                failed[name] = error
        return failed

    return run


@pytest.fixture
def broken_basics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Basics:
    """Break a good plugin of any kind in what is common to all kinds: check -> class."""
    (tmp_path / "imports_cv2.py").write_text("import cv2\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    @dataclass
    class Thawed:
        """Options.

        Attributes:
            size: how large.
        """

        size: int = 1

    @dataclass(frozen=True)
    class Silent:
        """Options."""

        size: int = 1

    @dataclass(frozen=True)
    class Negative:
        """Options.

        Attributes:
            size: how large.
        """

        size: Annotated[int, Ge(0)] = -1

    @dataclass(frozen=True, init=False)
    class Greedy:
        """Options.

        Attributes:
            size: how large.
        """

        size: int = 1

        def __init__(self, **_: object) -> None: ...

    def make(good: type[Any]) -> dict[str, type[Any]]:
        changes: dict[str, dict[str, Any]] = {
            "test_it_has_what_its_kind_must_have": {"Options": Thawed},
            "test_it_says_what_it_is": {"__doc__": ""},
            "test_its_options_are_documented": {"Options": Silent},
            "test_its_defaults_are_values_it_takes": {"Options": Negative},
            "test_unknown_options_are_refused": {"Options": Greedy},
            "test_importing_it_is_light": {"__module__": "imports_cv2"},
            "test_its_weights_are_named_with_their_hashes": {"weights": {"a.pt": "of yesterday"}},
        }
        alike = {"__doc__": good.__doc__, "__module__": good.__module__}
        return {check: type("Broken", (good,), {**alike, **change}) for check, change in changes.items()}

    return make
