"""The files that a result is written to."""

from .write import write_outputs

__all__ = ["write_outputs"]
