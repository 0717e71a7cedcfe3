"""What a worker process does: one task after the other, with plugins kept ready."""

from __future__ import annotations

import logging
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final

from trackspeak.models import errors
from trackspeak.models.errors import TrackspeakError

from .assemblies import Assemblies
from .pipeline.watch import recorded
from .problems import without_folders
from .result import Result, Used, to_json_line
from .settings import Settings
from .store.indexes import Indexes
from .tasks import (
    Also,
    AskTask,
    ClipTask,
    DeriveTask,
    DrawTask,
    ExportTask,
    ExportTo,
    JobTask,
    ScoresTask,
    SearchTask,
    Stop,
    Task,
    TracksTask,
)
from .telemetry.context import continuing
from .telemetry.logs import logging_to_stderr
from .telemetry.measured import Measured, measured
from .telemetry.tracing import Tracing, open_tracing

if TYPE_CHECKING:
    from .answerer import Answerer
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
                if isinstance(message, Stop | Also):  # it came when its task was done already
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
            return self._do(task, connection)
        except TrackspeakError as error:
            if isinstance(error, errors.PluginError):
                self._clear()
            return Failure.of(error), {}
        except Exception:  # noqa: BLE001 a plugin may fail in any way, and the next task is another one
            _log.exception("unexpected error")
            self._clear()
            return Failure(TrackspeakError.__name__, "unexpected error, see the log of the worker"), {}

    def _do(self, task: Task, connection: Connection) -> tuple[str, Used]:
        if isinstance(task, JobTask | DrawTask | ExportTask):
            return "", self._job(task, connection)
        if isinstance(task, AskTask):
            return self._ask(task)
        if isinstance(task, ClipTask):
            return "", self._clip(task)
        if isinstance(task, TracksTask | ScoresTask):
            return self._view(task), {}
        if isinstance(task, SearchTask):
            return self._search(task), {}
        if isinstance(task, DeriveTask):
            self._derive(task)
        else:
            _warm()
        return "", {}

    def _job(self, task: JobTask | DrawTask | ExportTask, connection: Connection) -> Used:
        from .jobs.doing import Tools, do_job, draw_job, export_job
        from .jobs.teller import Teller

        if isinstance(task, JobTask):
            tools = Tools(self._assemblies.get, Indexes(self._settings.indexes_folder), self._settings.limits())
            return do_job(task, tools, Teller(connection, task.request.more))
        if isinstance(task, DrawTask):
            return draw_job(task, self._settings.limits())
        return export_job(task)

    def _derive(self, task: DeriveTask) -> None:
        from .videos.derived import derive

        derive(task.kind, task.video, task.path, self._settings.limits())

    def _ask(self, task: AskTask) -> tuple[str, Used]:
        from .finding import catalogued, shown_name
        from .plugin_files import check_named_files

        check_named_files(task.options, self._settings.plugin_files)
        stored, result = self._answering().ask(task.index_id, task.queries, task.options)
        name = shown_name(stored, catalogued(self._settings)) if task.export is not None else stored.name
        return _told(result, task.export, name), result.plugins

    def _clip(self, task: ClipTask) -> Used:
        from .drawing import draw_clip

        return draw_clip(task, self._answering(), self._settings.limits())

    def _view(self, task: TracksTask | ScoresTask) -> str:
        from .finding import catalogued, shown_name
        from .plugin_files import check_named_files
        from .viewing import scores_to_dict, tracks_to_dict

        if isinstance(task, TracksTask):
            stored = self._answering().stored(task.index_id)
            return to_json_line(tracks_to_dict(stored, shown_name(stored, catalogued(self._settings))))
        check_named_files(task.options, self._settings.plugin_files)
        return to_json_line(scores_to_dict(self._answering().scores(task.index_id, task.queries, task.options)))

    def _answering(self) -> Answerer:
        from .answerer import Answerer

        if self._answerer is None:
            self._answerer = Answerer(Indexes(self._settings.indexes_folder))
        return self._answerer

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
