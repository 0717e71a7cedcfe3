"""The contracts themselves: Protocols, so that a plugin inherits nothing.

A plugin is a class found by an entry point. It has a docstring whose first line says what it is, a
frozen dataclass `Options` (every field with a default or documented as required), `requirements`,
and takes its options as the only argument of its constructor. Its module imports heavy libraries
inside functions, so that listing plugins loads none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from .appearance import Appearance
from .detections import Detections
from .frames import Frame, StreamInfo
from .matching import Observations, Phrases, Scores
from .segments import Sampling, Segments
from .tracks import Postprocessed, TrackedFrame, Trajectory
from .vectors import SegmentVectors, TextVectors


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a plugin needs to work.

    Attributes:
        pixels: a tracker reads `Frame.rgb`; detectors and matchers always may.
        detections: a tracker reads detections; one that replays a file does not.
        embeddings: a tracker reads appearance embeddings.
        texts: a detector looks for what sentences name; see `OpenVocabularyDetector`.
        static_camera: results are only good where the camera stands still.
        packages: modules that must be importable beside the core's own dependencies, or distributions with their
            versions, `opencv-python<5`; where one is not there, the plugin is listed with that as its reason.
    """

    pixels: bool = False
    detections: bool = True
    embeddings: bool = False
    texts: bool = False
    static_camera: bool = False
    packages: tuple[str, ...] = ()


class Plugin(Protocol):
    """What every plugin class has."""

    Options: ClassVar[type[Any]]
    requirements: ClassVar[Requirements]


class Detector(Plugin, Protocol):
    """Finds boxes in frames."""

    @property
    def lookahead_s(self) -> float:
        """Seconds of video that `prepare` wants to see before frame 0; 0 for none."""

    @property
    def weights(self) -> dict[str, str]:
        """Name -> SHA-256 of every weight file in use; empty for none."""

    def reset(self, stream: StreamInfo) -> None:
        """Forget everything and begin a new video; equal to a fresh instance."""

    def prepare(self, frames: Iterable[Frame]) -> None:
        """See the first `lookahead_s` seconds, which come again in `detect`; called if above 0."""

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """Find the boxes of consecutive frames, one `Detections` each."""

    def warnings(self) -> tuple[str, ...]:
        """What the user should know of this video, asked once at its end."""


class OpenVocabularyDetector(Detector, Protocol):
    """A detector that finds what sentences name; it has `requirements.texts`."""

    def look_for(self, texts: Sequence[str]) -> None:
        """Take the sentences that will be asked; called before `reset`."""


class Embedder(Plugin, Protocol):
    """Makes appearance embeddings, for trackers that want them. A matcher that has `embed` is one too."""

    @property
    def weights(self) -> dict[str, str]:
        """Name -> SHA-256 of every weight file in use; empty for none."""

    def embed(self, frames: Sequence[Frame], boxes_xyxy: Sequence[npt.NDArray[np.float32]]) -> list[Appearance]:
        """Embed boxes.

        Args:
            frames: F frames.
            boxes_xyxy: for each frame its (N, 4) boxes, N may be 0.

        Returns:
            One `Appearance` per frame, its rows in the order given.
        """


class Tracker(Plugin, Protocol):
    """Joins the boxes of successive frames into tracks."""

    @property
    def weights(self) -> dict[str, str]:
        """Name -> SHA-256 of every weight file in use; empty for none."""

    def reset(self, stream: StreamInfo) -> None:
        """Forget everything, the id counter too; equal to a fresh instance."""

    def update(
        self, frame: Frame, detections: Detections, embeddings: npt.NDArray[np.float32] | None = None
    ) -> TrackedFrame:
        """Take the next frame, empty ones too, and give its confirmed tracks.

        Args:
            frame: the frame.
            detections: its N boxes.
            embeddings: (N, D) appearance vectors, if `requirements.embeddings`; D is 0 where there is no box.
        """

    def warnings(self) -> tuple[str, ...]:
        """What the user should know of this video, asked once at its end."""


class Postprocessor(Plugin, Protocol):
    """Mends the tracks of a whole video once it is over: joins, fills or smooths them."""

    @property
    def weights(self) -> dict[str, str]:
        """Name -> SHA-256 of every weight file in use; empty for none."""

    def __call__(self, trajectories: Sequence[Trajectory], frame_times_s: npt.NDArray[np.float64]) -> Postprocessed:
        """Give the mended tracks.

        Args:
            trajectories: all tracks, by id.
            frame_times_s: (F,) the time of every frame of the video, in seconds.
        """


class Matcher(Plugin, Protocol):
    """Scores trajectories against texts."""

    @property
    def sampling(self) -> Sampling:
        """What it wants to see of a trajectory."""

    @property
    def weights(self) -> dict[str, str]:
        """Name -> SHA-256 of every weight file in use; empty for none."""

    def observe(self, frames: Sequence[Frame], boxes_xyxy: Sequence[npt.NDArray[np.float32]]) -> list[Observations]:
        """Everything that does not depend on a text, for the looks of some frames.

        Args:
            frames: F frames.
            boxes_xyxy: for each frame the (N, 4) boxes to look at, N above 0.

        Returns:
            One `Observations` per frame, each of one frame row and N look rows in the order given.
        """

    def describe(self, texts: Sequence[str]) -> Phrases:
        """Encode texts.

        Raises:
            QueryError: if a text is longer than the encoder's context.
        """

    def score(self, observations: Observations, segments: Segments, phrases: Phrases) -> Scores:
        """Score every segment against every text, from what was stored alone."""


class EmbeddingMatcher(Matcher, Embedder, Protocol):
    """A matcher whose encoder serves the tracker too, so that a crop that both want is encoded once."""

    def observe(
        self,
        frames: Sequence[Frame],
        boxes_xyxy: Sequence[npt.NDArray[np.float32]],
        appearances: Sequence[Appearance | None] | None = None,
    ) -> list[Observations]:
        """Observe as every matcher does.

        Args:
            frames: F frames.
            boxes_xyxy: for each frame the (N, 4) boxes to look at.
            appearances: for each frame what `embed` gave for these very boxes, or None.
        """


class SearchableMatcher(Matcher, Protocol):
    """A matcher whose segments can be kept as vectors, so that many videos are searched at once."""

    @property
    def searchable(self) -> bool:
        """Whether the model that is loaded allows that."""

    def segment_vectors(self, observations: Observations, segments: Segments) -> SegmentVectors:
        """Do for segments everything that no text is needed for."""

    def text_vectors(self, phrases: Phrases) -> TextVectors:
        """Give what finds, by inner products with the vectors of segments, those that score best."""

    def score_vectors(self, segment_vectors: SegmentVectors, phrases: Phrases) -> Scores:
        """Give the scores that `score` gives for the segments themselves, but for rounding."""


class Calibrator(Plugin, Protocol):
    """Maps scores to scores: shifts cosines, or turns them into probabilities."""

    @property
    def weights(self) -> dict[str, str]:
        """Name -> SHA-256 of every weight file in use; empty for none."""

    def __call__(self, scores: Scores, phrases: Phrases) -> Scores:
        """Give the calibrated scores; the shape stays."""
