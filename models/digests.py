"""Hashes of weight files; loads no torch."""

from __future__ import annotations

import hashlib
from pathlib import Path

from trackspeak.models.errors import WeightsError


def sha256_of(path: Path) -> str:
    """Give the SHA-256 of a file, in hexadecimal.

    Raises:
        WeightsError: if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"cannot read the weights {path}: {error.strerror}") from error
