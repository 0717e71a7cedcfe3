"""Tracks as the rows of MOTChallenge text."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import ReferredTrack, Trajectory
from trackspeak.plugins.mot_files import MotTable, write_mot

_Columns = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.float32]]


def trajectory_text(trajectories: Sequence[Trajectory], first_frame: int) -> str:
    """Give all boxes of all tracks, by frame, then by id; the confidence is the detector's.

    Args:
        trajectories: the tracks.
        first_frame: the number of the video's first frame in the file.
    """
    return _text([_columns(track, track.scores) for track in trajectories], first_frame)


def referred_text(tracks: Sequence[ReferredTrack], first_frame: int) -> str:
    """Give the boxes of one query's tracks in their referred frames alone; the confidence is the frame's score.

    This is `predict.txt` of the RMOT layout (one folder per expression).

    Args:
        tracks: the referred tracks.
        first_frame: the number of the video's first frame in the file.
    """
    return _text([_columns(track, track.frame_scores) for track in tracks], first_frame)


def _columns(track: Trajectory | ReferredTrack, scores: npt.NDArray[np.float32]) -> _Columns:
    """Give one track's frames, ids, boxes and scores."""
    ids = np.full(len(track.frame_indices), track.track_id, np.int64)
    return track.frame_indices, ids, track.boxes_xyxy, scores


def _text(tracks: Sequence[_Columns], first_frame: int) -> str:
    """Put the tracks' rows in order and write them."""
    if not tracks:
        return ""
    frames, ids, boxes_xyxy, scores = (np.concatenate(column) for column in zip(*tracks, strict=True))
    order = np.lexsort((ids, frames))
    text = io.StringIO()
    write_mot(text, MotTable(frames[order], ids[order], boxes_xyxy[order], scores[order]), first_frame)
    return text.getvalue()
