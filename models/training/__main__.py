"""`python -m trackspeak.models.training`: render scenes, train on them, evaluate, export.

Scenes of different purposes come from different seeds: see docs/training.md.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, get_args

import typer

from trackspeak.models.errors import InputError, TrackspeakError
from trackspeak.models.kum_mode import KumMode

app = typer.Typer(add_completion=False, help=__doc__, pretty_exceptions_enable=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exit codes are those of `trackspeak`: 0 done, 1 failed, 2 bad input.

    Args:
        arguments: by default those of the process.

    Raises:
        SystemExit: always, with the exit code.
    """
    try:
        app(args=arguments, prog_name="python -m trackspeak.models.training")
    except TrackspeakError as error:
        typer.echo(f"error: {' '.join(str(error).split())}", err=True)
        sys.exit(2 if isinstance(error, InputError) else 1)


@app.command()
def render(
    out: Annotated[Path, typer.Option(help="Folder to write scenes to; those that are there are kept.")],
    scenes: Annotated[int, typer.Option(help="How many scenes.")] = 3200,
    first_seed: Annotated[int, typer.Option(help="Seed of the first one.")] = 0,
    moments: Annotated[int, typer.Option(help="Moments kept of each scene; 0: every segment.")] = 8,
    boxes: Annotated[list[str] | None, typer.Option(help="Box sources: truth, motion.")] = None,
    workers: Annotated[int, typer.Option(help="Processes.")] = 2,
) -> None:
    """Render scenes and keep what training needs of each."""
    from .produce import produce

    produce(out, range(first_seed, first_seed + scenes), moments or None, boxes or ["truth", "motion"], workers)


@app.command()
def train(
    data: Annotated[Path, typer.Option(help="Folder with rendered scenes.")],
    run: Annotated[Path, typer.Option(help="Folder of this run: checkpoint and metrics.")],
    steps: Annotated[int, typer.Option(help="Batches in all.")] = 5_000,
    mode: Annotated[str, typer.Option(help=f"KUM's design: {', '.join(get_args(KumMode))}.")] = "cross_correlation",
    trajectory: Annotated[bool, typer.Option(help="Read the trajectory window.")] = True,
    learning_rate: Annotated[float, typer.Option(help="The highest; it falls to 0 by the end.")] = 2e-3,
    positive_weight: Annotated[float, typer.Option(help="How much more pairs that fit count.")] = 2.0,
    noise_weight: Annotated[float, typer.Option(help="How much more segments count that show no object.")] = 4.0,
    zoom: Annotated[float, typer.Option(help="Scenes appear nearer or farther by up to e to this power.")] = 1.0,
    frozen_norms: Annotated[
        bool, typer.Option(help="Batch norms keep the statistics they begin with; after a first stage.")
    ] = False,
    begin: Annotated[Path | None, typer.Option(help="Another run, to begin with its averaged weights.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of weights and batches.")] = 0,
    resume: Annotated[bool, typer.Option(help="Go on from the run's checkpoint.")] = False,
) -> None:
    """Train on rendered scenes: on a GPU if there is one, else on all cores."""
    import torch

    from .batches import iterate_scenes
    from .loop import TrainOptions
    from .loop import train as run_training

    options = TrainOptions(
        mode=mode,  # type: ignore[arg-type]
        trajectory=trajectory,
        steps=steps,
        learning_rate=learning_rate,
        positive_weight=positive_weight,
        noise_weight=noise_weight,
        zoom=zoom,
        frozen_norms=frozen_norms,
        seed=seed,
    )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    run_training(list(iterate_scenes(data)), run, options, device, resume=resume, begin=begin)


@app.command()
def evaluate(
    run: Annotated[Path, typer.Option(help="Folder of a run.")],
    data: Annotated[Path, typer.Option(help="Folder with held-out scenes, every segment kept (--moments 0).")],
    out: Annotated[Path | None, typer.Option(help="JSON file to write the figures to.")] = None,
) -> None:
    """Judge a run on held-out scenes: per category and box source, at threshold 0."""
    import json

    import torch

    from .export import load_run
    from .report import figures_table, judge_all

    model, step = load_run(run)
    found = judge_all(model, data, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    typer.echo(f"{run.name}, step {step}\n{figures_table(found)}")
    if out is not None:
        out.write_text(json.dumps({"step": step, "figures": found}, indent=1) + "\n", encoding="utf-8")


@app.command()
def export(
    run: Annotated[list[Path], typer.Option(help="Folder of a run; of several of one design, the average is taken.")],
    calibration: Annotated[Path, typer.Option(help="Folder with held-out scenes to fit bias and calibration on.")],
    out: Annotated[Path, typer.Option(help="Model folder to write.")],
) -> None:
    """Write the averaged weights of runs, in half precision, as a model folder with a fitted calibration."""
    from .batches import iterate_scenes
    from .export import average_runs, calibrate
    from .export import export as write

    model = average_runs(run)
    numbers = calibrate(model, iterate_scenes(calibration))
    write(model, out, numbers)
    typer.echo(f"{out}: slope {numbers['slope']:.4f}, intercept {numbers['intercept']:.4f}")


if __name__ == "__main__":
    main()
