"""The file of training expressions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trackspeak.models.errors import OutputError
from trackspeak.models.frequency import TrainingExpressions

KNOWN = TrainingExpressions(np.ones((2, 1), np.float32), np.array([0.25, 0.75]), "abc")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    KNOWN.save(tmp_path / "known.safetensors")
    read = TrainingExpressions.load(tmp_path / "known.safetensors")
    np.testing.assert_array_equal(read.features, KNOWN.features)
    np.testing.assert_array_equal(read.frequencies, KNOWN.frequencies)
    assert read.encoder_sha256 == KNOWN.encoder_sha256


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "known.safetensors"
    with pytest.raises(OutputError, match=r"absent/known\.safetensors could not be written: .*No such file"):
        KNOWN.save(path)
