"""The contracts, the registry, and the built-in detectors, trackers, matchers and calibrators."""
