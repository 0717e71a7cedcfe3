"""Peak memory of `trackspeak run` over a one-minute and a ten-minute clip.

    python benchmarks/memory.py [--json FILE]

The clips are the rendered demo clip, repeated; both are decoded, detected, tracked and observed.
"""

from __future__ import annotations

import argparse
import json
import os
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


def measure(path: Path, out: Path) -> dict[str, int]:
    """Run one video in a process of its own and give its peak resident set in MB."""
    command = [sys.executable, "-m", "trackspeak.service", "run", str(path), "--query", "the red car"]
    with out.open("w", encoding="utf-8") as written:
        process = subprocess.Popen([*command, "--json"], stdout=written, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)} failed with status {os.waitstatus_to_exitcode(status)}")
    video = json.loads(out.read_text(encoding="utf-8"))["video"]
    return {"frames": video["frames"], "peak_mb": round(usage.ru_maxrss / 1024)}


def main() -> None:
    """Measure both clips and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    arguments = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for minutes in MINUTES:
            path = Path(folder) / f"{minutes}.mp4"
            write_clip(path, minutes)
            found[minutes] = measure(path, Path(folder) / f"{minutes}.json")
            print(f"{minutes:3d} min: {found[minutes]}")
    more_mb = found[MINUTES[1]]["peak_mb"] - found[MINUTES[0]]["peak_mb"]
    print(f"the longer clip takes {more_mb} MB more (at most {LIMIT_MB} wanted)")
    if arguments.json:
        arguments.json.write_text(json.dumps({"clips": found, "more_mb": more_mb}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
