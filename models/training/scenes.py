"""From a rendered clip to what one training step needs: crops, frames, windows and what holds of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trackspeak.models.crops import crop_boxes, whole_frame
from trackspeak.models.sampling import LENGTH, LOOKS, STRIDE, look_positions, segment_bounds
from trackspeak.models.trajectory import trajectory_window

from .boxes import BoxSource, BoxTrack
from .concepts import ANYTHING, CONCEPTS, VEHICLE_KINDS, concept_table
from .matching import NOISE, Match, match_segments
from .motion_truth import FACT_CONCEPTS
from .truth import ClipTruth

GAP = 4
"""Missed frames that a segment may bridge; the service's default is the same."""

UNSURE_OF_NOISE = (ANYTHING, *FACT_CONCEPTS)
"""What may still be said of a box that shows no object, such as a shadow: a thing, and where it is and goes.

It is no vehicle, and of no kind or colour.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """S segments of one clip, with everything that a model reads and that is true of them.

    Attributes:
        seed: the clip's seed.
        crops: (L, 3, s, s) uint8, one per look.
        frames: (F, 3, S, S) uint8, one per frame looked at.
        frame_rows: (L,) int64, the frame of each look.
        look_rows: (S, LOOKS) int64, the looks of each segment.
        windows: (S, points, features) float32.
        moments: (S,) int64, the segment's last frame.
        tracks: (S,) int64, which track a segment is of; different over the sources.
        sources: (S,) int64, position of the box source.
        concepts: (S, len(CONCEPTS)) int8: 1 holds, 0 does not, -1 arguable.
    """

    seed: int
    crops: npt.NDArray[np.uint8]
    frames: npt.NDArray[np.uint8]
    frame_rows: npt.NDArray[np.int64]
    look_rows: npt.NDArray[np.int64]
    windows: npt.NDArray[np.float32]
    moments: npt.NDArray[np.int64]
    tracks: npt.NDArray[np.int64]
    sources: npt.NDArray[np.int64]
    concepts: npt.NDArray[np.int8]

    def save(self, path: Path) -> None:
        """Write it whole or not at all."""
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez(file, **{field.name: getattr(self, field.name) for field in fields(self)})
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Scene:
        """Read what `save` wrote."""
        with np.load(path) as arrays:
            return cls(int(arrays["seed"]), **{name: arrays[name] for name in arrays.files if name != "seed"})


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """One segment of one track before it is looked at."""

    track: int
    source: int
    frames: npt.NDArray[np.int64]
    boxes_xyxy: npt.NDArray[np.float32]
    window: npt.NDArray[np.float32]


def build_scene(
    clip: ClipTruth,
    sources: Sequence[BoxSource],
    crop_size: int,
    frame_size: int,
    moments: int | None,
) -> Scene | None:
    """Cut a clip's tracks into segments, look at them, and judge every concept on each.

    Args:
        clip: the clip.
        sources: where boxes come from; the tracks of all are used.
        crop_size: pixels of a square crop.
        frame_size: pixels of a square whole frame.
        moments: how many moments of the clip to use, every track at each: their segments share whole
            frames. Each is one of a track drawn by chance, so that the many short tracks of a detector
            are seen as often as the long ones. None: every segment of every track.

    Returns:
        The scene; None if no track gives a usable segment.
    """
    rng = np.random.default_rng((clip.seed, 0x5CE))
    tracks = [(source, track) for source, find in enumerate(sources) for track in find(clip)]
    wanted = None if moments is None else _moments([track for _, track in tracks], moments, rng)
    pieces = [
        piece for row, (source, track) in enumerate(tracks) for piece in _pieces(clip, row, source, track, wanted)
    ]
    if not pieces:
        return None
    matches = match_segments(clip.objects, [piece.frames for piece in pieces], [piece.boxes_xyxy for piece in pieces])
    told = [(piece, match) for piece, match in zip(pieces, matches, strict=True) if match is not None]
    if not told:
        return None
    pieces = [piece for piece, _ in told]
    concepts = _concepts(clip, pieces, [match for _, match in told])
    return _look(clip, pieces, concepts, crop_size, frame_size)


def _moments(tracks: Sequence[BoxTrack], count: int, rng: np.random.Generator) -> frozenset[int]:
    """Draw tracks, and of each the last frame of one of its segments."""
    rows = np.resize(np.arange(len(tracks)), max(len(tracks), count)) if tracks else np.arange(0)
    ends = [_ends(tracks[row]) for row in rng.permutation(rows)[:count]]
    return frozenset(int(rng.choice(frames)) for frames in ends)


def _ends(track: BoxTrack) -> list[int]:
    """The last frames of all segments that a track can be cut into."""
    return [
        int(track.frame_indices[run[stop - 1]])
        for run in _runs(track)
        for _, stop in segment_bounds(len(run), LENGTH, 1)
    ]


def _runs(track: BoxTrack) -> list[npt.NDArray[np.int64]]:
    """Positions of a track's frames, split where too many are missed."""
    breaks = np.flatnonzero(np.diff(track.frame_indices) > 1 + GAP) + 1
    return np.split(np.arange(len(track.frame_indices)), breaks)


