"""What every matcher keeps to."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import QueryError
from trackspeak.models.trajectory import trajectory_window
from trackspeak.plugins.contract import Frame, Observations, Phrases, Scores, Segments

from . import scenes
from .checks import PluginConformance, are_texts
from .comparing import arrays, require, require_same
from .scenes import Scene

_FRAMES = 4


class MatcherConformance(PluginConformance):
    """Checks of a matcher; inherit, and set `plugin` and `options`.

    Attributes:
        texts: what it is asked.
        long_text: a text that its encoder has no room for; "" where it takes any.
    """

    kind: ClassVar[str] = "matcher"
    texts: tuple[str, ...] = ("the red car", "vehicles moving to the left", "a blue bus")
    long_text: str = "car " * 5000

    def use(self, plugin: Any) -> None:
        """Score another video."""
        self.match(plugin, scenes.steady(99, 2), ("a dog",))

    def match(self, matcher: Any, scene: Scene, texts: Sequence[str] | None = None) -> Scores:
        """Score all things of a video."""
        observed = Observations.concatenate(matcher.observe(scene.frames, scene.boxes_xyxy))
        return self._score(matcher, observed, scene, texts)

    def segments(self, matcher: Any, scene: Scene) -> Segments:
        """Give two segments for each thing of a scene: all of it, and its last frame."""
        boxes = np.stack(scene.boxes_xyxy)  # (F, K, 4)
        frames, count = boxes.shape[:2]
        looks, size = matcher.sampling.looks, (scene.stream.width, scene.stream.height)
        spread = np.linspace(0, frames - 1, looks).round().astype(np.int64)
        rows, windows = [], []
        times = np.array([frame.time_s for frame in scene.frames])
        for thing in range(count):
            for looked in (spread, np.full(looks, frames - 1)):
                rows.append(looked * count + thing)
                windows.append(trajectory_window(times, boxes[:, thing], size))
        ids = np.repeat(np.arange(count, dtype=np.int64), 2)
        first, last = 0 * ids + scene.frames[0].index, 0 * ids + scene.frames[-1].index
        return Segments(ids, first, last, np.array(rows, np.int64), np.stack(windows))

    def test_it_observes_each_box(self) -> None:
        scene = scenes.steady(0, _FRAMES)
        for frame, boxes, found in zip(
            scene.frames, scene.boxes_xyxy, self.fresh().observe(scene.frames, scene.boxes_xyxy), strict=True
        ):
            got = (found.frame_indices.tolist(), len(found.look_frame_rows))
            wanted = ([frame.index], len(boxes))
            fix = (
                "return one Observations per frame: one frame row with its index, and a look row per box in their order"
            )
            require(got == wanted, f"frame and number of looks {wanted}", got, fix)

    def test_it_describes_each_text(self) -> None:
        found = self.fresh().describe(self.texts)
        require(isinstance(found, Phrases), "Phrases", type(found).__name__, "return Phrases from describe")
        require(found.texts == self.texts, f"the texts as given, {self.texts}", found.texts, "keep order and spelling")

    def test_warnings_are_texts(self) -> None:
        warnings = self.fresh().describe(self.texts).warnings
        require(are_texts(warnings), "a tuple of texts as warnings of Phrases", repr(warnings), "give () for none")

    def test_it_scores_each_segment_for_each_text(self) -> None:
        scene, matcher = scenes.steady(1, _FRAMES), self.fresh()
        got = self.match(matcher, scene).values.shape
        wanted = (len(self.segments(matcher, scene)), len(self.texts))
        require(got == wanted, f"scores of the shape {wanted}", got, "a row per segment, a column per text")

    def test_probabilities_are_some(self) -> None:
        found = self.match(self.fresh(), scenes.steady(2, _FRAMES))
        right = found.kind != "probability" or bool(((found.values >= 0) & (found.values <= 1)).all())
        got = f"{found.values.min()} to {found.values.max()}"
        require(right, "probabilities in [0, 1]", got, "clip them, or say that they are of kind cosine")

    def test_no_segments_are_taken(self) -> None:
        scene, matcher = scenes.steady(3, 2), self.fresh()
        whole = self.segments(matcher, scene)
        observed = Observations.concatenate(matcher.observe(scene.frames, scene.boxes_xyxy))
        ids, rows = whole.track_ids[:0], whole.look_rows[:0]
        none = Segments(ids, ids, ids, rows, whole.windows[:0])
        got = matcher.score(observed, none, matcher.describe(self.texts)).values.shape
        require(got == (0, len(self.texts)), f"scores of the shape (0, {len(self.texts)})", got, "mind no segments")

    def test_what_it_is_given_stays_as_it_was(self) -> None:
        self.left_alone(lambda: scenes.steady(4, _FRAMES), lambda scene: self.match(self.fresh(), scene))
        scene, matcher = scenes.steady(4, _FRAMES), self.fresh()
        observed = Observations.concatenate(matcher.observe(scene.frames, scene.boxes_xyxy))
        given = (observed, self.segments(matcher, scene), matcher.describe(self.texts))
        self.left_alone(lambda: deepcopy(given), lambda again: matcher.score(*again))

    def test_it_is_deterministic(self) -> None:
        one, other = (self.match(self.fresh(), scenes.steady(5, _FRAMES)) for _ in range(2))
        fix = "seed what is random, and switch dropout off"
        require_same(one, other, "the same scores for the same video", fix, self.tolerance)

    def test_it_keeps_no_state(self) -> None:
        used = self.fresh()
        self.match(used, scenes.steady(7, _FRAMES), self.texts[::-1])
        again, fresh = (self.match(one, scenes.steady(6, _FRAMES)) for one in (used, self.fresh()))
        fix = "do not keep results by the frame's index or a text's position: they come again"
        require_same(again, fresh, "a used instance to equal a fresh one", fix, self.tolerance)

    def test_instances_are_apart(self) -> None:
        first, second = scenes.steady(8, _FRAMES), scenes.steady(9, _FRAMES)
        one, other = self.fresh(), self.make()
        mixed: tuple[list[Observations], list[Observations]] = ([], [])
        for row in range(_FRAMES):
            for found, matcher, scene in zip(mixed, (one, other), (first, second), strict=True):
                found.extend(matcher.observe([scene.frames[row]], [scene.boxes_xyxy[row]]))
        alone = tuple(self._singly(self.make(), scene) for scene in (first, second))
        fix = "keep state in the instance, not in the class or the module"
        require_same(mixed, alone, "two instances in turn to give what each gives alone", fix, self.tolerance)

    def test_batches_are_singles(self) -> None:
        scene = scenes.steady(10, _FRAMES)
        batched, single = list(self.fresh().observe(scene.frames, scene.boxes_xyxy)), self._singly(self.fresh(), scene)
        fix = "let no look depend on what else is in the batch (batch norm in training mode, padding)"
        require_same(batched, single, "the same observations whatever the batch", fix, self.tolerance)

    def test_texts_are_apart(self) -> None:
        scene, matcher = scenes.steady(11, _FRAMES), self.fresh()
        together = self.match(matcher, scene).values
        for column, text in enumerate(self.texts):
            alone = self.match(matcher, scene, (text,)).values[:, 0]
            fix = "let no text's scores depend on what else is asked"
            wanted = f"the same scores of {text!r} by itself"
            require_same(together[:, column], alone, wanted, fix, self.tolerance)

    def test_it_scores_from_what_was_stored(self) -> None:
        scene, matcher = scenes.steady(12, _FRAMES), self.fresh()
        observed = Observations.concatenate(matcher.observe(scene.frames, scene.boxes_xyxy))
        kinds = {array.dtype.kind for array in arrays(observed)}
        require("O" not in kinds, "observations that can be stored", "Python objects in an array", "keep numbers alone")
        now, later = (self._score(one, deepcopy(observed), scene) for one in (matcher, self.make()))
        fix = "put all that score needs of the video into the Observations"
        require_same(now, later, "a new instance to score what another one observed", fix, self.tolerance)

    def test_boxes_partly_outside_are_taken(self) -> None:
        scene = scenes.outside(20)
        self._all_rows(scene.frames, scene.boxes_xyxy, "clip boxes to the picture")

    def test_one_box_is_taken(self) -> None:
        matcher, scene = self.fresh(), scenes.lone(1)
        got = self.match(matcher, scene, self.texts[:1]).values.shape
        require(got == (2, 1), "scores of the shape (2, 1)", got, "mind squeeze(), which takes the batch away too")

    def test_500_boxes_are_taken(self) -> None:
        scene = scenes.crowd(1)
        self._all_rows(scene.frames, scene.boxes_xyxy, "encode in parts of a bounded size")

    def test_odd_and_tiny_frames_are_taken(self) -> None:
        small = [scenes.odd(*size, 1) for size in scenes.ODD_SIZES]
        frames, boxes = [scene.frames[0] for scene in small], [scene.boxes_xyxy[0] for scene in small]
        self._all_rows(frames, boxes, "a crop of a pixel or less may shrink to nothing: keep a pixel")

    def test_long_texts_are_refused(self) -> None:
        if not self.long_text:
            self.skip("it takes texts of any length")
        try:
            self.fresh().describe([self.long_text])
        except QueryError:
            return
        fix = "raise trackspeak.models.errors.QueryError with the text and how long it may be"
        require(False, "a QueryError for a text that is too long", "an answer", fix)

    def test_only_contract_errors_leave_it(self) -> None:
        matcher = self.fresh()
        for what, texts in {
            "an empty text": ("",),
            "a text of blanks": (" \n",),
            "a text of signs": ("¿ 東京 \x00?",),
        }.items():
            self.answer_or_error(what, lambda: matcher.describe(texts))  # noqa: B023 called at once
        scene = scenes.steady(13, 2)
        flat = [boxes[:, [0, 1, 0, 1]].copy() for boxes in scene.boxes_xyxy]
        away = [boxes + np.float32(1e4) for boxes in scene.boxes_xyxy]
        for what, wrong in {"boxes without an area": flat, "boxes wholly outside the picture": away}.items():
            self.answer_or_error(what, lambda: matcher.observe(scene.frames, wrong))  # noqa: B023 called at once

    def test_what_was_embedded_need_not_be_encoded_again(self) -> None:
        matcher = self.fresh()
        if not hasattr(matcher, "embed"):
            self.skip("it embeds nothing for trackers")
        scene = scenes.steady(14, _FRAMES)
        appearances = [*matcher.embed(scene.frames[1:], scene.boxes_xyxy[1:])]
        plain = matcher.observe(scene.frames, scene.boxes_xyxy)
        given = matcher.observe(scene.frames, scene.boxes_xyxy, [None, *appearances])
        fix = "take from an Appearance what embed put there, and encode the rest"
        require_same(given, plain, "the same observations with what embed gave", fix, self.tolerance)

    def test_vectors_of_segments_score_as_the_segments_do(self) -> None:
        matcher = self.fresh()
        if not getattr(matcher, "searchable", False):
            self.skip("its segments cannot be kept as vectors")
        scene = scenes.steady(15, _FRAMES)
        observed = Observations.concatenate(matcher.observe(scene.frames, scene.boxes_xyxy))
        segments, phrases = self.segments(matcher, scene), matcher.describe(self.texts)
        kept, wanted = matcher.segment_vectors(observed, segments), matcher.score(observed, segments, phrases)
        got = matcher.score_vectors(kept, phrases)
        fix = "keep in vectors and extras all that the exact score needs"
        require_same(got, wanted, "the scores of the segments themselves", fix, max(self.tolerance, 1e-4))
        asked = matcher.text_vectors(phrases)
        shapes = (asked.vectors.shape, len(kept))
        width = kept.vectors.shape[1]
        fix = "give a vector per text and per segment, all of one length"
        require(shapes == ((len(self.texts), width), len(segments)), f"vectors of {width} numbers", shapes, fix)

    def _score(self, matcher: Any, observed: Observations, scene: Scene, texts: Sequence[str] | None = None) -> Scores:
        phrases = matcher.describe(self.texts if texts is None else texts)
        found: Scores = matcher.score(observed, self.segments(matcher, scene), phrases)
        return found

    def _singly(self, matcher: Any, scene: Scene) -> list[Observations]:
        pairs = zip(scene.frames, scene.boxes_xyxy, strict=True)
        return [found for frame, boxes in pairs for found in matcher.observe([frame], [boxes])]

    def _all_rows(self, frames: Sequence[Frame], boxes: Sequence[npt.NDArray[np.float32]], fix: str) -> None:
        found = self.fresh().observe(frames, boxes)
        got, wanted = [len(one.look_frame_rows) for one in found], [len(one) for one in boxes]
        require(got == wanted, f"a look row per box, {wanted}", got, fix)
