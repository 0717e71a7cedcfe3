"""Accuracy of a model on held-out rendered scenes: every track against every expression of its scene.

    python benchmarks/referring.py [--model FOLDER] [--beside NAME=FOLDER ...] [--data FOLDER] [--scenes N]
        [--workers N] [--json FILE]

Scenes come from seeds that are never trained on; each is judged with true boxes and with the boxes of
`motion` and `bytetrack`. Those that `--data` holds already are used again. `--beside` judges other models
on the same pairs, such as the baseline that knows no text (`train --mode none`), in the same run.

Exits with 1 where a category that has a target misses it.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import resources
from pathlib import Path

FIRST_SEED = 10_000_000
SOURCES = ("truth", "motion")
TARGET_F1 = 0.85
TARGETED = ("colour", "kind", "place", "direction", "motion")
LEAST_NEGATIVES = 3
"""Pairs that do not fit per pair that does, below which the figures would flatter."""


def main() -> None:
    """Render what is missing, judge each model, print the tables and what is missed."""
    import torch
    from rich.progress import track

    from trackspeak.models.referring import Referring
    from trackspeak.models.training.produce import produce
    from trackspeak.models.training.report import comparison_table, figures_table, judge_all

    arguments = _arguments()
    produce(arguments.data, range(FIRST_SEED, FIRST_SEED + arguments.scenes), None, SOURCES, arguments.workers)
    folders = {"model": arguments.model, **dict(arguments.beside)}
    seeds = range(FIRST_SEED, FIRST_SEED + arguments.scenes)
    found = {
        name: judge_all(Referring.from_folder(folder), arguments.data, torch.device("cpu"), seeds)
        for name, folder in track(folders.items(), "judging")
    }
    print(figures_table(found["model"]))
    if len(found) > 1:
        print(f"\n{comparison_table(found)}")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    missed = _missed(found["model"])
    print("\n".join(["", *missed]) if missed else f"\nevery target is met: F1 of {TARGET_F1} for {', '.join(TARGETED)}")
    sys.exit(bool(missed))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path(str(resources.files("trackspeak.models.embedded"))))
    parser.add_argument("--beside", type=_named, action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--data", type=Path, default=Path("runs/evaluation"))
    parser.add_argument("--scenes", type=int, default=230)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    arguments = parser.parse_args()
    names = ["model", *(name for name, _ in arguments.beside)]
    if len(set(names)) < len(names):
        parser.error(f"--beside: wanted names that differ, and not model, got {', '.join(names[1:])}")
    return arguments


def _named(text: str) -> tuple[str, Path]:
    name, _, folder = text.partition("=")
    if not name or not folder:
        raise argparse.ArgumentTypeError(f"wanted NAME=FOLDER, got {text!r}")
    return name, Path(folder)


def _missed(found: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    """Say which targets are missed, each on a line."""
    missed = []
    for source, categories in found.items():
        for name in TARGETED:
            row = categories[name]
            if row["f1"] < TARGET_F1:
                missed.append(f"missed: {name} with {source} boxes has an F1 of {row['f1']:.3f}, below {TARGET_F1}")
        every = categories["all"]
        if every["negatives"] < LEAST_NEGATIVES * every["positives"]:
            pairs = f"{every['negatives']} pairs that do not fit to {every['positives']} that do"
            missed.append(f"missed: {pairs} with {source} boxes, below {LEAST_NEGATIVES} to 1")
    return missed


if __name__ == "__main__":
    main()
