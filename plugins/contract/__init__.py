"""The contracts between the steps; importing this loads numpy and nothing heavier."""

from .appearance import Appearance
from .detections import Detections
from .frames import Frame, StreamInfo
from .matching import THRESHOLDS, Observations, Phrases, ScoreKind, Scores
from .protocols import (
    Calibrator,
    Detector,
    Embedder,
    EmbeddingMatcher,
    Matcher,
    OpenVocabularyDetector,
    Plugin,
    Postprocessor,
    Requirements,
    Tracker,
)
from .results import ReferredTrack, ReferredTracks, Span
from .segments import Sampling, Segments
from .tracks import Postprocessed, TrackedFrame, Trajectory

__all__ = [
    "THRESHOLDS",
    "Appearance",
    "Calibrator",
    "Detections",
    "Detector",
    "Embedder",
    "EmbeddingMatcher",
    "Frame",
    "Matcher",
    "Observations",
    "OpenVocabularyDetector",
    "Phrases",
    "Plugin",
    "Postprocessed",
    "Postprocessor",
    "ReferredTrack",
    "ReferredTracks",
    "Requirements",
    "Sampling",
    "ScoreKind",
    "Scores",
    "Segments",
    "Span",
    "StreamInfo",
    "TrackedFrame",
    "Tracker",
    "Trajectory",
]
