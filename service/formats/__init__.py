"""The files that a result is written to."""

from .check import check_places
from .scores import write_scores
from .write import write_outputs

__all__ = ["check_places", "write_outputs", "write_scores"]
