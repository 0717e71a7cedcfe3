"""What one question costs over a million stored segments, and what it finds of what scoring all of them finds.

    python benchmarks/searching.py [--segments N] [--clips N] [--video FILE ...] [--rows FILE] [--index]
        [--folder FOLDER] [--questions N] [--recalled N] [--json FILE]

Segments are observed by the profile `embedded` and made many as `search_rows.py` says; the first table compares made
ones with those observed. They are put into the real table, with a record of an index for each 500 of them, and asked
by the real searcher; `listing` is what it takes to read these records, which is in every time. The first question also
reads all vectors into memory. Recall at 100 compares the best 100 tracks with those that scoring all segments exactly
gives (`exhaustive`), which is the baseline. `--index` asks again with no memory for vectors, by the index on the disk.
`--rows` keeps what was observed in a file, or reads it. All in one process; about 3 GB of disk and of memory each.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from asking import sentences
from search_rows import Maker, observe, read, save, visual_of

PER_INDEX = 500
TOP = 100


def questions(number: int) -> list[str]:
    """Give different questions: two of three are one sentence, the others two or three together."""
    texts = sentences()
    single = [texts[at * len(texts) // number] for at in range(number)]
    forms = ('"{}" and not "{}"', '"{}" or "{}"', '"vehicles moving to the left" and ("{}" or "{}")')
    both = [forms[at % 3].format(one, texts[(7 * at + 63) % len(texts)]) for at, one in enumerate(single)]
    return [both[at] if at % 3 == 2 else one for at, one in enumerate(single)]


def main() -> None:
    """Measure, print the tables, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--clips", type=int, default=16, help="rendered clips to observe, beside the demo clip")
    parser.add_argument("--video", type=Path, nargs="*", default=[], help="files to observe too")
    parser.add_argument("--rows", type=Path, help="file that keeps what was observed")
    parser.add_argument("--folder", type=Path, help="keeps the table and the records; those there are asked")
    parser.add_argument("--index", action="store_true", help="ask by the index on the disk too")
    parser.add_argument("--questions", type=int, default=120)
    parser.add_argument("--recalled", type=int, default=21, help="of these that are scored exhaustively too")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(arguments, arguments.folder or Path(folder))
    print(_tables(found))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def measure(arguments: Any, folder: Path) -> dict[str, Any]:
    """Make the rows, put them into a table, ask."""
    from trackspeak.service.search.searcher import Searcher
    from trackspeak.service.search.space import space_of
    from trackspeak.service.search.table import SegmentTable
    from trackspeak.service.store.indexes import Indexes

    parts, summary, asker = _observed(arguments)
    maker = Maker(parts, visual_of(asker.matcher))
    found: dict[str, Any] = {"observed": sum(len(rows.track_ids) for rows in parts)}
    table = SegmentTable(folder / "search", space_of(summary))
    if not table.version:
        found["insert_rows_s"] = _insert(table, maker, arguments.segments, folder / "indexes", summary)
    sample = [rows.vectors for rows in maker.indexes(10 * found["observed"], PER_INDEX)]
    found |= _alike(maker, sample, asker, sentences()[::6])
    wanted = questions(arguments.questions)
    indexes = Indexes(folder / "indexes")
    before = _resident()
    searcher = Searcher(indexes, folder / "search", 8 * 1024**3)
    _, found["load_s"] = _timed(lambda: searcher.search("a warm-up"))
    warm = searcher.search("another warm-up").searched
    found |= {"indexes": warm.indexes, "segments": warm.segments}
    disk = sum(path.stat().st_size for path in (folder / "search").rglob("*") if path.is_file())
    found["bytes_per_segment"] = disk / warm.segments
    found["memory_mb"] = (_resident() - before) / 1e6
    _, found["listing_ms"] = _timed(lambda: [*indexes], 1e3)
    found["memory"] = _asked(searcher, wanted)
    chosen = wanted[:: max(1, len(wanted) // arguments.recalled)][: arguments.recalled]
    truth, found["exhaustive"] = _exhaustive(searcher, chosen)
    found["memory"]["recall"] = _recall(searcher, truth)
    if arguments.index:
        on_disk = Searcher(indexes, folder / "search", 0)
        _, found["build_s"] = _timed(lambda: on_disk.search("a warm-up"))
        found["index"] = _asked(on_disk, wanted) | {"recall": _recall(on_disk, truth)}
    return found


def _insert(table: Any, maker: Maker, segments: int, folder: Path, summary: Any) -> float:
    """Fill a table and write the records; give the rows put in a second."""
    rows, took_s = 0, 0.0
    for number, made in enumerate(maker.indexes(segments, PER_INDEX)):
        _record(folder, summary, number, int(made.track_ids.max()))
        _, seconds = _timed(lambda made=made, number=number: table.add(_id(number), made))
        rows, took_s = rows + len(made.track_ids), took_s + seconds
    return rows / took_s


def _observed(arguments: Any) -> tuple[Any, Any, Any]:
    """Give observed rows, a record to copy, and the plugins."""
    from trackspeak.service import RunOptions
    from trackspeak.service.asking import asker_of
    from trackspeak.service.assemble import assemble
    from trackspeak.service.pipeline.video_info import VideoFacts
    from trackspeak.service.store.index_file import IndexSummary

    assembly = assemble(RunOptions())
    kept = arguments.rows
    if kept is not None and kept.is_file():
        parts = read(kept)
    else:
        parts = observe(arguments.clips, arguments.video)
        if kept is not None:
            save(kept, parts)
    facts = VideoFacts(300, 15.0, 480, 288, 20.0, "0" * 64)
    record = IndexSummary(_id(0), "made", facts, "embedded", assembly.uses, assembly.weights, "trackspeak", 1, tracks=1)
    return parts, record, asker_of(assembly)


def _id(number: int) -> str:
    return f"{number:032x}"


def _record(folder: Path, summary: Any, number: int, tracks: int) -> None:
    """Write the record of an index, and nothing else of it, as `write_index` does."""
    from trackspeak.service.result import plain_value
    from trackspeak.service.store.index_file import FORMAT, RECORD_FILE

    record = asdict(replace(summary, id=_id(number), name=f"{number}.mp4"))
    record |= {"format": FORMAT, "class_names": ["object"] * tracks}
    record["video"]["sha256"] = f"{number:064x}"
    record["plugins"] = {
        key: use and {"name": use.name, "options": plain_value(use.options)} for key, use in summary.plugins.items()
    }
    (folder / _id(number)).mkdir(parents=True)
    (folder / _id(number) / RECORD_FILE).write_text(json.dumps(record, indent=1), encoding="utf-8")


def _asked(searcher: Any, texts: Sequence[str]) -> dict[str, Any]:
    """Ask different questions once each, and say what they took, by the stages of the searcher."""
    took: dict[str, list[float]] = {"one sentence": [], "two or three": [], "both": []}
    stages: dict[str, list[float]] = {}
    for text in texts:
        answer, milliseconds = _timed(lambda text=text: searcher.search(text), 1e3)
        took["both"].append(milliseconds)
        took["two or three" if '"' in text else "one sentence"].append(milliseconds)
        seconds = dict(answer.timings_s)
        seconds["listing and sorting"] = 2 * seconds.pop("total") - sum(answer.timings_s.values())
        for stage, value in seconds.items():
            stages.setdefault(stage, []).append(1e3 * value)
    times = {name: [float(np.quantile(values, share)) for share in (0.5, 0.99)] for name, values in took.items()}
    return {"times_ms": times, "stages_ms": {name: float(np.median(values)) for name, values in stages.items()}}


def _exhaustive(searcher: Any, texts: Sequence[str]) -> tuple[dict[str, Any], dict[str, float]]:
    """Score all segments exactly for each question: the baseline, and the truth."""
    from trackspeak.service.search.asked import SearchOptions

    truth, took_s = {}, []
    for text in texts:
        truth[text], seconds = _timed(lambda text=text: _best(searcher, text, SearchOptions(top=TOP, exhaustive=True)))
        took_s.append(seconds)
    return truth, {"median_s": float(np.median(took_s)), "slowest_s": max(took_s), "texts": len(texts)}


def _recall(searcher: Any, truth: dict[str, Any]) -> dict[str, float]:
    """Compare the best hundred tracks with the true ones, and their scores."""
    from trackspeak.service.search.asked import SearchOptions

    shares, off, took_ms = [], [0.0], []
    for text, best in truth.items():
        found, milliseconds = _timed(lambda text=text: _best(searcher, text, SearchOptions(top=TOP)), 1e3)
        took_ms.append(milliseconds)
        off += [abs(score - best[track]) for track, score in found.items() if track in best]
        if best:
            shares.append(len(found.keys() & best.keys()) / len(best))
    return {
        "mean": float(np.mean(shares)),
        "least": min(shares),
        "texts": len(shares),
        "largest_difference": max(off),
        "median_ms": float(np.median(took_ms)),
    }


def _best(searcher: Any, text: str, options: Any) -> dict[tuple[str, int], float]:
    """Give index and track -> score."""
    hits = searcher.search(text, options).hits
    return {(hit.index.id, hit.track.track_id): hit.track.score for hit in hits}


def _alike(maker: Maker, made: Sequence[Any], asker: Any, texts: Sequence[str]) -> dict[str, Any]:
    """Compare made segments with those observed: lengths, scores, shares above the threshold."""
    from trackspeak.plugins.contract import SegmentVectors
    from trackspeak.service.search.rescore import score_rows

    phrases = asker.matcher.describe(texts)
    both = SegmentVectors(np.concatenate([one.vectors for one in made]), np.concatenate([one.extras for one in made]))
    rows = {}
    for name, vectors in (("observed", maker.real()), ("made", both)):
        raw = asker.matcher.score_vectors(vectors, phrases).values
        above = (score_rows(vectors, asker, phrases).values > 0.5).mean(axis=0)
        rows[name] = {
            "segments": len(vectors),
            "lengths": np.quantile(vectors.extras, (0.01, 0.5, 0.99)).tolist(),
            "norms": np.quantile(np.linalg.norm(vectors.vectors, axis=1), (0.01, 0.5, 0.99)).tolist(),
            "logits": np.quantile(raw, (0.01, 0.1, 0.5, 0.9, 0.99)).tolist(),
            "above": above.tolist(),
        }
    return {"alike": rows}


def _resident() -> float:
    """Give the bytes of memory that the process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return float(pages * resource.getpagesize())


def _timed(work: Callable[[], Any], scale: float = 1.0) -> tuple[Any, float]:
    begin = time.perf_counter()
    done = work()
    return done, scale * (time.perf_counter() - begin)


def _tables(found: dict[str, Any]) -> str:
    """Put what was found into words and tables."""
    lines = ["| | segments | norm | length | logits | above the threshold |", "|---|---|---|---|---|---|"]
    for name, row in found["alike"].items():
        cells = (" ".join(f"{value:.3g}" for value in row[key]) for key in ("norms", "lengths", "logits"))
        lines.append(f"| {name} | {row['segments']} | {' | '.join(cells)} | {np.mean(row['above']):.2%} |")
    apart = np.abs(np.subtract(found["alike"]["made"]["above"], found["alike"]["observed"]["above"]))
    lines += [
        "",
        f"above the threshold, text by text: {apart.mean():.2%} apart on average, {apart.max():.2%} at most",
        f"{found['segments']} segments in {found['indexes']} indexes; load of the machine {os.getloadavg()[0]:.1f}",
        f"{found.get('insert_rows_s', 0):.0f} rows inserted a second, {found['bytes_per_segment']:.0f} bytes of each",
        f"first question {found['load_s']:.1f} s, {found['memory_mb']:.0f} MB; listing {found['listing_ms']:.0f} ms",
        "",
        "| way | question | p50 ms | p99 ms | times faster | recall at 100 | least |",
        "|---|---|---|---|---|---|---|",
        f"| exhaustive | both | {1e3 * found['exhaustive']['median_s']:.0f} | | 1 | 1 | 1 |",
    ]
    for way in ("memory", "index"):
        for name, (half, slow) in found.get(way, {"times_ms": {}})["times_ms"].items():
            recall, faster = found[way]["recall"], 1e3 * found["exhaustive"]["median_s"] / half
            cells = f"{recall['mean']:.4f} | {recall['least']:.2f}" if name == "both" else " | "
            lines.append(f"| {way} | {name} | {half:.0f} | {slow:.0f} | {faster:.0f} | {cells} |")
    for way in ("memory", "index"):
        if way in found:
            stages = ", ".join(f"{name} {value:.1f}" for name, value in found[way]["stages_ms"].items())
            lines.append(
                f"\n{way}: {stages} ms; 100 hits {found[way]['recall']['median_ms']:.0f} ms, scores differ by "
                f"{found[way]['recall']['largest_difference']:.1e} at most"
            )
    if "build_s" in found:
        lines.append(f"the index was built in {found['build_s']:.0f} s")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
