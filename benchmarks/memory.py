"""Peak memory of indexing a one-minute and a ten-minute clip, each in a process of its own.

    python benchmarks/memory.py [--json FILE]

The clips are the rendered demo clip, repeated; both are decoded, detected, tracked and observed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

MINUTES = (1, 10)
LIMIT_MB = 150


def write_clip(path: Path, minutes: int) -> None:
    """Write the demo clip again and again, until it is long enough."""
    from trackspeak.models.training.render import demo_clip
    from trackspeak.service.formats.mp4 import mp4_writer

    clip = demo_clip()
    height, width = clip.rgb.shape[1:3]
    with mp4_writer(path, width, height, clip.frame_rate) as write:
        for index in range(round(minutes * 60 * clip.frame_rate)):
            write(np.ascontiguousarray(clip.rgb[index % len(clip.rgb), :, :, ::-1]), index / clip.frame_rate)


def measure(path: Path) -> None:
    """Run one video and print the peak resident set in MB."""
    from trackspeak.service import track

    result = track(path, ["the red car"])
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"frames": result.video.frames, "tracks": len(result.trajectories), "peak_mb": round(peak_mb)}))


def main() -> None:
    """Measure both clips and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure)
        return
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for minutes in MINUTES:
            path = Path(folder) / f"{minutes}.mp4"
            write_clip(path, minutes)
            command = [sys.executable, __file__, "--measure", str(path)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[minutes] = json.loads(done.stdout.splitlines()[-1])
            print(f"{minutes:3d} min: {found[minutes]}")
    more_mb = found[MINUTES[1]]["peak_mb"] - found[MINUTES[0]]["peak_mb"]
    print(f"the longer clip takes {more_mb} MB more (at most {LIMIT_MB} wanted)")
    if arguments.json:
        arguments.json.write_text(json.dumps({"clips": found, "more_mb": more_mb}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
