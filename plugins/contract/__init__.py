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
    SearchableMatcher,
    Tracker,
)
from .results import BestSegment, NearMiss, ReferredTrack, ReferredTracks, Span
from .segments import Sampling, Segments
from .tracks import Postprocessed, TrackedFrame, Trajectory
from .vectors import SegmentVectors, TextVectors

__all__ = [
    "THRESHOLDS",
    "Appearance",
    "BestSegment",
    "Calibrator",
    "Detections",
    "Detector",
    "Embedder",
    "EmbeddingMatcher",
    "Frame",
    "Matcher",
    "NearMiss",
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
    "SearchableMatcher",
    "SegmentVectors",
    "Segments",
    "Span",
    "StreamInfo",
    "TextVectors",
    "TrackedFrame",
    "Tracker",
    "Trajectory",
]
