"""What `trackspeak.service` gives, and what it costs to import."""

import subprocess
import sys

CODE = """
import sys
import trackspeak.service
assert not {"torch", "numpy", "pydantic", "av"} & set(sys.modules)
import trackspeak.service.run
from trackspeak.service import Limits, Result, RunOptions, track
assert callable(track) and track.__module__ == "trackspeak.service.run"
assert not {"torch", "cv2", "av"} & set(sys.modules)
assert not hasattr(trackspeak.service, "nonesuch")
for name in trackspeak.service.__all__:
    getattr(trackspeak.service, name)
print("done")
"""


def test_names_are_imported_when_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], check=False, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("done\n", "")
