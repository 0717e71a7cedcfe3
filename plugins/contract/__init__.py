"""The contracts between the steps; importing this loads numpy and nothing heavier."""

from .detections import Detections
from .frames import Frame, StreamInfo
from .matching import THRESHOLDS, Observations, Phrases, ScoreKind, Scores
from .protocols import Calibrator, Detector, Matcher, Plugin, Requirements, Tracker
from .results import ReferredTrack, ReferredTracks, Span
from .segments import Sampling, Segments
from .tracks import TrackedFrame, Trajectory

__all__ = [
    "THRESHOLDS",
    "Calibrator",
    "Detections",
    "Detector",
    "Frame",
    "Matcher",
    "Observations",
    "Phrases",
    "Plugin",
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
