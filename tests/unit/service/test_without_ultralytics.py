"""Everything but the detector `yolo` works where ultralytics is not installed."""

import json
import re
import subprocess
import sys
from pathlib import Path

BLOCKED = """
import sys
from importlib.abc import MetaPathFinder

class Blocker(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "ultralytics":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
from trackspeak.service.cli import main
main(sys.argv[1:])
"""


def blocked(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", BLOCKED, *arguments], capture_output=True, text=True, check=False)


def test_a_run_needs_no_ultralytics(tiny_clip: Path, tiny_model: Path) -> None:
    done = blocked("run", str(tiny_clip), "-q", "the red car", "--set", f"matcher.model={tiny_model}", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["queries"][0]["query"] == "the red car"


def test_what_is_made_with_it_is_listed_as_lacking_it_and_nothing_else() -> None:
    plugins = json.loads(blocked("plugins", "--json").stdout)
    lacking = {plugin["name"] for plugin in plugins if plugin["error"] == "needs ultralytics, which is not installed"}
    assert lacking == {
        name for name in (plugin["name"] for plugin in plugins) if re.match("yolo($|-)|ultralytics-", name)
    }


def test_asking_for_yolo_says_what_to_install(tiny_clip: Path, tmp_path: Path) -> None:
    weights = tmp_path / "any.pt"
    weights.write_bytes(b"x")
    done = blocked("run", str(tiny_clip), "-q", "a car", "--detector", "yolo", "--set", f"detector.path={weights}")
    assert done.returncode == 1
    assert "pip install ultralytics" in done.stderr
    assert "Traceback" not in done.stderr
