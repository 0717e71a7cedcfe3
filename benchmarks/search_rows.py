"""Rows of as many indexes as wanted, with the distributions of really observed segments; for `searching.py`.

Segments are observed by the profile `embedded` in rendered clips and in the files given. A made track is a real one,
drawn with replacement, with its length and times. Each of its vectors is moved towards the segment at the same share of
one of the five tracks most like it (up to half of the way, one share for the whole track), and then along the
difference between a real segment and the nearest one of another track, times a normal number of deviation 0.3. So all
moves go along differences that were really seen, none into directions where nothing is. What is moved is what the
model pools, x; its length is computed anew by the model, as in `models/kum_search.py`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import SegmentVectors
from trackspeak.service.search.rows import IndexRows, rows_of
from trackspeak.service.search.rows import Path as Seen

Floats = npt.NDArray[Any]

ALIKE = 5
NOISE = 0.3
_ROW_FIELDS = ("track_ids", "first_frames", "last_frames", "first_times_s", "last_times_s")


def observe(clips: int, files: Sequence[Path]) -> list[IndexRows]:
    """Index the demo clip, rendered clips and files; give their rows."""
    from trackspeak.models.training.render import demo_clip, render_clip
    from trackspeak.models.training.render.options import RenderOptions
    from trackspeak.service import RunOptions
    from trackspeak.service.assemble import assemble
    from trackspeak.service.formats.mp4 import mp4_writer
    from trackspeak.service.indexing import make_index
    from trackspeak.service.limits import Limits
    from trackspeak.service.pipeline.decode import open_video

    options = RunOptions()
    assembly, found = assemble(options), []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(clips + 1 + len(files)):
            video = Path(folder) / f"{number}.mp4"
            if number <= clips:
                looks = RenderOptions(frames=300, camera_shake=False, effects="mild")
                clip = render_clip(number, looks) if number else demo_clip()
                height, width = clip.rgb.shape[1:3]
                with mp4_writer(video, width, height, clip.frame_rate) as write:
                    for index, picture in enumerate(clip.rgb):
                        write(np.ascontiguousarray(picture[:, :, ::-1]), index / clip.frame_rate)
            else:
                video = files[number - clips - 1]
            stored = make_index(open_video(video, Limits()), video.name, assembly, options)
            rows = rows_of(stored.index, assembly.steps.matcher)
            if rows is not None:
                found.append(rows)
    return found


def save(path: Path, parts: Sequence[IndexRows]) -> None:
    """Keep observed rows in a file."""
    arrays: dict[str, Any] = {}
    for number, rows in enumerate(parts):
        arrays |= {f"{number}.{name}": getattr(rows, name) for name in _ROW_FIELDS}
        arrays |= {f"{number}.vectors": rows.vectors.vectors, f"{number}.extras": rows.vectors.extras}
        arrays[f"{number}.class_names"] = np.array(rows.class_names)
        for row, seen in enumerate(rows.paths):
            if seen is not None:
                arrays |= {f"{number}.{row}.frames": seen.frame_indices, f"{number}.{row}.times": seen.times_s}
    with path.open("wb") as file:
        np.savez(file, **arrays)


def read(path: Path) -> list[IndexRows]:
    """Read what `save` wrote."""
    found = []
    with np.load(path) as arrays:
        number = 0
        while f"{number}.vectors" in arrays:
            at = f"{number}."
            count = len(arrays[at + "vectors"])
            starts = {row for row in range(count) if f"{at}{row}.frames" in arrays}
            paths = [
                Seen(arrays[f"{at}{row}.frames"], arrays[f"{at}{row}.times"]) if row in starts else None
                for row in range(count)
            ]
            vectors = SegmentVectors(arrays[at + "vectors"], arrays[at + "extras"])
            columns = [arrays[at + name] for name in _ROW_FIELDS]
            found.append(IndexRows(vectors, *columns, tuple(arrays[at + "class_names"].tolist()), tuple(paths)))
            number += 1
    return found


@dataclass(frozen=True, eq=False)
class _Track:
    """One really observed track.

    Attributes:
        pooled: (S, D - 1) x without its 1.
        columns: of rows, by name.
        class_name: of it.
        seen: its path.
    """

    pooled: Floats
    columns: dict[str, Floats]
    class_name: str
    seen: Seen


class Maker:
    """Makes indexes out of observed rows.

    Args:
        parts: what was observed.
        visual: gives the (S, V) visual features, for a text that weighs nothing, of (S, D - 1) pooled segments.
        seed: of the draws.
    """

    def __init__(self, parts: Sequence[IndexRows], visual: Any, seed: int = 0) -> None:
        """Find which tracks are alike, and which segments are nearest."""
        self._rng = np.random.default_rng(seed)
        self._visual = visual
        self._tracks = [track for rows in parts for track in _tracks(rows)]
        means = np.stack([track.pooled.mean(axis=0) for track in self._tracks])
        self._alike = np.argsort(_distances(means), axis=1)[:, 1 : ALIKE + 1]
        pooled = np.concatenate([track.pooled for track in self._tracks])
        owner = np.repeat(np.arange(len(self._tracks)), [len(track.pooled) for track in self._tracks])
        distances = _distances(pooled)
        distances[owner[:, None] == owner[None]] = np.inf
        self._steps = pooled[distances.argmin(axis=1)] - pooled

    def indexes(self, segments: int, each: int) -> Iterator[IndexRows]:
        """Give indexes of about `each` segments until there are so many segments."""
        made = 0
        while made < segments:
            rows = self._index(min(each, segments - made))
            made += len(rows.track_ids)
            yield rows

    def _index(self, least: int) -> IndexRows:
        pooled: list[Floats] = []
        columns: dict[str, list[Floats]] = {name: [] for name in _ROW_FIELDS}
        names: list[str] = []
        paths: list[Seen | None] = []
        track_id = 0
        while len(names) < least:
            track_id += 1
            drawn = int(self._rng.integers(len(self._tracks)))
            track, count = self._tracks[drawn], len(self._tracks[drawn].pooled)
            pooled.append(self._moved(track, self._tracks[int(self._rng.choice(self._alike[drawn]))]))
            for name in _ROW_FIELDS:
                columns[name].append(np.full(count, track_id, np.int64) if name == "track_ids" else track.columns[name])
            names += [track.class_name] * count
            paths += [track.seen, *[None] * (count - 1)]
        return IndexRows(
            self.vectors(np.concatenate(pooled)),
            *(np.concatenate(columns[name]) for name in _ROW_FIELDS),
            tuple(names),
            tuple(paths),
        )

    def _moved(self, track: _Track, other: _Track) -> Floats:
        count = len(track.pooled)
        towards = other.pooled[np.linspace(0, len(other.pooled) - 1, count).round().astype(int)]
        mixed = track.pooled + self._rng.uniform(0, 0.5) * (towards - track.pooled)
        steps = self._steps[self._rng.integers(len(self._steps), size=count)]
        return mixed + NOISE * self._rng.standard_normal((count, 1)) * steps

    def vectors(self, pooled: Floats) -> SegmentVectors:
        """Give segments as a matcher does: x over the length of the visual feature, and that length."""
        lengths = np.linalg.norm(self._visual(pooled), axis=1, keepdims=True)
        whole = np.concatenate([pooled, np.ones_like(lengths)], axis=1) / lengths
        return SegmentVectors(whole.astype(np.float32), lengths.astype(np.float32))

    def real(self) -> SegmentVectors:
        """Give all that was observed."""
        return self.vectors(np.concatenate([track.pooled for track in self._tracks]))


def _tracks(rows: IndexRows) -> Iterator[_Track]:
    pooled = (rows.vectors.vectors * rows.vectors.extras)[:, :-1].astype(np.float64)
    starts = [row for row, seen in enumerate(rows.paths) if seen is not None]
    for start, stop in zip(starts, [*starts[1:], len(rows.paths)], strict=True):
        seen = rows.paths[start]
        if seen is not None:
            columns = {name: getattr(rows, name)[start:stop] for name in _ROW_FIELDS}
            yield _Track(pooled[start:stop], columns, rows.class_names[start], seen)


def _distances(points: Floats) -> Floats:
    """Give the (N, N) squared distances."""
    squares = (points**2).sum(axis=1)
    found: Floats = squares[:, None] + squares[None] - 2 * points @ points.T
    return found


def visual_of(matcher: Any) -> Any:
    """Give what makes visual features of pooled segments, affine, read off the matcher's own model."""
    import torch

    kum = matcher._model.kum
    with torch.inference_mode():
        matrix, offset = (one.double().numpy() for one in kum.affine())
        project = kum.trajectory.project
        out = kum.kum.img_fc.weight.double().numpy()
        windows, shift = out @ project.weight.double().numpy(), out @ project.bias.double().numpy()
    both = np.concatenate([matrix, windows], axis=1)
    return lambda pooled: pooled @ both.T + (offset + shift)
