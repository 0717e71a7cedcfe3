"""Accuracy of a model on held-out rendered scenes: every track against every expression of its scene.

    python benchmarks/referring.py [--model FOLDER] [--data FOLDER] [--scenes N] [--json FILE]

Scenes come from seeds that are never trained on; each is judged with true boxes and with the boxes of
`motion` and `bytetrack`. Those that `--data` holds already are used again.
"""

from __future__ import annotations

import argparse
import json
from importlib import resources
from pathlib import Path

FIRST_SEED = 10_000_000


def main() -> None:
    """Render what is missing, judge, print the table."""
    import torch

    from trackspeak.models.referring import Referring
    from trackspeak.models.training.produce import produce
    from trackspeak.models.training.report import SOURCES, figures_table, judge_all

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path(str(resources.files("trackspeak.models.embedded"))))
    parser.add_argument("--data", type=Path, default=Path("runs/evaluation"))
    parser.add_argument("--scenes", type=int, default=230)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    arguments = parser.parse_args()
    produce(arguments.data, range(FIRST_SEED, FIRST_SEED + arguments.scenes), None, SOURCES, arguments.workers)
    found = judge_all(Referring.from_folder(arguments.model), arguments.data, torch.device("cpu"))
    print(figures_table(found))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
