"""The files that a result is written to."""

from .atomic import check_writable
from .write import write_outputs

__all__ = ["check_writable", "write_outputs"]
