"""What a worker process does: one task after the other, with plugins kept ready."""

from __future__ import annotations

import json
import logging
import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trackspeak.models import errors
from trackspeak.models.errors import TrackspeakError

from .options import RunOptions
from .pipeline.watch import recorded
from .problems import without_folders
from .result import Result, Used, to_json_line
from .settings import Settings
from .store.indexes import Indexes
from .tasks import AskTask, DrawTask, ExportTask, ExportTo, JobTask, SearchTask, Stop, Task
from .telemetry.context import continuing
from .telemetry.logs import logging_to_stderr
from .telemetry.measured import Measured, measured
from .telemetry.tracing import Tracing, open_tracing

if TYPE_CHECKING:
    from .answerer import Answerer
    from .assemble import Assembly
    from .search.searcher import Searcher

KEPT_ASSEMBLIES: Final = 2

_log = logging.getLogger(__name__)


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


@dataclass(frozen=True, slots=True)
class Reply:
    """What a worker process sends back.

    Attributes:
        answer: the text of the answer, "" where that went to a file, or why there is none.
        took: what the task took.
    """

    answer: str | Failure
    took: Measured


def work(connection: Connection, settings: Settings, device: str | None = None) -> None:
    """Do tasks until the other side hangs up.

    Args:
        connection: gives pairs of a `Task` and the `Ids` of whose work it is, or `Stop`; takes a `Reply` to each task.
        settings: of the service.
        device: what plugins work on that are not told otherwise, such as "cuda:1"; None: on what is there.
    """
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the service too, which says when to end
    if device is not None and device.startswith("cuda"):
        import torch

        torch.cuda.set_device(device)
    with logging_to_stderr(settings.log_format, settings.log_level), closing(open_tracing(settings, "worker")) as spans:
        room = Workroom(settings)
        try:
            while True:
                message = connection.recv()
                if isinstance(message, Stop):  # it came when its task was done already
                    continue
                task, ids = message
                with continuing(ids):
                    reply = do_traced(room, task, connection, spans)
                connection.send(reply)
        except (EOFError, OSError):
            return


def do_traced(room: Workroom, task: Task, connection: Connection, spans: Tracing) -> Reply:
    """Do one task below a span, with children for its stages, and tell what it took."""
    with spans.task(type(task).__name__.removesuffix("Task").lower()) as span, recorded() as watches:
        answer, plugins = room.do(task, connection)
        took = measured(watches, plugins)
        span.stages(took)
        if isinstance(answer, Failure):
            span.fail(answer.kind)
    return Reply(answer, took)


class Workroom:
    """Does tasks, and keeps what they may need again.

    Args:
        settings: of the service.
    """

    def __init__(self, settings: Settings) -> None:
        """Begin empty."""
        self._settings = settings
        self._assemblies = Assemblies(KEPT_ASSEMBLIES, settings.plugin_files)
        self._answerer: Answerer | None = None
        self._searcher: Searcher | None = None

    def do(self, task: Task, connection: Connection) -> tuple[str | Failure, Used]:
        """Do one task.

        Args:
            task: what to do.
            connection: to the service, which wants to hear how far a job is.

        Returns:
            The text of its answer, "" where that went to a file, or why there is none; and the plugins that took part.
        """
        try:
            if isinstance(task, JobTask | DrawTask | ExportTask):
                return "", self._job(task, connection)
            if isinstance(task, AskTask):
                return self._ask(task)
            if isinstance(task, SearchTask):
                return self._search(task), {}
            _warm()
            return "", {}
        except TrackspeakError as error:
            if isinstance(error, errors.PluginError):
                self._clear()
            return Failure.of(error), {}
        except Exception:  # noqa: BLE001 a plugin may fail in any way, and the next task is another one
            _log.exception("unexpected error")
            self._clear()
            return Failure(TrackspeakError.__name__, "unexpected error, see the log of the worker"), {}

    def _job(self, task: JobTask | DrawTask | ExportTask, connection: Connection) -> Used:
        from .jobs.doing import Teller, Tools, do_job, draw_job, export_job

        if isinstance(task, JobTask):
            tools = Tools(self._assemblies.get, Indexes(self._settings.indexes_folder), self._settings.limits())
            return do_job(task, tools, Teller(connection))
        if isinstance(task, DrawTask):
            return draw_job(task, self._settings.limits())
        return export_job(task)

    def _ask(self, task: AskTask) -> tuple[str, Used]:
        from .answerer import Answerer
        from .finding import catalogued, shown_name
        from .plugin_files import check_named_files

        check_named_files(task.options, self._settings.plugin_files)
        if self._answerer is None:
            self._answerer = Answerer(Indexes(self._settings.indexes_folder))
        stored, result = self._answerer.ask(task.index_id, task.queries, task.options)
        name = shown_name(stored, catalogued(self._settings)) if task.export is not None else stored.name
        return _told(result, task.export, name), result.plugins

    def _search(self, task: SearchTask) -> str:
        from .searching import make_searcher, search_to_dict

        if self._searcher is None:
            self._searcher = make_searcher(self._settings)
        found = self._searcher.search(task.query, task.options, index_ids=task.index_ids)
        values = search_to_dict(found, self._settings)
        for one in values["left_out"]:
            _log.warning("%s was left out: %s", one["index"], one["why"])
            one["why"] = without_folders(one["why"])
        return to_json_line(values)

    def _clear(self) -> None:
        """Forget all plugins: what state they are in is unknown."""
        self._assemblies.clear()
        self._answerer = None
        self._searcher = None


def _warm() -> None:
    from trackspeak.models import referring  # noqa: F401

    from . import answerer  # noqa: F401

    with suppress(ImportError):  # searching is an extra
        import lancedb  # noqa: F401


def _told(result: Result, export: ExportTo | None, video_name: str) -> str:
    """Give a result as text, or write it where it is to go."""
    if export is None:
        return result.to_json()
    from .formats.exports import write_export

    write_export(result, export.format, export.path, video_name=video_name)
    return ""


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
