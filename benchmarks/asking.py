"""What one more question costs: asking a stored index against watching the video again for each sentence.

    python benchmarks/asking.py [--minutes N] [--video FILE] [--repeats N] [--json FILE]

The clip is the rendered demo clip, repeated, or a file. It is watched once and its index stored; then 1, 10 and 100
sentences that were not asked before are put to the index as it comes from the disk. `read` is reading the index, `ask`
encoding all sentences, scoring every segment against each and selecting the tracks, a median; `run again` is what our
own pipeline takes to watch the video for each sentence alone, one watched and timed, the others by its time. All in one
process, plugins loaded before.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from memory import write_clip

TEXTS = (1, 10, 100)


def sentences() -> list[str]:
    """Give more sentences than are asked, each another one."""
    colours = ("red", "blue", "green", "white", "black", "yellow", "silver", "orange", "brown", "gray")
    kinds = ("car", "van", "bus", "truck", "person", "motorcycle")
    ends = ("", " on the left", " on the right", " moving to the left", " turning", " that is stopped")
    return [f"the {colour} {kind}{end}" for end, kind, colour in product(ends, kinds, colours)]


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--video", type=Path, help="a file in place of the rendered clip")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        video = arguments.video or Path(folder) / "clip.mp4"
        if arguments.video is None:
            write_clip(video, arguments.minutes)
        found = measure(video, Path(folder), arguments.repeats)
    print(f"{found['frames']} frames, {found['segments']} segments, {found['index_mb']} MB stored")
    print(f"watched and stored in {found['index_s']:.1f} s, read from the disk in {found['read_ms']:.0f} ms\n")
    print(
        "| sentences | ask ms | of watching | a sentence ms | run again s | times faster |\n|---|---|---|---|---|---|"
    )
    for row in found["rows"]:
        print(
            f"| {row['texts']} | {row['ask_ms']:.1f} | {row['share_percent']:.3f} % | {row['each_ms']:.1f} "
            f"| {row['again_s']:.0f} | {row['faster']:.1f} |"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def measure(video: Path, folder: Path, repeats: int) -> dict[str, Any]:
    """Index a video, ask its index, and watch it again for one sentence."""
    from trackspeak.service import RunOptions, track
    from trackspeak.service.asking import ask, make_asker
    from trackspeak.service.assemble import assemble
    from trackspeak.service.indexing import make_index
    from trackspeak.service.limits import Limits
    from trackspeak.service.pipeline.decode import open_video
    from trackspeak.service.store.indexes import Indexes

    options, limits = RunOptions(), Limits(max_queries=max(TEXTS))
    assembly, indexes = assemble(options), Indexes(folder / "indexes")
    stored, index_s = _timed(lambda: make_index(open_video(video, limits), video.name, assembly, options))
    _, add_s = _timed(lambda: indexes.add(stored))
    back, read_s = _timed(lambda: indexes.get(stored.id))
    texts, rows = sentences(), []
    _, again_s = _timed(lambda: track(video, texts[:1], options, limits=limits, assembly=assembly))
    for number in TEXTS:
        took_s = []
        for _ in range(repeats):
            asker = make_asker(back)  # a new one has forgotten what it was asked
            ask(back, ["a warm-up"], asker, options)
            begin = time.perf_counter()
            ask(back, texts[:number], asker, options)
            took_s.append(time.perf_counter() - begin)
        ask_s = median(took_s)
        rows.append(
            {
                "texts": number,
                "ask_ms": 1e3 * ask_s,
                "share_percent": 100 * ask_s / index_s,
                "each_ms": 1e3 * ask_s / number,
                "again_s": number * again_s,
                "faster": number * again_s / (index_s + add_s + read_s + ask_s),
            }
        )
    size = sum(path.stat().st_size for path in (folder / "indexes" / stored.id).iterdir())
    return {
        "frames": back.video.frames,
        "segments": len(back.index.segments),
        "index_mb": round(size / 1e6, 2),
        "index_s": index_s + add_s,
        "read_ms": 1e3 * read_s,
        "rows": rows,
    }


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begin = time.perf_counter()
    done = work()
    return done, time.perf_counter() - begin


if __name__ == "__main__":
    main()
