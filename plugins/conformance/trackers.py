"""What every tracker keeps to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Detections, Frame, TrackedFrame

from . import scenes
from .checks import PluginConformance, are_texts
from .comparing import require, require_same
from .scenes import Scene

_LEAST_OVERLAP = 0.3
_LEAST_SHARE_NEAR = 0.9  # a motion model may be far off for a moment


class TrackerConformance(PluginConformance):
    """Checks of a tracker; inherit, and set `plugin` and `options`."""

    kind: ClassVar[str] = "tracker"
    tolerance: float = 0.0

    @property
    def reads_detections(self) -> bool:
        """Whether what it gives depends on the boxes; one that replays a file is not asked about them."""
        return bool(self.plugin_class.requirements.detections)

    @property
    def reads_embeddings(self) -> bool:
        """Whether it wants appearance embeddings."""
        return bool(self.plugin_class.requirements.embeddings)

    def use(self, plugin: Any) -> None:
        """Track another video for a while."""
        self.track(plugin, scenes.steady(99, 6))

    def update(
        self, tracker: Any, frame: Frame, detections: Detections, embeddings: npt.NDArray[np.float32]
    ) -> TrackedFrame:
        """Give a frame to a tracker, with embeddings if it wants any; how long they are nobody knows without a box."""
        if not len(detections):
            embeddings = embeddings[:, :0]
        found: TrackedFrame = (
            tracker.update(frame, detections, embeddings)
            if self.reads_embeddings
            else tracker.update(frame, detections)
        )
        return found

    def track(self, tracker: Any, scene: Scene) -> list[TrackedFrame]:
        """Track a whole video from its reset on."""
        tracker.reset(scene.stream)
        rows = zip(scene.frames, scene.detections, scene.embeddings, strict=True)
        return [self.update(tracker, *row) for row in rows]

    def test_it_answers_for_each_frame(self) -> None:
        scene = scenes.steady(0)
        for frame, found in zip(scene.frames, self.track(self.fresh(), scene), strict=True):
            require(isinstance(found, TrackedFrame), "a TrackedFrame", type(found).__name__, "return one from update")
            got, wanted = (found.frame_index, found.time_s), (frame.index, frame.time_s)
            require(got == wanted, f"index and time of the frame, {wanted}", got, "take both from the frame given")

    def test_ids_are_not_negative(self) -> None:
        lowest = min(_ids(self.track(self.fresh(), scenes.steady(1))), default=0)
        fix = "leave out tracks that do not count yet, and begin the ids at 0 or 1"
        require(lowest >= 0, "track ids of 0 and above", lowest, fix)

    def test_ids_last(self) -> None:
        scene = scenes.steady(2)
        found = _ids(self.track(self.fresh(), scene))
        longest = max((found.count(track_id) for track_id in set(found)), default=0)
        fix = "keep the id of a thing that moves steadily and is found in every frame"
        wanted = f"a steady thing to have one id for most of {len(scene.frames)} frames"
        require(longest > len(scene.frames) / 2, wanted, f"none for more than {longest}", fix)

    def test_boxes_belong_to_the_frame(self) -> None:
        if not self.reads_detections:
            self.skip("its boxes are not of the detections")
        scene = scenes.steady(3)
        overlaps: list[float] = []
        for given, found in zip(scene.detections, self.track(self.fresh(), scene), strict=True):
            overlaps += [_best_overlap(box, given.boxes_xyxy) for box in found.boxes_xyxy]
        near = float(np.mean(np.array(overlaps) >= _LEAST_OVERLAP)) if overlaps else 1.0
        fix = "give pixels of the whole frame, left, top, right, bottom, in the order of the ids"
        require(near >= _LEAST_SHARE_NEAR, "boxes near those of the frame", f"{near:.0%} of them near", fix)

    def test_scores_and_classes_are_the_detections(self) -> None:
        if not self.reads_detections:
            self.skip("its scores and classes are not of the detections")
        for found in self.track(self.fresh(), scenes.steady(4)):
            others = set(found.class_names) - set(scenes.CLASS_NAMES)
            require(not others, f"class names among {scenes.CLASS_NAMES}", others, "use detections.class_names")
            right = bool(((found.scores >= 0) & (found.scores <= 1)).all())
            require(right, "scores in [0, 1]", found.scores.tolist(), "give the detector's score of each box")

    def test_what_it_is_given_stays_as_it_was(self) -> None:
        self.left_alone(lambda: scenes.steady(5), lambda scene: self.track(self.fresh(), scene))

    def test_it_is_deterministic(self) -> None:
        one, other = (self.track(self.fresh(), scenes.steady(6)) for _ in range(2))
        fix = "seed what is random, and do not depend on the order of sets"
        require_same(one, other, "the same tracks for the same video", fix, self.tolerance)

    def test_reset_is_fresh(self) -> None:
        used = self.fresh()
        self.track(used, scenes.steady(8))
        again, fresh = self.track(used, scenes.steady(7)), self.track(self.fresh(), scenes.steady(7))
        fix = "make everything that update changes anew in reset, the id counter too"
        require_same(again, fresh, "reset to equal a fresh instance", fix, self.tolerance)

    def test_instances_are_apart(self) -> None:
        first, second = scenes.steady(10), scenes.steady(11)
        one, other = self.fresh(), self.make()
        one.reset(first.stream)
        other.reset(second.stream)
        mixed: tuple[list[TrackedFrame], list[TrackedFrame]] = ([], [])
        for row in range(len(first.frames)):
            for found, tracker, scene in zip(mixed, (one, other), (first, second), strict=True):
                found.append(self.update(tracker, scene.frames[row], scene.detections[row], scene.embeddings[row]))
        alone = (self.track(self.make(), first), self.track(self.make(), second))
        fix = "keep state and the id counter in the instance, not in the class or the module"
        require_same(mixed, alone, "two instances in turn to give what each gives alone", fix, self.tolerance)

    def test_frames_without_boxes_are_taken(self) -> None:
        scene = scenes.gaps(12)
        found = self.track(self.fresh(), scene)
        after = _ids(found[len(found) // 2 + 2 :])
        fix = "let update run for 0 boxes, also in the first frames; predict and age the tracks"
        require(bool(after), "tracks to be found again after frames without boxes", "none", fix)

    def test_boxes_partly_outside_are_taken(self) -> None:
        found = self.track(self.fresh(), scenes.outside())
        require(
            bool(_ids(found)), "tracks of things at the picture's edges", "none", "do not drop boxes that reach out"
        )

    def test_one_box_is_one_track(self) -> None:
        if not self.reads_detections:
            self.skip("its tracks are not of the detections")
        ids = set(_ids(self.track(self.fresh(), scenes.lone())))
        require(len(ids) == 1, "one id for the only thing", sorted(ids), "mind arrays with a single row, and squeeze()")

    def test_500_boxes_are_taken(self) -> None:
        if not self.reads_detections:
            self.skip("its tracks are not of the detections")
        most = max(len(found.track_ids) for found in self.track(self.fresh(), scenes.crowd()))
        require(most <= 500, "at most one track per box", f"{most} tracks of 500 boxes", "report each box once")

    def test_two_walkers_cross(self) -> None:
        if not self.reads_detections:
            self.skip("its tracks are not of the detections")
        found = self.track(self.fresh(), scenes.crossing())
        ids, most = set(_ids(found)), max(len(one.track_ids) for one in found)
        fix = "match each box to one track, and keep tracks through an overlap"
        require(most <= 2, "at most two tracks of two walkers at a time", f"{most} tracks", fix)
        require(2 <= len(ids) <= 4, "two walkers to have two ids, or up to four where they meet", sorted(ids), fix)

    def test_odd_and_tiny_frames_are_taken(self) -> None:
        tracker = self.fresh()
        for width, height in scenes.ODD_SIZES:
            found = self.track(tracker, scenes.odd(width, height))
            fix = "do not rely on a least size or an even one"
            right = all(isinstance(one, TrackedFrame) for one in found)
            require(right, f"answers for {width} x {height} pixels", found, fix)

    def test_update_before_reset_is_refused(self) -> None:
        if not self.reads_detections:
            self.skip("it keeps nothing of a video that reset would begin")
        scene = scenes.steady(13)
        row = (scene.frames[0], scene.detections[0], scene.embeddings[0])
        self.refused("update before reset", lambda: self.update(self.fresh(), *row))

    def test_wrong_embeddings_are_refused(self) -> None:
        if not self.reads_embeddings:
            self.skip("it reads no embeddings")
        scene = scenes.steady(14)
        right = scene.embeddings[0]
        not_finite = right.copy()
        not_finite[0, 0] = np.nan
        for what, wrong in {
            "missing embeddings": None,
            "fewer embeddings than boxes": right[:-1],
            "an embedding that is not finite": not_finite,
            "embeddings of one dimension": right[0],
        }.items():
            tracker = self.fresh()
            tracker.reset(scene.stream)
            self.refused(what, lambda: tracker.update(scene.frames[0], scene.detections[0], wrong))  # noqa: B023 called at once

    def test_only_contract_errors_leave_it(self) -> None:
        scene = scenes.steady(15, 6)
        flat = [replace(found, boxes_xyxy=found.boxes_xyxy[:, [0, 1, 0, 1]].copy()) for found in scene.detections]
        unsure = [replace(found, scores=np.zeros_like(found.scores)) for found in scene.detections]
        twice = [replace(found, boxes_xyxy=found.boxes_xyxy[[0, 0, 0]].copy()) for found in scene.detections]
        huge = [replace(found, boxes_xyxy=found.boxes_xyxy * np.float32(1e6)) for found in scene.detections]
        for what, wrong in {
            "boxes without an area": replace(scene, detections=flat),
            "scores of 0": replace(scene, detections=unsure),
            "a box that comes three times": replace(scene, detections=twice),
            "boxes far larger than the frame": replace(scene, detections=huge),
            "frames of another size than the stream's": replace(scene, stream=scenes.odd(17, 13).stream),
        }.items():
            self.answer_or_error(what, lambda: self.track(self.fresh(), wrong))  # noqa: B023 called at once

    def test_warnings_are_texts(self) -> None:
        tracker = self.fresh()
        self.track(tracker, scenes.steady(16))
        warnings = tracker.warnings()
        require(are_texts(warnings), "a tuple of texts from warnings()", repr(warnings), "return () for none")


def _ids(found: list[TrackedFrame]) -> list[int]:
    return [track_id for one in found for track_id in one.track_ids.tolist()]


def _best_overlap(box: npt.NDArray[np.float32], others: npt.NDArray[np.float32]) -> float:
    """Give the largest intersection over union of a box with (N, 4) others."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = np.maximum(sides, 0).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
    return float(np.max(shared / np.maximum(areas - shared, 1e-9), initial=0.0))