def _pieces(clip: ClipTruth, row: int, source: int, track: BoxTrack, wanted: frozenset[int] | None) -> list[_Piece]:
    size = (clip.rgb.shape[2], clip.rgb.shape[1])
    times_s = track.frame_indices / clip.frame_rate
    pieces = []
    for run in _runs(track):
        for start, stop in segment_bounds(len(run), LENGTH, STRIDE if wanted is None else 1):
            if wanted is not None and int(track.frame_indices[run[stop - 1]]) not in wanted:
                continue
            inside, past = run[start:stop], slice(0, run[stop - 1] + 1)
            window = trajectory_window(times_s[past], track.boxes_xyxy[past], size)
            pieces.append(_Piece(row, source, track.frame_indices[inside], track.boxes_xyxy[inside], window))
    return pieces


def _concepts(clip: ClipTruth, pieces: list[_Piece], matches: list[Match]) -> npt.NDArray[np.int8]:
    meant = np.array([match.object_index for match in matches], np.int64)
    real, part = meant != NOISE, np.array([match.part for match in matches])
    labels = np.zeros((len(pieces), len(CONCEPTS)), np.int8)
    labels[:, [CONCEPTS.index(name) for name in UNSURE_OF_NOISE]] = -1
    if real.any():
        table = concept_table(
            clip.objects,
            clip.frame_rate,
            (clip.rgb.shape[2], clip.rgb.shape[1]),
            meant[real],
            np.array([piece.frames[0] for piece in pieces], np.int64)[real],
            np.array([piece.frames[-1] for piece in pieces], np.int64)[real],
        )
        labels[real] = table.labels
    parts = np.flatnonzero(part & (labels[:, CONCEPTS.index("vehicle")] == 1))
    for name in VEHICLE_KINDS:
        labels[parts, CONCEPTS.index(name)] = -1
    return labels


def _look(
    clip: ClipTruth, pieces: list[_Piece], concepts: npt.NDArray[np.int8], crop_size: int, frame_size: int
) -> Scene:
    """Cut every look once, frame by frame."""
    looks: dict[int, dict[int, npt.NDArray[np.float32]]] = {}
    keys: list[list[tuple[int, int]]] = []
    for piece in pieces:
        positions = look_positions(0, len(piece.frames), LOOKS)
        keys.append([(int(piece.frames[position]), piece.track) for position in positions])
        for (frame, track), position in zip(keys[-1], positions, strict=True):
            looks.setdefault(frame, {})[track] = piece.boxes_xyxy[position]
    rows: Mapping[tuple[int, int], int] = {
        key: row for row, key in enumerate((frame, track) for frame, wanted in looks.items() for track in wanted)
    }
    crops = [crop_boxes(clip.rgb[frame], np.stack(list(wanted.values())), crop_size) for frame, wanted in looks.items()]
    return Scene(
        clip.seed,
        np.concatenate([crop.numpy() for crop in crops]),
        np.stack([whole_frame(clip.rgb[frame], frame_size).numpy() for frame in looks]),
        np.repeat(np.arange(len(looks)), [len(wanted) for wanted in looks.values()]),
        np.array([[rows[key] for key in mine] for mine in keys], np.int64),
        np.stack([piece.window for piece in pieces]),
        np.array([piece.frames[-1] for piece in pieces], np.int64),
        np.array([piece.track for piece in pieces], np.int64),
        np.array([piece.source for piece in pieces], np.int64),
        concepts,
    )
