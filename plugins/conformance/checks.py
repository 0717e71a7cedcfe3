"""What every plugin keeps to, of whatever kind: its class, its options, its imports, its weights."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar
from unittest import SkipTest

from trackspeak.models.errors import OptionError, PluginError, TrackspeakError
from trackspeak.plugins.options import describe_options, parse_options
from trackspeak.plugins.registry import _PROTOCOLS, _check_class, _members

from .comparing import read_only, require, require_same
from .importing import HEAVY, can_be_imported, heavy_imports

ValueT = TypeVar("ValueT")

_UNKNOWN_OPTION = "no_such_option"


class PluginConformance:
    """Checks of every kind; inherit from the class of your plugin's kind, not from this one.

    Attributes:
        plugin: your plugin's class.
        options: its options by name, as a user would give them; those left out have their defaults.
        tolerance: by what numbers that should be equal may differ, absolute and relative: raise it for half precision.
    """

    kind: ClassVar[str]
    plugin: Any = None
    options: Mapping[str, object] = MappingProxyType({})
    tolerance: float = 1e-5

    def make(self) -> Any:
        """Make a new plugin; override it where class and options do not do."""
        return self.plugin(parse_options(self.plugin.Options, self.options, self.kind))

    def use(self, plugin: Any) -> None:
        """Use a plugin for something else than what is checked."""
        raise NotImplementedError

    def fresh(self) -> Any:
        """Make a new plugin, after another one was used: what they might share is not as it was at the start."""
        self.use(self.make())
        return self.make()

    @property
    def plugin_class(self) -> Any:
        """The class, which `make` may know alone."""
        return self.plugin if self.plugin is not None else type(self.make())

    def test_it_has_what_its_kind_must_have(self) -> None:
        plugin_class = self.plugin_class
        fix = f"see trackspeak.plugins.contract.{_PROTOCOLS[self.kind].__name__}"
        try:
            _check_class(self.kind, plugin_class)
        except PluginError as error:
            require(False, f"a class that can be used as a {self.kind}", error, fix)
        made = self.make()
        missing = [name for name in _members(self.kind) if not hasattr(made, name)]
        require(not missing, f"a {self.kind} to have {', '.join(_members(self.kind))}", f"none of {missing}", fix)
        for name in _members(self.kind):
            wanted = vars(_PROTOCOLS[self.kind])[name]
            if inspect.isfunction(wanted):
                problem = _signature_problem(wanted, getattr(made, name))
                require(problem is None, f"{name}{inspect.signature(wanted)}", problem, fix)

    def test_it_says_what_it_is(self) -> None:
        summary = (inspect.getdoc(self.plugin_class) or "").partition("\n")[0]
        require(bool(summary), "a docstring whose first line says what the plugin is", repr(summary), "write one")

    def test_its_options_are_documented(self) -> None:
        options_type = self.plugin_class.Options
        silent = [option.name for option in describe_options(options_type) if not option.doc]
        fix = f'a line `name: text` for each in the section "Attributes:" of the docstring of {options_type.__name__}'
        require(not silent, "a line about every option", f"none about {', '.join(silent)}", fix)

    def test_its_defaults_are_values_it_takes(self) -> None:
        options_type = self.plugin_class.Options
        for option in describe_options(options_type):
            if not option.required:
                with_default = {**self.options, option.name: option.default}
                try:
                    parse_options(options_type, with_default, self.kind)
                except OptionError as error:
                    fix = "make the default fit the option's type and limits"
                    require(False, f"option {option.name!r} to take its own default", error, fix)

    def test_unknown_options_are_refused(self) -> None:
        options_type = self.plugin_class.Options
        given = parse_options(options_type, self.options, self.kind)
        try:
            type(given)(**{**self.options, _UNKNOWN_OPTION: 1})
        except (TypeError, TrackspeakError):
            return
        fix = "let @dataclass(frozen=True) make the constructor of the options"
        require(False, "an option that is not there to be refused", f"{_UNKNOWN_OPTION}=1 taken", fix)

    def test_importing_it_is_light(self) -> None:
        if not can_be_imported(self.plugin_class):
            self.skip("it is in a script, which has no module to import")
        loaded = heavy_imports(self.plugin_class)
        fix = f"import {', '.join(sorted(loaded))} in the functions that need them, not at the top of the module"
        require(not loaded, f"a module that imports none of {', '.join(HEAVY)}", f"{sorted(loaded)}", fix)

    def test_its_weights_are_named_with_their_hashes(self) -> None:
        weights = self.make().weights
        fix = "give name -> sha256 of each file read, {} for none; trackspeak.models.digests.sha256_of makes one"
        right = isinstance(weights, dict) and all(
            isinstance(name, str) and re.fullmatch("[0-9a-f]{64}", str(digest)) for name, digest in weights.items()
        )
        require(right, "`weights` to map names to SHA-256 in lower case", repr(weights), fix)

    def skip(self, reason: str) -> None:
        """Leave a check out, where it does not apply.

        Raises:
            SkipTest: always.
        """
        raise SkipTest(reason)

    def answer_or_error(self, what: str, call: Callable[[], object]) -> None:
        """Let a plugin answer, or refuse in the way that every caller understands.

        Raises:
            AssertionError: if any other exception leaves it.
        """
        try:
            call()
        except TrackspeakError:
            return
        except Exception as error:
            fix = "check what is given and raise trackspeak.models.errors.ContractError with what was wanted"
            raise AssertionError(
                f"the contract wants an answer or a TrackspeakError for {what}; "
                f"got {type(error).__name__}: {error}. To mend it: {fix}"
            ) from error

    def refused(self, what: str, call: Callable[[], object]) -> None:
        """Let a plugin refuse what is wrong.

        Raises:
            AssertionError: if it answers, or any other exception leaves it.
        """
        refusals: list[str] = []

        def answer() -> None:
            call()
            refusals.append("an answer")

        self.answer_or_error(what, answer)
        fix = "check what is given and raise trackspeak.models.errors.ContractError with what was wanted"
        require(not refusals, f"{what} to be refused with a TrackspeakError", "an answer", fix)

    def left_alone(self, make: Callable[[], ValueT], use: Callable[[ValueT], object]) -> None:
        """Give a plugin arrays that cannot be written to, and others that are compared afterwards.

        Raises:
            AssertionError: if it writes to them.
        """
        wanted, fix = "arrays that were given to be left alone", "copy an array before you write to it"
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "The given NumPy array is not writable")  # torch's; reading is fine
                use(read_only(make()))
        except ValueError as error:
            require("read-only" not in str(error), wanted, error, fix)
            raise
        writable = make()
        use(writable)
        require_same(writable, make(), wanted, fix)


def are_texts(value: object) -> bool:
    """Whether something is a tuple of strings, as warnings are."""
    return isinstance(value, tuple) and all(isinstance(text, str) for text in value)


def _signature_problem(wanted: Callable[..., Any], method: Callable[..., Any]) -> str | None:
    """Say why a method cannot be called as its contract says: by position, without what has a default, with all."""
    parameters = list(inspect.signature(wanted).parameters.values())[1:]
    required = [object() for parameter in parameters if parameter.default is inspect.Parameter.empty]
    for given in (required, [object() for _ in parameters]):
        try:
            inspect.signature(method).bind(*given)
        except TypeError as error:
            return f"{method.__name__}{inspect.signature(method)}, which cannot take {len(given)} values: {error}"
    return None
