"""The annotated video of an index whose video's file is kept, or a part of it: no tracker runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trackspeak.models.errors import NotFoundError, OutputError
from trackspeak.plugins.contract import ReferredTrack, ReferredTracks, Trajectory

from .answerer import Answerer
from .formats.video import draw_video
from .limits import Limits
from .pipeline.decode import open_video
from .result import Used
from .tasks import ClipTask


def draw_clip(task: ClipTask, answerer: Answerer, limits: Limits) -> Used:
    """Draw; gives the plugins that took part.

    Args:
        task: what to draw, and into what.
        answerer: gives indexes and answers.
        limits: of the video, which is decoded in a process of its own.

    Raises:
        NotFoundError: if the track is not there, or no question refers to it.
        OptionError: if no frame is in the span, or the scores are no probabilities and min_probability is given.
        OutputError: if the file cannot be written.
        TrackspeakError: what asking and decoding raise.
    """
    used: Used = {}
    if task.queries:
        _, result = answerer.ask(task.index_id, task.queries, task.options)
        answers, used = result.queries, result.plugins
        if task.track_id is not None:
            answers = _only(answers, task.track_id)
    else:
        answers = (_unasked(answerer.stored(task.index_id).index.trajectories, task.track_id),)
    try:
        draw_video(answers, open_video(task.video, limits, isolated=True), task.path, span=task.span)
    except OSError as error:
        raise OutputError(f"{task.path.name} could not be written: {error.strerror or error}") from error
    return used


def _only(answers: Sequence[ReferredTracks], track_id: int) -> tuple[ReferredTracks, ...]:
    """Leave out all other tracks."""
    found = tuple(
        replace(answer, tracks=tuple(track for track in answer.tracks if track.track_id == track_id))
        for answer in answers
    )
    if not any(answer.tracks for answer in found):
        there = {str(track.track_id) for answer in answers for track in answer.tracks}
        raise NotFoundError("track of these queries", str(track_id), there)
    return found


def _unasked(trajectories: Sequence[Trajectory], track_id: int | None) -> ReferredTracks:
    """Give a track over all its frames, or all tracks, as the answer to no question: without scores."""
    chosen = [track for track in trajectories if track_id in (None, track.track_id)]
    if track_id is not None and not chosen:
        raise NotFoundError("track", str(track_id), [str(track.track_id) for track in trajectories])
    return ReferredTracks(
        "",
        tuple(
            ReferredTrack(
                track.track_id,
                track.class_name,
                np.nan,
                (),
                track.frame_indices,
                track.times_s,
                track.boxes_xyxy,
                np.full(len(track.frame_indices), np.nan, np.float32),
            )
            for track in chosen
        ),
    )
