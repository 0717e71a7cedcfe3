"""What decoding in a process of its own costs: to start it, and in frames per second.

    python benchmarks/decoding.py [--passes N] [--json FILE]

Two clips are made for it, of a moving pattern (H.264): 640 x 360 and 1920 x 1080. Each is read to its end by turns, in
the process that asks and in one of its own; each time who asks is a new process, since what a process did before
decides how much of its memory the C library keeps for frames, which is worth up to a third. Frames are looked at by
nobody: that is the worst case, where nothing else is waited for. `processor` is the time of all threads of both
processes, for a frame. `start` is how long it takes to be told that a text is no video; `first` has the start of the
server in it, once in the life of a worker.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

import numpy as np

from trackspeak.models.errors import VideoError
from trackspeak.service.decoding.launcher import DecoderProcess
from trackspeak.service.decoding.messages import Ended
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video, probe_video

SIZES = ((640, 360, 600), (1920, 1080, 400))
"""Width, height and frames."""

STARTS = 40


@dataclass(frozen=True)
class Measured:
    """Medians over all passes of one clip.

    Attributes:
        size: of its frames.
        here_fps: frames per second, decoded in this process.
        apart_fps: in one of its own.
        loss: share of the frames per second that is lost.
        here_cpu_ms: processor time per frame.
        apart_cpu_ms: the same.
    """

    size: str
    here_fps: float
    apart_fps: float
    loss: float
    here_cpu_ms: float
    apart_cpu_ms: float


def main() -> None:
    """Make the clips, measure, print the tables, write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passes", type=int, default=9)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        first_ms, start_ms = measure_start(Path(folder))
        print(f"start {start_ms:.1f} ms, the first {first_ms:.0f} ms")
        print("| clip | in this process, fps | in its own, fps | loss | processor here, ms | apart, ms |")
        print("|---|---|---|---|---|---|")
        found = []
        for width, height, frames in SIZES:
            clip = make_clip(Path(folder) / f"{width}.mp4", width, height, frames)
            one = measure(clip, f"{width} x {height}", frames, arguments.passes)
            found.append(one)
            print(
                f"| {one.size} | {one.here_fps:.0f} | {one.apart_fps:.0f} | {one.loss:.0%} "
                f"| {one.here_cpu_ms:.2f} | {one.apart_cpu_ms:.2f} |"
            )
    if arguments.json:
        values = {"start_ms": start_ms, "first_ms": first_ms, "clips": [asdict(one) for one in found]}
        arguments.json.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def make_clip(path: Path, width: int, height: int, frames: int) -> Path:
    """Encode a pattern that moves."""
    import av

    draw = np.random.default_rng(0)
    pattern = draw.integers(0, 256, (height // 8 + frames // 8 + 1, width // 8 + 1, 3), np.uint8)
    pattern = pattern.repeat(8, axis=0).repeat(8, axis=1)  # (H/8, W/8, 3) -> (H, W, 3)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(frames):
            picture = np.ascontiguousarray(pattern[index : index + height, :width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def measure_start(folder: Path) -> tuple[float, float]:
    """Give the milliseconds of the first process, and of a later one (median)."""
    text = folder / "text.mp4"
    text.write_text("This is a text.\n" * 100)
    taken = []
    for _ in range(STARTS):
        begin = time.perf_counter()
        try:
            probe_video(text, Limits())
        except VideoError:
            taken.append(1_000 * (time.perf_counter() - begin))
    return taken[0], statistics.median(taken[1:])


def measure(clip: Path, size: str, frames: int, passes: int) -> Measured:
    """Read a clip by turns in both ways."""
    ways = [isolated for _ in range(passes) for isolated in (False, True)]
    with get_context("spawn").Pool(1, maxtasksperchild=1) as processes:
        done = [processes.apply(read, (clip, frames, isolated)) for isolated in ways]
    here, apart = (
        [statistics.median(values) for values in zip(*done[begin::2], strict=True)]  # seconds, processor seconds
        for begin in (0, 1)
    )
    loss = 1 - here[0] / apart[0]
    return Measured(
        size, frames / here[0], frames / apart[0], loss, 1_000 * here[1] / frames, 1_000 * apart[1] / frames
    )


def read(clip: Path, frames: int, isolated: bool) -> tuple[float, float]:
    """Read a clip to its end; gives the seconds, and the processor's."""
    end = DecoderProcess.end
    ends: list[Ended] = []

    def noting(process: DecoderProcess) -> Ended:
        ends.append(end(process))
        return ends[-1]

    video = open_video(clip, Limits(), isolated=isolated)
    with patch.object(DecoderProcess, "end", noting):
        begin, begin_cpu = time.perf_counter(), time.process_time()
        count = sum(1 for _ in video.frames())
        taken_s, worked_s = time.perf_counter() - begin, time.process_time() - begin_cpu
    if count != frames:
        raise SystemExit(f"{clip.name}: wanted {frames} frames, got {count}")
    return taken_s, worked_s + sum(ended.cpu_s for ended in ends)


if __name__ == "__main__":
    main()
