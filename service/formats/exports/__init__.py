"""A result in the formats of the field, each one file."""

from .registry import EXPORTS, Export, find_export, write_export

__all__ = ["EXPORTS", "Export", "find_export", "write_export"]
