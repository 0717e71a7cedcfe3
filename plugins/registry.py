"""Finds plugins by their entry points, imports each only when asked, and says why one is broken.

The entry point groups are `trackspeak.detectors`, `.embedders`, `.trackers`, `.postprocessors`, `.matchers` and
`.calibrators`.
Nothing is kept between calls: what is installed is asked for each time.
"""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from types import MappingProxyType
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from trackspeak.models.errors import PluginError, TrackspeakError, UnknownNameError

from .contract import Calibrator, Detector, Embedder, Matcher, Postprocessor, Requirements, Tracker
from .options import OptionInfo, check_options_type, describe_options, parse_options

_OWN_DISTRIBUTION = "trackspeak"

_PROTOCOLS: Mapping[str, type] = MappingProxyType(
    {
        "detector": Detector,
        "embedder": Embedder,
        "tracker": Tracker,
        "postprocessor": Postprocessor,
        "matcher": Matcher,
        "calibrator": Calibrator,
    }
)

KINDS: tuple[str, ...] = tuple(_PROTOCOLS)
"""The kinds of plugins there are, in the order of the pipeline."""


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """What a user is told about one plugin; a broken one has its name, where it comes from, and why.

    Attributes:
        kind: one of `KINDS`.
        name: the name it is asked for by.
        summary: the first line of its docstring.
        options: its options.
        requirements: what it needs; None if it is broken.
        distribution: the installed package it comes from, with its version.
        error: None, or the reason why it cannot be used.
    """

    kind: str
    name: str
    summary: str
    options: tuple[OptionInfo, ...]
    requirements: Requirements | None
    distribution: str
    error: str | None


def list_plugins() -> list[PluginInfo]:
    """List every plugin by kind and name; a broken one is listed with its reason and stops nothing else."""
    return [
        _inspect_safely(kind, entry, rivals) for kind in KINDS for rivals in _entries(kind).values() for entry in rivals
    ]


def create(kind: str, name: str, options: Mapping[str, object]) -> tuple[Any, Any]:
    """Make a plugin.

    Args:
        kind: one of `KINDS`.
        name: the plugin's name.
        options: option key -> value; the plugin's defaults fill in the rest.

    Returns:
        The plugin, and the instance of its options dataclass that it was made with.

    Raises:
        UnknownNameError: if there is no such kind or plugin; lists those there are.
        OptionError: if an option is wrong.
        PluginError: if the plugin is broken or fails to start.
        TrackspeakError: what else the plugin says on purpose, such as `WeightsError`.
    """
    if kind not in KINDS:
        raise UnknownNameError("kind of plugin", kind, KINDS)
    entries = _entries(kind)
    if name not in entries:
        raise UnknownNameError(kind, name, entries)
    rivals = entries[name]
    entry = next((entry for entry in rivals if _clash(entry, rivals) is None), rivals[0])
    label = f"{kind} {name!r} of {_distribution(entry)}"
    try:
        plugin_class = _load(kind, entry, rivals)
    except PluginError as error:
        raise PluginError(f"{label} cannot be used: {error}") from error
    chosen = parse_options(plugin_class.Options, options, kind)
    try:
        plugin = plugin_class(chosen)
        missing = [member for member in _members(kind) if not hasattr(plugin, member)]
    except TrackspeakError:
        raise
    except Exception as error:
        raise PluginError(f"{label} failed to start: {type(error).__name__}: {error}") from error
    if missing:
        raise PluginError(f"{label} cannot be used: it lacks {', '.join(missing)}")
    return plugin, chosen


def _entries(kind: str) -> dict[str, list[EntryPoint]]:
    """Give name -> the entry points of that name, in a fixed order."""
    grouped: dict[str, list[EntryPoint]] = {}
    for entry in sorted(
        entry_points(group=f"trackspeak.{kind}s"), key=lambda entry: (entry.name, _distribution(entry))
    ):
        grouped.setdefault(entry.name, []).append(entry)
    return grouped


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else "an unnamed package"


