"""What every postprocessor keeps to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Postprocessed, Trajectory

from . import scenes
from .checks import PluginConformance
from .comparing import require, require_same
from .scenes import Scene


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """The tracks of a whole video.

    Attributes:
        trajectories: by rising id.
        times_s: (F,) the time of every frame.
    """

    trajectories: list[Trajectory]
    times_s: npt.NDArray[np.float64]


def tracked(scene: Scene, missed: Sequence[int] = ()) -> Tracked:
    """Give the tracks of a scene, a thing each, without some frames."""
    kept = np.array([frame.index for frame in scene.frames if frame.index not in set(missed)], np.int64)
    times = np.array([frame.time_s for frame in scene.frames], np.float64)
    boxes = np.stack(scene.boxes_xyxy)[kept]  # (T, K, 4)
    scores = np.stack([found.scores for found in scene.detections])[kept]
    return Tracked(
        [
            Trajectory(row + 1, scenes.CLASS_NAMES[row % 2], kept, times[kept], boxes[:, row], scores[:, row].copy())
            for row in range(boxes.shape[1] if len(kept) else 0)
        ],
        times,
    )


def broken(scene: Scene) -> Tracked:
    """Give the tracks of a scene each in two, with new ids after some missed frames: what there is to mend."""
    whole = tracked(scene)
    stop, again = len(scene.frames) // 2 - 2, len(scene.frames) // 2 + 2
    pieces = [(one, slice(0, stop), one.track_id) for one in whole.trajectories]
    pieces += [(one, slice(again, None), one.track_id + len(whole.trajectories)) for one in whole.trajectories]
    parts = [
        Trajectory(
            track_id,
            one.class_name,
            one.frame_indices[part],
            one.times_s[part],
            one.boxes_xyxy[part],
            one.scores[part],
        )
        for one, part, track_id in pieces
    ]
    return Tracked(parts, whole.times_s)


class PostprocessorConformance(PluginConformance):
    """Checks of a postprocessor; inherit, and set `plugin` and `options`."""

    kind: ClassVar[str] = "postprocessor"

    def use(self, plugin: Any) -> None:
        """Mend other tracks."""
        self.mend(plugin, broken(scenes.steady(99)))

    def mend(self, postprocessor: Any, given: Tracked) -> Postprocessed:
        """Mend the tracks of a video."""
        found: Postprocessed = postprocessor(given.trajectories, given.times_s)
        return found

    def test_it_gives_tracks(self) -> None:
        found = self.mend(self.fresh(), broken(scenes.steady(0)))
        got = type(found).__name__
        require(isinstance(found, Postprocessed), "a Postprocessed", got, "return one from __call__")
        require(
            bool(found.trajectories), "tracks where some were given", "none", "return those that need no mending too"
        )

    def test_tracks_are_those_given(self) -> None:
        given = broken(scenes.steady(1))
        found = self.mend(self.fresh(), given)
        ids = {one.track_id for one in given.trajectories}
        new = ({one.track_id for one in found.trajectories} | set(found.merged)) - ids
        require(
            not new, f"ids among those given, {sorted(ids)}", sorted(new), "give a joined track one of its parts' ids"
        )

    def test_frames_are_the_videos(self) -> None:
        given = broken(scenes.steady(2))
        for one in self.mend(self.fresh(), given).trajectories:
            inside = bool(((one.frame_indices >= 0) & (one.frame_indices < len(given.times_s))).all())
            fix = "fill in frames of the video alone"
            require(inside, f"frames below {len(given.times_s)}", one.frame_indices.tolist(), fix)
            times = given.times_s[one.frame_indices]
            require_same(one.times_s, times, "the time of each frame", "take it from frame_times_s", self.tolerance)

    def test_what_it_is_given_stays_as_it_was(self) -> None:
        self.left_alone(lambda: broken(scenes.steady(3)), lambda given: self.mend(self.fresh(), given))

    def test_it_is_deterministic(self) -> None:
        one, other = (self.mend(self.fresh(), broken(scenes.steady(4))) for _ in range(2))
        require_same(one, other, "the same for the same tracks", "seed what is random", self.tolerance)

    def test_it_keeps_no_state(self) -> None:
        used = self.fresh()
        self.mend(used, broken(scenes.steady(6)))
        again, fresh = (self.mend(one, broken(scenes.steady(5))) for one in (used, self.fresh()))
        fix = "let a call depend on its arguments and the options alone"
        require_same(again, fresh, "a used instance to equal a fresh one", fix, self.tolerance)

    def test_instances_are_apart(self) -> None:
        one, other = self.fresh(), self.make()
        turns = [(one, 7), (other, 8)] * 2
        mixed = [self.mend(plugin, broken(scenes.steady(seed))) for plugin, seed in turns]
        alone = [self.mend(self.make(), broken(scenes.steady(seed))) for _, seed in turns]
        fix = "keep state in the instance, not in the class or the module"
        require_same(mixed, alone, "two instances in turn to give what each gives alone", fix, self.tolerance)

    def test_no_tracks_are_taken(self) -> None:
        postprocessor = self.fresh()
        for frames in (0, 12):
            found = postprocessor([], np.arange(frames) / scenes.RATE)
            got = len(found.trajectories)
            require(got == 0, f"no tracks of a video of {frames} frames without any", got, "return early")

    def test_one_track_is_taken(self) -> None:
        postprocessor = self.fresh()
        for frames in (1, 2, 24):
            given = tracked(scenes.lone(frames))
            got = len(self.mend(postprocessor, given).trajectories)
            fix = "mind tracks of a single frame, and arrays with a single row"
            dropped = got == 0 and frames < 3  # which a postprocessor may do with tracks so short
            require(got == 1 or dropped, f"the only track, of {frames} frames", f"{got} tracks", fix)

    def test_missed_frames_are_taken(self) -> None:
        scene = scenes.steady(9)
        given = tracked(scene, missed=(0, 1, 11, 12, 22, 23))
        for one in self.mend(self.fresh(), given).trajectories:
            first, last = int(one.frame_indices[0]), int(one.frame_indices[-1])
            fix = "fill gaps between two frames of a track, and make up none before its first or after its last"
            require((first, last) == (2, 21), "tracks that begin and end as they did, 2 to 21", (first, last), fix)

    def test_boxes_partly_outside_are_taken(self) -> None:
        given = broken(scenes.outside())
        found = self.mend(self.fresh(), given)
        require(bool(found.trajectories), "tracks at the picture's edges", "none", "do not drop boxes that reach out")

    def test_500_tracks_are_taken(self) -> None:
        given = tracked(scenes.crowd())
        got = len(self.mend(self.fresh(), given).trajectories)
        fix = "join tracks only where one begins after the other's end"
        require(got == len(given.trajectories), "500 tracks that are there at once to stay", got, fix)

    def test_two_walkers_cross(self) -> None:
        given = tracked(scenes.crossing())
        got = [one.track_id for one in self.mend(self.fresh(), given).trajectories]
        fix = "join tracks only where one begins after the other's end"
        require(got == [1, 2], "two walkers who meet to stay two tracks", got, fix)

    def test_only_contract_errors_leave_it(self) -> None:
        given = broken(scenes.steady(10))
        what = "fewer frame times than the tracks have frames"
        self.answer_or_error(what, lambda: self.fresh()(given.trajectories, given.times_s[:5]))
        flat = tracked(scenes.odd(1, 1))
        flat.trajectories[0].boxes_xyxy[:, 2:] = flat.trajectories[0].boxes_xyxy[:, :2]
        self.answer_or_error("boxes without an area", lambda: self.mend(self.fresh(), flat))
