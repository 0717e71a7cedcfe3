"""What the worker process does: one job after the other, with plugins kept ready."""

from __future__ import annotations

import json
import logging
import os
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trackspeak.models import errors
from trackspeak.models.errors import TrackspeakError

from .limits import Limits
from .options import RunOptions

if TYPE_CHECKING:
    from .assemble import Assembly

KEPT_ASSEMBLIES: Final = 2

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """What the worker is asked.

    Attributes:
        video: the file.
        queries: the sentences.
        options: the caller's choices.
    """

    video: Path
    queries: tuple[str, ...]
    options: RunOptions


@dataclass(frozen=True, slots=True)
class Failure:
    """An error on its way to another process.

    Attributes:
        kind: its class in models/errors.py, or the nearest one there.
        message: its text.
    """

    kind: str
    message: str

    @classmethod
    def of(cls, error: TrackspeakError) -> Failure:
        """Take an error apart."""
        kind = next(kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
        return cls(kind.__name__, str(error))

    def to_error(self) -> TrackspeakError:
        """Put the error together again."""
        kind: type[TrackspeakError] = getattr(errors, self.kind)
        error = kind.__new__(kind)  # not by its constructor: some make their message from other things
        error.args = (self.message,)
        return error


def work(connection: Connection, limits: Limits, plugin_files: Path | None) -> None:
    """Answer jobs until the other side hangs up.

    Args:
        connection: gives a `Job`, takes the text of result.json or a `Failure`.
        limits: what is accepted.
        plugin_files: the folder of the only files that options may name; None: none.
    """
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the service too, which says when to end
    assemblies = Assemblies(KEPT_ASSEMBLIES, plugin_files)
    try:
        while True:
            connection.send(_answer(connection.recv(), limits, assemblies))
    except (EOFError, OSError):
        return


def _answer(job: Job, limits: Limits, assemblies: Assemblies) -> str | Failure:
    from .run import track

    try:
        assembly = assemblies.get(job.options)
        return track(job.video, job.queries, job.options, limits=limits, assembly=assembly).to_json()
    except TrackspeakError as error:
        if isinstance(error, errors.PluginError):
            assemblies.clear()  # what state they are in is unknown
        return Failure.of(error)
    except Exception:  # noqa: BLE001 a plugin may fail in any way, and the next job is another one
        _log.exception("unexpected error")
        assemblies.clear()  # what state they are in is unknown
        return Failure(TrackspeakError.__name__, "unexpected error, see the log of the worker")


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
        self._kept: OrderedDict[str, Assembly] = OrderedDict()

    def get(self, options: RunOptions) -> Assembly:
        """Give the plugins for a caller's options; made anew if a file that they name has changed.

        Raises:
            TrackspeakError: what `assemble` raises.
            OptionError: if an option names a file that it must not.
        """
        from .assemble import assemble
        from .plugin_files import check_named_files

        check_named_files(options, self._plugin_files)
        key = _fingerprint(options)
        if key not in self._kept:
            while len(self._kept) >= self._size:
                self._kept.popitem(last=False)
            self._kept[key] = assemble(options)
        self._kept.move_to_end(key)
        return self._kept[key]

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()


def _fingerprint(options: RunOptions) -> str:
    """Give a text that differs where other plugins, options or versions of files are asked for."""
    from .options import CHOICES
    from .plugin_files import files_read

    names = [getattr(options, name) for name in CHOICES]
    stamps = {str(path): list(_stamps(path)) for path in files_read(options)}
    return json.dumps([names, dict(options.set), stamps], sort_keys=True, default=str)


def _stamps(path: Path) -> Iterator[tuple[str, int, int]]:
    """Give name, time and size of a file, or of each in a folder; of nothing where nothing is."""
    try:
        entries = sorted(path.iterdir()) if os.path.isdir(path) else [path]
        for entry in entries:
            status = entry.stat()
            yield entry.name, status.st_mtime_ns, status.st_size
    except (OSError, ValueError):
        return
