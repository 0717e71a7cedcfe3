"""Which files the options of a run name, and which of them a caller from outside may name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from trackspeak.models.errors import OptionError
from trackspeak.plugins.registry import list_plugins

from .options import RunOptions, choose
from .profiles import AUTO, load_profile
from .pull import is_pulled, pulled_path
from .settings import load_settings

_SEPARATORS = ("/", "\\", "~")
_TOML = ".toml"


def check_named_files(options: RunOptions, allowed: Path | None) -> None:
    """Refuse options of a caller from outside that make the server read files elsewhere than in one folder.

    Looked at are the profile and all of `set`, also options that are plain text to their plugin but look like a path
    or are the name of something that is there. What a profile says itself is the administrator's, and so are the
    weights that were pulled: those may be named.

    Args:
        options: the caller's choices.
        allowed: the folder; None allows no file at all.

    Raises:
        OptionError: naming the option.
    """
    if options.profile.endswith(_TOML) or _looks_like_path(options.profile):
        _check_inside("profile", options.profile, allowed)
    if not options.set and options.profile == AUTO:
        return  # nothing is named, and to look through all plugins takes long
    for key, paths in named_files(options).items():
        if key in options.set and not is_pulled(options.set[key]):
            for path in paths:
                _check_inside(f"set: {key}", path, allowed)


def named_files(options: RunOptions) -> dict[str, tuple[str, ...]]:
    """Give `kind.key` -> the paths that it names, of all plugin options, the profile's too.

    Raises:
        UnknownNameError: if there is no such profile.
        OptionError: if a key of `set` is of no plugin in use, or a pulled file is not named by its plain name.
    """
    weights = load_settings().weights_folder
    types = {(plugin.kind, plugin.name): plugin.options for plugin in list_plugins()}
    files: dict[str, tuple[str, ...]] = {}
    for key, choice in choose(load_profile(options.profile), options).items():
        if choice is None:
            continue
        infos = {info.name: info.type for info in types.get((key.partition(".")[0], choice.name), ())}
        for option, value in choice.options.items():
            if is_pulled(value):
                paths: tuple[str, ...] = (str(pulled_path(f"{key}.{option}", value, weights)),)
            else:
                paths = tuple(text for text in _texts(value) if _is_path(infos.get(option, ""), text))
            if paths:
                files[f"{key}.{option}"] = paths
    return files


def files_read(options: RunOptions) -> list[Path]:
    """Give all files and folders that options name, there or not: the profile's own, and those of the plugins.

    Raises:
        InputError: what `named_files` raises.
    """
    profile = [options.profile] if options.profile.endswith(_TOML) else []
    named = (path for paths in named_files(options).values() for path in paths if path)
    return [Path(path) for path in (*profile, *named)]


def _is_path(type_text: str, value: str) -> bool:
    if value in (part for part in type_text.split(" | ") if "path" not in part):
        return False  # a word that the option has, such as "embedded"
    return "path" in type_text or _looks_like_path(value)


def _looks_like_path(value: str) -> bool:
    return any(separator in value for separator in _SEPARATORS) or os.path.exists(value)


def _texts(value: object) -> Iterator[str]:
    """Give all texts in an option's value, and what they are the list of: it may be written "a,b" or as JSON."""
    if isinstance(value, str | os.PathLike):
        whole = os.fspath(value)
        yield whole
        parts = [part.strip() for part in re.split(r'[,\[\]"]', whole)]
        yield from (part for part in parts if part and part != whole)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _check_inside(name: str, path: str, allowed: Path | None) -> None:
    """Check a path, its links followed."""
    if allowed is None:
        raise OptionError(f"{name} must not name a file over HTTP here (the setting plugin_files is unset)")
    try:
        real = Path(os.path.realpath(path))
    except ValueError as error:  # a zero byte
        raise OptionError(f"{name} must be a path, got {path!r}: {error}") from None
    if not real.is_relative_to(os.path.realpath(allowed)):
        raise OptionError(f"{name} must lie in the folder of the setting plugin_files, got {path!r}")
