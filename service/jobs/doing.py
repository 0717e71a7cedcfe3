"""What a worker process does for one job: watch, answer, and leave files in the job's folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from trackspeak.models.errors import NotFoundError, OptionError, OutputError
from trackspeak.service.asking import ask, asker_of, make_asker
from trackspeak.service.assemble import Assembly
from trackspeak.service.formats.atomic import RESULT_FILE, replaced_file, write_lines
from trackspeak.service.formats.exports import find_export, write_export
from trackspeak.service.formats.video import write_video
from trackspeak.service.glimpses import Glimpses
from trackspeak.service.indexing import index_id, make_index, takes_queries
from trackspeak.service.limits import Limits, check_queries
from trackspeak.service.options import RunOptions
from trackspeak.service.pipeline.decode import Video, open_video
from trackspeak.service.questions import Question, parse_question
from trackspeak.service.result import Result, Used, to_json_line, video_to_dict
from trackspeak.service.run import watch_and_answer
from trackspeak.service.store.index_file import StoredIndex
from trackspeak.service.store.indexes import Indexes
from trackspeak.service.tasks import DrawTask, ExportTask, JobTask

from .job import JobRequest
from .teller import Teller

JSON_FORMAT: Final = "json"

INDEXES: Final = "indexes"
"""Below a job's folder: its own index, from which its answer can be had in every format."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What jobs are done with.

    Attributes:
        assemble: gives the plugins of a job's options.
        indexes: of the service, where those are kept that are to be asked later.
        limits: what is accepted.
    """

    assemble: Callable[[RunOptions], Assembly]
    indexes: Indexes
    limits: Limits


def do_job(task: JobTask, tools: Tools, teller: Teller) -> Used:
    """Do a job; what comes of it is in the task's folder.

    Args:
        task: what to do.
        tools: what it is done with.
        teller: hears how far it is.

    Returns:
        The plugins that took part.

    Raises:
        StoppedError: if it is given up.
        OutputError: if its folder cannot be written.
        TrackspeakError: what watching and answering raise.
    """
    teller.stage("load")
    options = task.request.run_options()
    assembly = tools.assemble(options)
    teller.stage("watch")
    do = _track if task.request.kind == "track" else _index
    try:
        task.folder.mkdir(parents=True, exist_ok=True)
        return do(task, tools, _Run(task.video, tools.limits, assembly, options, teller))
    except OSError as error:
        raise OutputError(f"the result could not be written to {task.folder}: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class _Run:
    """What both kinds of jobs begin with."""

    path: Path
    limits: Limits
    assembly: Assembly
    options: RunOptions
    teller: Teller

    def opened(self) -> Video:
        return open_video(self.path, self.limits, isolated=True)

    def questions(self, request: JobRequest) -> list[Question]:
        return [parse_question(text) for text in check_queries(request.queries, self.limits)]


def _track(task: JobTask, _tools: Tools, run: _Run) -> Used:
    request = task.request
    watched = watch_and_answer(
        run.opened,
        request.video_name,
        run.questions(request),
        run.options,
        assembly=run.assembly,
        progress=run.teller.watched,
        preview=run.teller.found,
    )
    run.teller.stage("answer")
    result = watched.result
    if request.export is None or request.export == JSON_FORMAT:
        write_lines(task.folder / RESULT_FILE, [result.to_json()])
    else:
        export = find_export(request.export)
        write_export(result, request.export, task.folder / export.file_name, video_name=request.video_name)
    if task.keep:
        Indexes(task.folder / INDEXES).add(watched.stored)
    return result.plugins


def _index(task: JobTask, tools: Tools, run: _Run) -> Used:
    request = task.request
    if takes_queries(run.assembly):
        raise OptionError("detector: one that looks for what sentences name cannot index before they are known")
    video = run.opened()
    found = index_id(video, run.assembly, run.options)
    if not tools.indexes.is_whole(found):
        glimpses = Glimpses(asker_of(run.assembly), run.options, run.teller.found, run.teller)
        if request.queries:
            glimpses.begin(run.questions(request))
        stored = make_index(
            video,
            request.video_name,
            run.assembly,
            run.options,
            thumbnails=True,
            progress=run.teller.watched,
            glimpse=glimpses,
        )
        tools.indexes.add(stored)
    kept = tools.indexes.get(found)
    write_lines(task.folder / RESULT_FILE, [to_json_line(_index_to_dict(kept))])
    return kept.plugins


def _index_to_dict(stored: StoredIndex) -> dict[str, Any]:
    return {
        "index": stored.id,
        "video": video_to_dict(stored.video),
        "profile": stored.profile,
        "tracks": len(stored.index.trajectories),
        "warnings": list(stored.index.warnings),
        "timings_s": stored.index.timings_s,
    }


def answer_again(folder: Path, request: JobRequest) -> Result:
    """Answer a job's sentences once more, from the index in its folder.

    Raises:
        NotFoundError: if it is not there.
        TrackspeakError: what asking raises.
    """
    indexes = Indexes(folder / INDEXES)
    one = next(iter(indexes), None)
    if one is None:
        raise NotFoundError("index of this job", folder.name, None)
    stored = indexes.get(one.id)
    return ask(stored, request.queries, make_asker(stored), request.run_options())


def export_job(task: ExportTask) -> Used:
    """Write a job's answer in another format; gives the plugins that took part.

    Raises:
        TrackspeakError: what answering and writing raise.
    """
    result = answer_again(task.folder, task.request)
    write_export(result, task.export.format, task.export.path, video_name=task.request.video_name)
    return result.plugins


def draw_job(task: DrawTask, limits: Limits) -> Used:
    """Draw a job's answer into its video; gives the plugins that took part.

    Raises:
        TrackspeakError: what answering, decoding and writing raise.
    """
    result = answer_again(task.folder, task.request)
    with replaced_file(task.path) as partial:
        write_video(result, task.video, partial, limits=limits, isolated=True)
    return result.plugins
