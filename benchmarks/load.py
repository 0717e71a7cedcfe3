"""Many clients at once: one-shot calls with a rendered clip against a service of its own.

    python benchmarks/load.py [--clients N] [--calls N] [--seconds S] [--json FILE]

Starts `trackspeak serve` on a free port with an empty data folder, warms it with one call, then lets N clients send
their calls, one after the other each. Printed: how many answers of each status, the seconds from request to whole
answer, the memory of the service's processes at its highest, and the share of the wall time in which the worker that
watches videos did neither model nor decode work: what is left of the time between the first request and the last answer
after the sum of the answers' own `timings_s`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

WORK = ("total",)
"""Stages of an answer whose seconds count: `total` is the pass and all of answering."""
STARTS_WITHIN_S = 120
LONGEST_S = 3_600.0


@dataclass
class Found:
    """What the clients saw."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    work_s: float = 0.0


def write_clip(path: Path, seconds: float) -> None:
    """Write the first seconds of the rendered demo clip."""
    from trackspeak.models.training.render import demo_clip
    from trackspeak.service.formats.mp4 import mp4_writer

    clip = demo_clip()
    height, width = clip.rgb.shape[1:3]
    with mp4_writer(path, width, height, clip.frame_rate) as write:
        for index in range(round(seconds * clip.frame_rate)):
            write(np.ascontiguousarray(clip.rgb[index % len(clip.rgb), :, :, ::-1]), index / clip.frame_rate)


def start(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a service; gives its process and where it listens."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRACKSPEAK_")}
    own |= {"TRACKSPEAK_DATA": str(folder / "data"), "TRACKSPEAK_AUTH": "off", "TRACKSPEAK_LOG_FORMAT": "text"}
    log = folder / "log.txt"
    with log.open("w") as file:
        command = [sys.executable, "-m", "trackspeak.service", "serve", "--port", "0"]
        process = subprocess.Popen(command, env=own, stderr=file)
    until = time.monotonic() + STARTS_WITHIN_S
    while not (listening := re.search(r"running on (http://[\w.:]+)", log.read_text())):
        if time.monotonic() > until or process.poll() is not None:
            raise SystemExit(f"the service did not start: {log.read_text()[-2000:]}")
        time.sleep(0.1)
    return process, listening[1]


def memory_mb(pid: int) -> float:
    """Give the resident memory of a process and all that it started; pages that they share count once for each."""
    root, total = psutil.Process(pid), 0
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total / 1024**2


async def ask_all(url: str, clip: bytes, clients: int, calls: int) -> Found:
    """Let all clients send their calls."""
    found = Found()
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(timeout=LONGEST_S, limits=limits) as http:

        async def client(number: int) -> None:
            for call in range(calls):
                begin = time.perf_counter()
                form = {"query": f"the red car {number} {call}"}
                response = await http.post(f"{url}/v1/track", files={"video": ("a.mp4", clip)}, data=form)
                found.statuses[response.status_code] += 1
                if response.status_code == httpx.codes.OK:
                    found.seconds.append(time.perf_counter() - begin)
                    found.work_s += sum(response.json()["timings_s"][name] for name in WORK)

        await asyncio.gather(*(client(number) for number in range(clients)))
    return found


def measure(clients: int, calls: int, seconds: float) -> dict[str, Any]:
    """Start a service and load it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_clip(folder / "clip.mp4", seconds)
        clip = (folder / "clip.mp4").read_bytes()
        process, url = start(folder)
        try:
            asyncio.run(ask_all(url, clip, 1, 1))
            idle_mb, peak_mb, over = memory_mb(process.pid), 0.0, threading.Event()

            def watch() -> None:
                nonlocal peak_mb
                while not over.wait(0.5):
                    peak_mb = max(peak_mb, memory_mb(process.pid))

            watching = threading.Thread(target=watch)
            watching.start()
            begin = time.perf_counter()
            found = asyncio.run(ask_all(url, clip, clients, calls))
            wall_s = time.perf_counter() - begin
            over.set()
            watching.join()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    p50, p99 = np.percentile(found.seconds, [50, 99])
    return {
        "clients": clients,
        "calls": clients * calls,
        "statuses": dict(found.statuses),
        "wall_s": wall_s,
        "p50_s": float(p50),
        "p99_s": float(p99),
        "work_ms": 1e3 * found.work_s / max(1, len(found.seconds)),
        "other_share": 1 - found.work_s / wall_s,
        "idle_mb": idle_mb,
        "peak_mb": peak_mb,
    }


def main() -> None:
    """Measure, print, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--calls", type=int, default=2, help="of each client")
    parser.add_argument("--seconds", type=float, default=5.0, help="of the clip")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    found = measure(arguments.clients, arguments.calls, arguments.seconds)
    print(f"{found['clients']} clients, {found['calls']} calls in {found['wall_s']:.1f} s: {found['statuses']}")
    print(f"p50 {found['p50_s']:.2f} s, p99 {found['p99_s']:.2f} s; {found['work_ms']:.0f} ms of work a call")
    print(f"neither model nor decode work: {100 * found['other_share']:.1f} % of the wall time")
    print(f"memory of all processes: {found['idle_mb']:.0f} MB after one call, {found['peak_mb']:.0f} MB at most")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
