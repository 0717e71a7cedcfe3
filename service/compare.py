"""Several trackers on one video: the detector looks at each frame once, whatever their number."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from trackspeak.models.errors import OptionError, TrackspeakError
from trackspeak.plugins.contract import Detections, Detector, Frame, Requirements, StreamInfo
from trackspeak.plugins.registry import create, list_plugins

from .assemble import Assembly, assemble
from .limits import Limits
from .options import RunOptions
from .pipeline.index import Progress
from .result import Result
from .run import track


@dataclass(frozen=True, slots=True, eq=False)
class TrackerRun:
    """What one tracker made of a video.

    Attributes:
        tracker: its name.
        result: the answers and all tracks.
        frames: how many it was given.
    """

    tracker: str
    result: Result
    frames: int

    @property
    def tracks(self) -> int:
        """The number of tracks."""
        return len(self.result.trajectories)

    @property
    def mean_length_frames(self) -> float:
        """The mean number of frames in which a track is found; 0 without tracks."""
        lengths = [len(one.frame_indices) for one in self.result.trajectories]
        return float(np.mean(lengths)) if lengths else 0.0

    @property
    def fragments(self) -> int:
        """How often a track is lost and found again."""
        return sum(int((np.diff(one.frame_indices) > 1).sum()) for one in self.result.trajectories)

    def milliseconds_per_frame(self, stage: str) -> float:
        """The time of a stage, such as "track" or "embed"."""
        return 1e3 * self.result.timings_s.get(stage, 0.0) / max(1, self.frames)

    def to_dict(self) -> dict[str, Any]:
        """Give the figures as plain JSON values."""
        return {
            "tracker": self.tracker,
            "tracks": self.tracks,
            "mean_length_frames": round(self.mean_length_frames, 2),
            "fragments": self.fragments,
            "referred_tracks": {answer.query: len(answer.tracks) for answer in self.result.queries},
            "track_ms_per_frame": round(self.milliseconds_per_frame("track"), 4),
            "embed_ms_per_frame": round(self.milliseconds_per_frame("embed"), 4),
        }


def compare(
    video: Path,
    trackers: Sequence[str],
    queries: Sequence[str],
    options: RunOptions | None = None,
    *,
    limits: Limits | None = None,
    progress: Callable[[str], Progress] | None = None,
) -> list[TrackerRun]:
    """Run several trackers over the same boxes of one video.

    Args:
        video: a video file, an animated image, or a folder of images.
        trackers: their names, each once.
        queries: one or more sentences.
        options: as for `track`; `set` holds a tracker's own options under its name, `{"strongsort.boxes": ...}`.
        limits: what is accepted; by default generous.
        progress: gives what is told of a tracker's frames done and expected.

    Raises:
        TrackspeakError: what `track` raises.
        OptionError: if a tracker comes twice, there is none, or the options name another one.
    """
    options = options or RunOptions()
    chosen = options_per_tracker(trackers, options)
    shared = _Shared()
    assemblies = []
    for name, one in zip(trackers, chosen, strict=True):  # all first: a mistake is told before the work
        with _naming(name):
            assemblies.append(assemble(one, make=shared))
    runs = []
    for name, one, assembly in zip(trackers, chosen, assemblies, strict=True):
        told = progress(name) if progress is not None else None
        with _naming(name):
            result = track(video, queries, one, limits=limits, assembly=_recording(assembly, shared), progress=told)
        runs.append(TrackerRun(name, result, math.ceil(result.video.frames / options.frame_stride)))
    return runs


@contextmanager
def _naming(tracker: str) -> Iterator[None]:
    """Say in errors which tracker's run they are of."""
    try:
        yield
    except TrackspeakError as error:
        error.args = (f"{tracker}: {error}",)
        raise


