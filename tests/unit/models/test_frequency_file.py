"""The file of training expressions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from trackspeak.models.errors import OutputError, WeightsError
from trackspeak.models.frequency import TrainingExpressions

KNOWN = TrainingExpressions(np.ones((2, 1), np.float32), np.array([0.25, 0.75]), "abc", quick_gelu=True)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    KNOWN.save(tmp_path / "known.safetensors")
    read = TrainingExpressions.load(tmp_path / "known.safetensors")
    np.testing.assert_array_equal(read.features, KNOWN.features)
    np.testing.assert_array_equal(read.frequencies, KNOWN.frequencies)
    assert (read.encoder_sha256, read.quick_gelu) == ("abc", True)


@pytest.mark.parametrize("metadata", [{"encoder_sha256": "abc"}, {"encoder_sha256": "abc", "quick_gelu": "maybe"}])
def test_a_file_that_does_not_say_how_its_encoder_was_read_is_refused(tmp_path: Path, metadata: dict[str, str]) -> None:
    path = tmp_path / "old.safetensors"
    save_file({"features": KNOWN.features, "frequencies": KNOWN.frequencies}, path, metadata=metadata)
    with pytest.raises(
        WeightsError, match=r"old\.safetensors must say .* quick_gelu is yes or no, got .*fit-frequencies"
    ):
        TrainingExpressions.load(path)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "known.safetensors"
    with pytest.raises(OutputError, match=r"absent/known\.safetensors could not be written: .*No such file"):
        KNOWN.save(path)
