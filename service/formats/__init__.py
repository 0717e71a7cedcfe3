"""The files that a result is written to."""

from .atomic import check_writable
from .scores import write_scores
from .write import check_inputs_are_kept, write_outputs

__all__ = ["check_inputs_are_kept", "check_writable", "write_outputs", "write_scores"]
