"""What every detector keeps to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from trackspeak.plugins.contract import Detections, Frame, StreamInfo

from . import scenes
from .checks import PluginConformance, are_texts
from .comparing import require, require_same
from .scenes import Scene


class DetectorConformance(PluginConformance):
    """Checks of a detector; inherit, and set `plugin` and `options`.

    Attributes:
        finds_something: whether it should find something in `scene`; drawn rectangles move there.
        texts: what a detector is asked to look for that has `requirements.texts`.
    """

    kind: ClassVar[str] = "detector"
    finds_something: bool = True
    texts: tuple[str, ...] = ("a red car", "a blue car")

    def scene(self, seed: int) -> Scene:
        """Give one of several videos of one size; override it for a detector that finds nothing in drawn ones."""
        return scenes.steady(seed)

    def use(self, plugin: Any) -> None:
        """Look at another video for a while."""
        self.detect(plugin, self.scene(99).first(2))

    def start(self, detector: Any, stream: StreamInfo, frames: Sequence[Frame]) -> None:
        """Begin a video as the pipeline does: texts, reset, the first seconds."""
        if detector.requirements.texts:
            detector.look_for(self.texts)
        detector.reset(stream)
        if detector.lookahead_s > 0:
            detector.prepare(frame for frame in frames if frame.time_s <= detector.lookahead_s)

    def detect(self, detector: Any, scene: Scene, batch: int = 8) -> list[Detections]:
        """Look at a whole video in batches, from its reset on."""
        self.start(detector, scene.stream, scene.frames)
        starts = range(0, len(scene.frames), batch)
        return [found for first in starts for found in detector.detect(scene.frames[first : first + batch])]

    def test_the_lookahead_is_a_time(self) -> None:
        seconds = self.make().lookahead_s
        right = isinstance(seconds, int | float) and 0 <= seconds < float("inf")
        require(right, "lookahead_s in seconds, 0 for none", repr(seconds), "give a number of at least 0")

    def test_it_answers_for_each_frame(self) -> None:
        scene = self.scene(0)
        found = self.detect(self.fresh(), scene, 7)
        right = len(found) == len(scene.frames) and all(isinstance(one, Detections) for one in found)
        got = f"{len(found)} answers, of {sorted({type(one).__name__ for one in found})}"
        require(right, f"one Detections for each of {len(scene.frames)} frames", got, "return a list, one per frame")

    def test_class_names_stay(self) -> None:
        names = {found.class_names for found in self.detect(self.fresh(), self.scene(1))}
        fix = "give all names of the detector with every frame, also where a class was not found"
        require(len(names) == 1, "the same class names with every frame", names, fix)

    def test_it_finds_something(self) -> None:
        if not self.finds_something:
            self.skip("it is said to find nothing in drawn videos")
        count = sum(map(len, self.detect(self.fresh(), self.scene(2))))
        fix = "override `scene` to give videos that it finds something in, or set finds_something = False"
        require(count > 0, "boxes in a video where there is something", "none", fix)

    def test_boxes_belong_to_the_frame(self) -> None:
        scene = self.scene(3)
        for found in self.detect(self.fresh(), scene):
            left, top, right, bottom = found.boxes_xyxy.T
            apart = (left >= scene.stream.width) | (top >= scene.stream.height) | (right <= 0) | (bottom <= 0)
            size = f"{scene.stream.width} x {scene.stream.height}"
            fix = "scale boxes back from the network's input, and give left, top, right, bottom"
            require(not apart.any(), f"boxes within {size} pixels", found.boxes_xyxy[apart].tolist(), fix)

    def test_what_it_is_given_stays_as_it_was(self) -> None:
        self.left_alone(lambda: self.scene(4), lambda scene: self.detect(self.fresh(), scene))

    def test_it_is_deterministic(self) -> None:
        one, other = (self.detect(self.fresh(), self.scene(5)) for _ in range(2))
        require_same(one, other, "the same boxes for the same video", "seed what is random", self.tolerance)

    def test_reset_is_fresh(self) -> None:
        used, fresh = self.fresh(), self.fresh()
        self.detect(used, self.scene(7))
        again, anew = ((self.detect(detector, self.scene(6)), tuple(detector.warnings())) for detector in (used, fresh))
        fix = "make everything that detect changes anew in reset"
        require_same(again, anew, "reset to equal a fresh instance, its warnings too", fix, self.tolerance)

    def test_instances_are_apart(self) -> None:
        first, second = self.scene(8), self.scene(9)
        one, other = self.fresh(), self.make()
        self.start(one, first.stream, first.frames)
        self.start(other, second.stream, second.frames)
        mixed: tuple[list[Detections], list[Detections]] = ([], [])
        for frame, other_frame in zip(first.frames, second.frames, strict=True):
            mixed[0].extend(one.detect([frame]))
            mixed[1].extend(other.detect([other_frame]))
        alone = (self.detect(self.make(), first, 1), self.detect(self.make(), second, 1))
        fix = "keep state in the instance, not in the class or the module"
        require_same(mixed, alone, "two instances in turn to give what each gives alone", fix, self.tolerance)

    def test_batches_are_singles(self) -> None:
        batched, single = (self.detect(self.fresh(), self.scene(10), batch) for batch in (5, 1))
        fix = "let no frame's boxes depend on what else is in the batch (padding, a shared scale)"
        require_same(batched, single, "the same boxes whatever the batch", fix, self.tolerance)

    def test_no_frames_are_no_answers(self) -> None:
        detector = self.fresh()
        self.detect(detector, self.scene(11).first(8))
        found = detector.detect([])
        require(found == [], "[] for no frames", repr(found), "return early where there are no frames")

    def test_bare_frames_are_taken(self) -> None:
        scene = self.scene(12)
        middle = len(scene.frames) // 2
        bare = {0, 1, middle, middle + 1, len(scene.frames) - 1}
        frames = [
            replace(frame, rgb=np.zeros_like(frame.rgb)) if frame.index in bare else frame for frame in scene.frames
        ]
        found = self.detect(self.fresh(), replace(scene, frames=frames))
        wanted = f"an answer for each of {len(frames)} frames, black ones too"
        require(len(found) == len(frames), wanted, len(found), "give Detections.empty(names) where there is nothing")

    def test_odd_and_tiny_frames_are_taken(self) -> None:
        detector = self.fresh()
        for width, height in scenes.ODD_SIZES:
            scene = scenes.odd(width, height, 2)
            found = self.detect(detector, scene)
            fix = "do not rely on a least size or an even one; a side may shrink to 0 when it is scaled"
            require(len(found) == len(scene.frames), f"answers for {width} x {height} pixels", len(found), fix)

    def test_only_contract_errors_leave_it(self) -> None:
        scene = self.scene(13).first(6)
        detector = self.fresh()
        if detector.requirements.texts:
            detector.look_for(self.texts)
        self.answer_or_error("detect before reset", lambda: detector.detect(scene.frames))
        other = scenes.odd(17, 13).stream
        what = "frames of another size than the stream's"
        self.answer_or_error(what, lambda: self.detect(detector, replace(scene, stream=other)))

    def test_warnings_are_texts(self) -> None:
        detector = self.fresh()
        self.detect(detector, self.scene(14).first(8))
        warnings = detector.warnings()
        require(are_texts(warnings), "a tuple of texts from warnings()", repr(warnings), "return () for none")
