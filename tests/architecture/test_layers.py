"""The arrows run one way, and what should be light to import is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {
    "torch",
    "torchvision",
    "open_clip",
    "cv2",
    "ultralytics",
    "av",
    "supervision",
    "onnxruntime",
    "scipy",
    "PIL",
    "sqlalchemy",
    "alembic",
}


def test_the_import_contracts_hold(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("lint-imports")
    if not command.is_file():
        pytest.skip("needs import-linter, which is in the extra `dev`")
    arguments = [command, "--config", ROOT / "pyproject.toml", "--no-cache"]
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("trackspeak.plugins.contract", HEAVY | {"pydantic"}),
        ("trackspeak.plugins.registry", HEAVY),
        ("trackspeak.service", HEAVY | {"pydantic", "numpy"}),
        ("trackspeak.service.cli", HEAVY | {"pydantic", "numpy"}),
    ],
)
def test_imports_are_light(module: str, unwanted: set[str], tmp_path: Path) -> None:
    code = f"import sys, {module}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path)
    loaded = done.stdout.split()
    assert module in loaded
    assert unwanted.intersection(loaded) == set()
