"""What every embedder keeps to, and every matcher that embeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Appearance, Frame

from . import scenes
from .checks import PluginConformance
from .comparing import require, require_same
from .scenes import Scene

_FRAMES = 3


class EmbedderConformance(PluginConformance):
    """Checks of an embedder; inherit, and set `plugin` and `options`."""

    kind: ClassVar[str] = "embedder"

    def use(self, plugin: Any) -> None:
        """Embed other boxes."""
        self.embed(plugin, scenes.steady(99, 1))

    def embed(self, embedder: Any, scene: Scene) -> list[Appearance]:
        """Embed all boxes of a video in one call."""
        return list(embedder.embed(scene.frames, scene.boxes_xyxy))

    def test_it_answers_for_each_box(self) -> None:
        scene = scenes.steady(0, _FRAMES)
        found = self.embed(self.fresh(), scene)
        right = all(isinstance(one, Appearance) for one in found)
        require(right, "Appearances", [type(one).__name__ for one in found], "return a list of them from embed")
        got, wanted = [len(one) for one in found], [len(boxes) for boxes in scene.boxes_xyxy]
        require(got == wanted, f"one Appearance per frame, of {wanted} rows", got, "keep the order of frames and boxes")

    def test_different_things_look_different(self) -> None:
        (found,) = self.embed(self.fresh(), scenes.steady(1, 1))
        same = difference_of_rows(found.embeddings) <= self.tolerance
        fix = "cut each box out of its frame; x is the column, y the row"
        require(not same, "other embeddings for other pictures", "the same for all boxes", fix)

    def test_what_it_is_given_stays_as_it_was(self) -> None:
        self.left_alone(lambda: scenes.steady(2, _FRAMES), lambda scene: self.embed(self.fresh(), scene))

    def test_it_is_deterministic(self) -> None:
        one, other = (self.embed(self.fresh(), scenes.steady(3, _FRAMES)) for _ in range(2))
        fix = "seed what is random, and switch dropout off"
        require_same(one, other, "the same embeddings for the same boxes", fix, self.tolerance)

    def test_it_keeps_no_state(self) -> None:
        embedder = self.fresh()
        self.embed(embedder, scenes.steady(5, _FRAMES))
        again, fresh = (self.embed(one, scenes.steady(4, _FRAMES)) for one in (embedder, self.fresh()))
        fix = "do not keep results by the frame's index: the next video has the same indices"
        require_same(again, fresh, "a used instance to equal a fresh one", fix, self.tolerance)

    def test_instances_are_apart(self) -> None:
        first, second = scenes.steady(6, _FRAMES), scenes.steady(7, _FRAMES)
        one, other = self.fresh(), self.make()
        mixed: tuple[list[Appearance], list[Appearance]] = ([], [])
        for row in range(_FRAMES):
            for found, embedder, scene in zip(mixed, (one, other), (first, second), strict=True):
                found.extend(embedder.embed([scene.frames[row]], [scene.boxes_xyxy[row]]))
        alone = tuple(self._singly(self.make(), scene) for scene in (first, second))
        fix = "keep state in the instance, not in the class or the module"
        require_same(mixed, alone, "two instances in turn to give what each gives alone", fix, self.tolerance)

    def test_batches_are_singles(self) -> None:
        scene = scenes.steady(8, _FRAMES)
        batched, single = self.embed(self.fresh(), scene), self._singly(self.fresh(), scene)
        fix = "let no box's embedding depend on what else is in the batch (batch norm in training mode, padding)"
        require_same(batched, single, "the same embeddings whatever the batch", fix, self.tolerance)

    def test_frames_without_boxes_are_taken(self) -> None:
        scene = scenes.gaps(9, 8)
        embedder = self.fresh()
        alone = embedder.embed(scene.frames[:1], scene.boxes_xyxy[:1])
        widths = {one.embeddings.shape[1] for one in [*alone, *self.embed(embedder, scene)]}
        fix = "give (0, D) float32 for a frame without boxes, D as for the others"
        require(len(widths) == 1, "embeddings of one width, also where there are no boxes", widths, fix)

    def test_no_frames_are_no_answers(self) -> None:
        none = list(self.fresh().embed([], []))
        require(none == [], "[] for no frames", repr(none), "return early where there are no frames")

    def test_boxes_partly_outside_are_taken(self) -> None:
        self._all_rows(scenes.outside(20).frames, scenes.outside(20).boxes_xyxy, "clip boxes to the picture")

    def test_one_box_is_taken(self) -> None:
        scene = scenes.lone(2)
        self._all_rows(scene.frames, scene.boxes_xyxy, "mind squeeze(), which takes the batch away too")

    def test_500_boxes_are_taken(self) -> None:
        scene = scenes.crowd(1)
        self._all_rows(scene.frames, scene.boxes_xyxy, "embed in parts of a bounded size")

    def test_odd_and_tiny_frames_are_taken(self) -> None:
        small = [scenes.odd(*size, 1) for size in scenes.ODD_SIZES]
        frames, boxes = [scene.frames[0] for scene in small], [scene.boxes_xyxy[0] for scene in small]
        self._all_rows(frames, boxes, "a crop of a pixel or less may shrink to nothing: keep a pixel")

    def test_only_contract_errors_leave_it(self) -> None:
        scene = scenes.steady(10, 2)
        flat = [boxes[:, [0, 1, 0, 1]].copy() for boxes in scene.boxes_xyxy]
        embedder = self.fresh()
        for what, boxes in {
            "boxes without an area": flat,
            "boxes wholly outside the picture": [boxes + np.float32(1e4) for boxes in scene.boxes_xyxy],
            "boxes far larger than the picture": [
                boxes * np.array([-1e4, -1e4, 1e4, 1e4], np.float32) for boxes in flat
            ],
        }.items():
            self.answer_or_error(what, lambda: embedder.embed(scene.frames, boxes))  # noqa: B023 called at once

    def _singly(self, embedder: Any, scene: Scene) -> list[Appearance]:
        pairs = zip(scene.frames, scene.boxes_xyxy, strict=True)
        return [found for frame, boxes in pairs for found in embedder.embed([frame], [boxes])]

    def _all_rows(self, frames: Sequence[Frame], boxes: Sequence[npt.NDArray[np.float32]], fix: str) -> None:
        got, wanted = [len(one) for one in self.fresh().embed(frames, boxes)], [len(one) for one in boxes]
        require(got == wanted, f"a row per box, {wanted}", got, fix)


def difference_of_rows(rows: npt.NDArray[np.float32]) -> float:
    """Give by how much (N, D) rows differ from the first at most."""
    return float(np.abs(rows - rows[:1]).max(initial=0.0))
