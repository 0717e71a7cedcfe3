"""The conformance kit: what every plugin of a kind must keep to, as classes that a test of one's own inherits from.

    from trackspeak.plugins.conformance import TrackerConformance

    class TestMyTracker(TrackerConformance):
        plugin = MyTracker
        options = {"max_age_s": 2.0}

pytest collects all checks from that. The kit itself does not import pytest.
"""

from .calibrators import CalibratorConformance
from .checks import PluginConformance
from .detectors import DetectorConformance
from .embedders import EmbedderConformance
from .matchers import MatcherConformance
from .postprocessors import PostprocessorConformance
from .trackers import TrackerConformance

__all__ = [
    "CalibratorConformance",
    "DetectorConformance",
    "EmbedderConformance",
    "MatcherConformance",
    "PluginConformance",
    "PostprocessorConformance",
    "TrackerConformance",
]