def options_per_tracker(trackers: Sequence[str], options: RunOptions) -> list[RunOptions]:
    """Give the options of each tracker's run.

    Raises:
        OptionError: if a tracker comes twice, there is none, or the options name another one.
    """
    if options.tracker is not None:
        raise OptionError(f"tracker: what is compared is named apart, got {options.tracker!r} besides")
    if not trackers or len(set(trackers)) < len(trackers):
        raise OptionError(f"tracker must be one or more names, each once, got {', '.join(trackers) or 'none'}")
    wants = {plugin.name: plugin.requirements for plugin in list_plugins() if plugin.kind == "tracker"}
    return [_options_of(name, trackers, _readable(options, trackers, wants.get(name), wants)) for name in trackers]


def _readable(
    options: RunOptions,
    trackers: Iterable[str],
    own: Requirements | None,
    all_wants: Mapping[str, Requirements | None],
) -> RunOptions:
    """Leave out choices of a detector or embedder for a tracker that reads neither, if another one does."""
    for kind, read in (("detector", "detections"), ("embedder", "embeddings")):
        others = any(getattr(all_wants.get(name), read, False) for name in trackers)
        if others and own is not None and not getattr(own, read):
            kept = {key: value for key, value in options.set.items() if not key.startswith(f"{kind}.")}
            changes: dict[str, Any] = {"set": kept, kind: None}
            options = replace(options, **changes)
    return options


def _options_of(name: str, trackers: Iterable[str], options: RunOptions) -> RunOptions:
    """Give the options of one tracker's run: what is set for it by name, and nothing that is for another."""
    others = tuple(f"{other}." for other in trackers if other != name)
    mine = {
        f"tracker.{key.removeprefix(name + '.')}" if key.startswith(f"{name}.") else key: value
        for key, value in options.set.items()
        if not key.startswith(others)
    }
    return replace(options, tracker=name, set=mine)


class _Shared:
    """Makes plugins as the registry does, each but trackers once, and remembers what the detector found."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Any, Any]] = {}
        self.detectors: dict[int, RecordedDetector] = {}

    def __call__(self, kind: str, name: str, options: Mapping[str, object]) -> tuple[Any, Any]:
        key = repr((kind, name, sorted(options.items())))
        if kind == "tracker":
            return create(kind, name, options)
        if key not in self._made:
            self._made[key] = create(kind, name, options)
        return self._made[key]


def _recording(assembly: Assembly, shared: _Shared) -> Assembly:
    """Put what was found before in the place of the detector."""
    detector = assembly.steps.detector
    if detector is None:
        return assembly
    recorded = shared.detectors.setdefault(id(detector), RecordedDetector(detector))
    return replace(assembly, steps=replace(assembly.steps, detector=cast(Detector, recorded)))


class RecordedDetector:
    """Asks a detector once about each frame of one video, and repeats its answers.

    Args:
        detector: any detector; this takes its place.
    """

    def __init__(self, detector: Detector) -> None:
        self.Options = detector.Options
        self.requirements: Requirements = detector.requirements
        self._detector = detector
        self._found: dict[int, Detections] = {}

    @property
    def lookahead_s(self) -> float:
        """As long as the detector wants; nothing once all is known."""
        return 0.0 if self._found else self._detector.lookahead_s

    @property
    def weights(self) -> dict[str, str]:
        """The detector's."""
        return self._detector.weights

    def look_for(self, texts: Sequence[str]) -> None:
        """Pass on what is asked."""
        if not self._found:
            self._detector.look_for(texts)  # type: ignore[attr-defined]  # asked only where requirements.texts

    def reset(self, stream: StreamInfo) -> None:
        """Begin the video, the first time."""
        if not self._found:
            self._detector.reset(stream)

    def prepare(self, frames: Iterable[Frame]) -> None:
        """Show the detector the first seconds."""
        self._detector.prepare(frames)

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """Ask the detector about frames that are new."""
        new = [frame for frame in frames if frame.index not in self._found]
        if new:
            self._found.update(zip((frame.index for frame in new), self._detector.detect(new), strict=True))
        return [self._found[frame.index] for frame in frames]

    def warnings(self) -> tuple[str, ...]:
        """The detector's."""
        return self._detector.warnings()
