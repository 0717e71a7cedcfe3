"""What a pass has freed goes back to the system."""

import platform
import subprocess
import sys

import pytest

KEEPS_SMALL_ONES_BETWEEN_FRAMES = """
import numpy as np
from trackspeak.service.pipeline.memory import give_back_freed_memory

def resident_mb():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6

np.ones(4_000_000, np.uint8)  # freed at once: from now on glibc takes such blocks from the heap
before, frames, kept = resident_mb(), [], []
for _ in range(100):
    frames.append(np.ones(1_000_000, np.uint8))
    kept.append(np.ones(5_000, np.uint8))
del frames
freed = resident_mb() - before
give_back_freed_memory()
print(freed, resident_mb() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc's heap")
def test_freed_frames_leave_the_process() -> None:
    command = [sys.executable, "-c", KEEPS_SMALL_ONES_BETWEEN_FRAMES]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    freed_mb, given_back_mb = map(float, done.stdout.split())
    assert freed_mb > 50
    assert given_back_mb < 10
