"""Plugins that are kept ready for the next task of the same configuration."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .options import RunOptions

if TYPE_CHECKING:
    from .assemble import Assembly


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """Plugins, and what the files that they were made from looked like then."""

    files: tuple[Path, ...]
    stamps: list[list[tuple[str, int, int]]]
    assembly: Assembly


class Assemblies:
    """Keeps the plugins of the last few configurations.

    Args:
        size: how many configurations are kept.
        plugin_files: the folder of the only files that options may name; None: none.
    """

    def __init__(self, size: int, plugin_files: Path | None) -> None:
        """Begin empty."""
        self._size = size
        self._plugin_files = plugin_files
        self._kept: OrderedDict[str, _Made] = OrderedDict()

    def get(self, options: RunOptions) -> Assembly:
        """Give the plugins for a caller's options; made anew if a file that they name has changed.

        Raises:
            TrackspeakError: what `assemble` raises.
            OptionError: if an option names a file that it must not.
        """
        key = _plugins_asked_for(options)
        made = self._kept.get(key)
        if made is None or made.stamps != _all_stamps(made.files):
            self._kept.pop(key, None)
            while len(self._kept) >= self._size:
                self._kept.popitem(last=False)
            made = self._kept[key] = self._make(options)
        self._kept.move_to_end(key)
        return made.assembly

    def _make(self, options: RunOptions) -> _Made:
        from .assemble import assemble
        from .plugin_files import check_named_files, files_read

        check_named_files(options, self._plugin_files)
        files = tuple(files_read(options))  # asked for here alone: it looks through all plugins, which takes long
        return _Made(files, _all_stamps(files), assemble(options))

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()


def _plugins_asked_for(options: RunOptions) -> str:
    """Give a text that differs where other plugins or options of theirs are asked for."""
    from .options import CHOICES

    return json.dumps([[getattr(options, name) for name in CHOICES], dict(options.set)], sort_keys=True, default=str)


def _all_stamps(files: Iterable[Path]) -> list[list[tuple[str, int, int]]]:
    return [list(_stamps(path)) for path in files]


def _stamps(path: Path) -> Iterator[tuple[str, int, int]]:
    """Give name, time and size of a file, or of each in a folder; of nothing where nothing is."""
    try:
        entries = sorted(path.iterdir()) if os.path.isdir(path) else [path]
        for entry in entries:
            status = entry.stat()
            yield entry.name, status.st_mtime_ns, status.st_size
    except (OSError, ValueError):
        return