def _clash(entry: EntryPoint, rivals: Sequence[EntryPoint]) -> str | None:
    """Say why a name is taken: nobody replaces a built-in plugin, and nobody else's by luck of the order."""
    if len(rivals) == 1 or (entry.dist is not None and entry.dist.name == _OWN_DISTRIBUTION):
        return None
    others = ", ".join(_distribution(rival) for rival in rivals if rival is not entry)
    return f"the name {entry.name!r} is also that of a plugin of {others}"


def _inspect_safely(kind: str, entry: EntryPoint, rivals: Sequence[EntryPoint]) -> PluginInfo:
    try:
        return _inspect(kind, entry, rivals)
    except Exception as error:  # noqa: BLE001 what someone else's class says of itself may fail in any way
        reason = f"it cannot be described: {type(error).__name__}: {error}"
        return PluginInfo(kind, entry.name, "", (), None, _distribution(entry), reason)


def _inspect(kind: str, entry: EntryPoint, rivals: Sequence[EntryPoint]) -> PluginInfo:
    distribution = _distribution(entry)
    try:
        plugin_class = _load(kind, entry, rivals)
    except PluginError as error:
        return PluginInfo(kind, entry.name, "", (), None, distribution, str(error))
    summary = (inspect.getdoc(plugin_class) or "").partition("\n")[0]
    options = describe_options(plugin_class.Options)
    reason = _lacking(plugin_class)
    return PluginInfo(kind, entry.name, summary, options, plugin_class.requirements, distribution, reason)


def _lacking(plugin_class: type[Any]) -> str | None:
    """Say what a plugin needs and is not there; None if all is."""
    lacking = [package for package in plugin_class.requirements.packages if not _installed(package)]
    return f"needs {', '.join(lacking)}, which is not installed" if lacking else None


def _installed(package: str) -> bool:
    """Whether a module could be imported, without doing so; or whether a distribution is there in a fitting version."""
    try:
        wanted = Requirement(package)
        if wanted.specifier:
            return wanted.specifier.contains(version(wanted.name), prereleases=True)
    except InvalidRequirement:
        pass  # a module's name may be none of a distribution's
    except PackageNotFoundError:
        return False
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _load(kind: str, entry: EntryPoint, rivals: Sequence[EntryPoint]) -> type[Any]:
    clash = _clash(entry, rivals)
    if clash is not None:
        raise PluginError(clash)
    try:
        loaded = entry.load()
    except (Exception, SystemExit) as error:
        # Someone else's module may fail in any way, even by leaving the interpreter.
        raise PluginError(f"{entry.value} cannot be imported: {type(error).__name__}: {error}") from error
    if not isinstance(loaded, type):
        raise PluginError(f"{entry.value} must be a class, got {type(loaded).__name__}")
    _check_class(kind, loaded)
    return loaded


def _check_class(kind: str, plugin_class: type[Any]) -> None:
    """Check what can be seen of a class without making one of it.

    Raises:
        PluginError: with the first thing that its kind's contract asks for and the class lacks.
    """
    check_options_type(getattr(plugin_class, "Options", None))
    requirements = getattr(plugin_class, "requirements", None)
    if not isinstance(requirements, Requirements):
        raise PluginError(f"requirements must be a Requirements, got {requirements!r}")
    # Not by hasattr: every class has a `__call__`, its metaclass's.
    has = {name for base in plugin_class.__mro__ for name, member in vars(base).items() if callable(member)}
    missing = [name for name in _members(kind) if inspect.isfunction(vars(_PROTOCOLS[kind])[name]) and name not in has]
    if missing:
        raise PluginError(f"a {kind} must have the methods {', '.join(missing)}")
    try:
        inspect.signature(plugin_class).bind(object())
    except (TypeError, ValueError) as error:
        raise PluginError(f"the constructor must take the options as its only argument: {error}") from error


def _members(kind: str) -> tuple[str, ...]:
    """Name the methods and properties of a kind's contract."""
    return tuple(
        name
        for name, member in vars(_PROTOCOLS[kind]).items()
        if (not name.startswith("_") or name == "__call__")
        and (inspect.isfunction(member) or isinstance(member, property))
    )
