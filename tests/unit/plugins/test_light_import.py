"""Listing plugins is quick: nothing heavy is imported, in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "torchvision", "cv2", "ultralytics", "av", "supervision", "onnxruntime", "scipy", "open_clip", "PIL")


def modules_after(code: str, folder: Path) -> set[str]:
    report = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", report], check=True, capture_output=True, text=True, cwd=folder)
    return set(done.stdout.split())


def test_listing_the_plugins_loads_nothing_heavy(tmp_path: Path) -> None:
    loaded = modules_after("from trackspeak.plugins.registry import list_plugins; list_plugins()", tmp_path)
    assert "trackspeak.plugins.detectors.yolo" in loaded
    assert loaded.intersection(HEAVY) == set()


def test_making_a_light_plugin_loads_nothing_heavy(tmp_path: Path) -> None:
    loaded = modules_after(
        "from trackspeak.plugins.registry import create; create('calibrator', 'platt', {})", tmp_path
    )
    assert loaded.intersection(HEAVY) == set()


def test_the_contract_loads_numpy_alone(tmp_path: Path) -> None:
    before = modules_after("import numpy, numpy.typing", tmp_path)
    after = modules_after("import trackspeak.plugins.contract", tmp_path)
    others = {name.partition(".")[0] for name in after - before} - set(sys.stdlib_module_names)
    assert {name for name in others if not name.startswith("_")} == {"trackspeak"}
