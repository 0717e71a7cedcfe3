"""What importing a plugin's module loads, seen in a fresh interpreter."""

from __future__ import annotations

import inspect
import subprocess
import sys
from functools import lru_cache
from typing import Any

from .comparing import require

HEAVY = (
    "torch", "torchvision", "cv2", "ultralytics", "supervision", "open_clip", "boxmot", "trackers", "onnxruntime",
    "scipy", "PIL", "av", "transformers",
)  # fmt: skip
"""Libraries that take long to import: listing the plugins must not load them."""

_CODE = """
import importlib, runpy, sys
sys.path[:] = {path!r}
try:
    importlib.import_module({name!r})
except ModuleNotFoundError as error:
    if not ({name!r} + ".").startswith(error.name + "."):
        raise
    runpy.run_path({file!r})
print("loaded:", *sys.modules)
"""
"""A test file cannot be imported by its name: it is run by its path."""

_LONGEST_S = 120


def can_be_imported(plugin_class: type[Any]) -> bool:
    """Whether a class is in a module, not in a script: to run that again might run what calls this, without end."""
    name = plugin_class.__module__
    return name != "__main__" and not name.startswith("<")


def heavy_imports(plugin_class: type[Any]) -> set[str]:
    """Name the heavy libraries that importing a class's module loads."""
    name = plugin_class.__module__
    file = inspect.getsourcefile(plugin_class) if name in sys.modules else None
    return set(_loaded(name, file)) & set(HEAVY)


@lru_cache
def _loaded(name: str, file: str | None) -> tuple[str, ...]:
    """Name the modules that are there after one was imported."""
    code = _CODE.format(path=sys.path, name=name, file=file)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_LONGEST_S)  # noqa: S603 its own
    reason = " ".join(done.stderr.strip().splitlines()[-1:])
    require(done.returncode == 0, "a module that can be imported by itself", reason, "import what the module needs")
    return tuple(done.stdout.rpartition("loaded:")[2].split())
