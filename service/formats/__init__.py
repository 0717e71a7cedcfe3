"""The files that a result is written to."""

from .check import check_places
from .scores import write_scores
from .sheet import answer_rows, write_sheet
from .write import write_outputs

__all__ = ["answer_rows", "check_places", "write_outputs", "write_scores", "write_sheet"]
