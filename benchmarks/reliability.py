"""How reliable the probabilities are: of the pairs of a track and a sentence that get 0.8, do eight in ten fit?

    python benchmarks/reliability.py [--model FOLDER] [--data FOLDER] [--scenes N] [--workers N] [--clips FOLDER]
        [--json FILE] [--png FILE]

Scenes come from seeds that neither training nor calibration nor the model card's figures used; those that `--data`
holds already are used again. Each is judged with true boxes and with those of `motion` and `bytetrack`; a pair's
score is the mean over the track's segments, as where the calibration was fitted. `--clips` judges the two real clips
too, with the shipped model. `platt` is the model's own calibration, `sigmoid` that of the bare score, for comparison.

The calibration was fitted for a share of 0.3 of pairs that fit, more than scenes have. So all is given twice: pairs
weighted to that share, within a category too, and as they come, `natural`. There `moved` is `platt` with the log odds
of the two shares added, what one who knows the share could do. Intervals are Wilson's, 95 %, for as many independent
pairs as those of a bin are worth, since the pairs of a scene (of a clip: of a track) err together. `too sure` is the
shipped slope over the one that would fit: above 1, probabilities are too near to 0 and 1. The picture is matplotlib's,
which comes with ultralytics.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trackspeak.models.training.reliability import BINS, area_under_curve, reliability

if TYPE_CHECKING:
    from clip_answers import Named

    from trackspeak.models.referring import Referring
    from trackspeak.models.training.evaluate import Judged

FIRST_SEED = 30_000_000
SOURCES = ("truth", "motion")
LEAST_PAIRS = 20
"""Pairs that fit, and that do not, below which a category is not judged by itself."""

CLIP_BINS = 5
"""Bins for the clips, whose pairs are few."""

_SHIPPED = Path(str(resources.files("trackspeak.models.embedded")))
COLOURS = {"sigmoid": "#d95f02", "platt": "#1f5fa8"}


def main() -> None:
    """Render what is missing, judge, print the tables, write and draw what was asked for."""
    from trackspeak.models.referring import Referring
    from trackspeak.models.training.produce import produce
    from trackspeak.service.formats.atomic import replaced_file

    arguments = _arguments()
    seeds = range(FIRST_SEED, FIRST_SEED + arguments.scenes)
    model = Referring.from_folder(arguments.model)
    calibration = model.config.calibration
    if not calibration:
        raise SystemExit(f"--model: wanted a model with a calibration, got {arguments.model} without one")
    produce(arguments.data, seeds, None, SOURCES, arguments.workers)
    found = {
        f"scenes, boxes of {source}": examine(*scene_pairs(model, arguments.data, seeds, place), calibration)
        for place, source in enumerate(SOURCES)
    }
    if arguments.clips:
        judged, groups, told = clip_pairs(arguments.clips)
        # The profile's own model and calibration are asked, whatever --model says.
        shipped = Referring.from_folder(_SHIPPED).config.calibration
        found["real clips"] = examine(judged, groups, shipped, CLIP_BINS) | {"told": _told(told)}
    for name, facts in found.items():
        print_set(name, facts)
    if arguments.json:
        with replaced_file(arguments.json) as path:
            path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if arguments.png:
        with replaced_file(arguments.png) as path:
            draw(found, path)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=_SHIPPED)
    parser.add_argument("--data", type=Path, default=Path("runs/reliability"), help="folder of scenes")
    parser.add_argument("--scenes", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--clips", type=Path, help="folder with car-detection.mp4 and traffic.mp4, or one of them")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--png", type=Path, help="file to draw the reliability diagram to")
    arguments = parser.parse_args()
    from clip_answers import QUESTIONS

    if arguments.clips and not any((arguments.clips / name).is_file() for name in QUESTIONS):
        parser.error(f"--clips: wanted a folder with the clips, got {arguments.clips}, which has none")
    return arguments


def scene_pairs(model: Referring, data: Path, seeds: range, source: int) -> tuple[Judged, np.ndarray]:
    """Judge scenes with one source's boxes; also gives the scene of each pair."""
    import torch
    from rich.progress import track

    from trackspeak.models.training.batches import iterate_scenes
    from trackspeak.models.training.evaluate import Judged, judge

    scenes = track(iterate_scenes(data, seeds), f"judging {SOURCES[source]}", total=len(seeds))
    parts = [judge(model, [scene], torch.device("cpu"), source) for scene in scenes]
    return Judged.join(parts), np.repeat(np.arange(len(parts)), [len(part.scores) for part in parts])


def clip_pairs(folder: Path) -> tuple[Judged, np.ndarray, list[Named]]:
    """Judge the clips that are there; also gives the track of each pair, and what the answers tell."""
    from clip_answers import QUESTIONS, judge_clip

    from trackspeak.models.training.evaluate import Judged

    there = [folder / name for name in QUESTIONS if (folder / name).is_file()]
    if not there:
        raise SystemExit(f"--clips: wanted {' or '.join(QUESTIONS)}, got {folder} without either")
    parts = [judge_clip(path) for path in there]
    groups = [10_000 * place + tracks for place, (_, tracks, _) in enumerate(parts)]
    told = [replace(one, track=10_000 * place + one.track) for place, (_, _, each) in enumerate(parts) for one in each]
    return Judged.join([judged for judged, _, _ in parts]), np.concatenate(groups), told


def examine(judged: Judged, groups: np.ndarray, calibration: Mapping[str, float], bins: int = BINS) -> dict[str, Any]:
    """Give the figures of all pairs and of each category that has enough of them."""
    from trackspeak.models.training.evaluate import Judged
    from trackspeak.models.training.expressions import CATEGORIES

    found = {"all": _figures(judged, groups, calibration, bins)}
    for place, name in enumerate(CATEGORIES):
        mine = judged.categories == place
        fitting = int(judged.labels[mine].sum())
        if min(fitting, int(mine.sum()) - fitting) >= LEAST_PAIRS:
            part = Judged(judged.scores[mine], judged.labels[mine], judged.categories[mine])
            found[name] = _figures(part, groups[mine], calibration, bins)
    return {"categories": found}


def _figures(judged: Judged, groups: np.ndarray, calibration: Mapping[str, float], bins: int) -> dict[str, Any]:
    """Give one set's figures under both weightings, each with the readings of its scores."""
    from trackspeak.models.training.evaluate import PRIOR, fit_platt, prior_weights

    natural = float(judged.labels.mean())
    odds = math.log(natural / (1 - natural)) - math.log(PRIOR / (1 - PRIOR))
    moved = {**calibration, "intercept": calibration["intercept"] + odds}
    readings = {"sigmoid": _calibrated(judged, {}), "platt": _calibrated(judged, calibration)}
    even = np.ones(len(judged.labels))
    weightings = {
        "prior": (prior_weights(judged.labels), readings),
        "natural": (even, {**readings, "moved": _calibrated(judged, moved)}),
    }
    auc = area_under_curve(judged.scores, judged.labels)
    return {
        "fit": int(judged.labels.sum()),
        "do_not": int((~judged.labels).sum()),
        "groups": len(np.unique(groups)),
        "share": {"prior": PRIOR, "natural": natural},
        "auc": auc,
        # Where scores part the two kinds wholly, no slope is steep enough.
        "too_sure": calibration["slope"] / fit_platt(judged)[0] if auc < 1 else None,
        **{
            name: {
                reading: asdict(reliability(values, judged.labels, weights, groups, bins))
                for reading, values in each.items()
            }
            for name, (weights, each) in weightings.items()
        },
    }


def _calibrated(judged: Judged, calibration: Mapping[str, float]) -> np.ndarray:
    """Give each pair's probability by the calibrator that is shipped; without numbers, it is a plain sigmoid."""
    from trackspeak.plugins.calibrators.platt import PlattCalibrator, PlattOptions
    from trackspeak.plugins.contract import Phrases, Scores

    calibrate = PlattCalibrator(PlattOptions(**calibration))
    return calibrate(Scores(judged.scores[:, None], "cosine"), Phrases(("",), {})).values[:, 0]


def _told(told: list[Named]) -> dict[str, dict[str, Any]]:
    """Give what the scores of the tracks that answers name promise, and what is true, in all and by category."""
    found = {}
    for name in ("all", *dict.fromkeys(one.category for one in told)):
        mine = [one for one in told if name in ("all", one.category)]
        scores, fits = np.array([one.score for one in mine]), np.array([one.fits for one in mine])
        tracks = np.array([one.track for one in mine])
        found[name] = asdict(reliability(scores, fits, np.ones(len(mine)), tracks))
    return found


def print_set(name: str, facts: dict[str, Any]) -> None:
    """Print the bins of all pairs, and a row for each category, under both weightings."""
    categories = facts["categories"]
    for weighting in ("prior", "natural"):
        every = categories["all"]
        print(f"\n{name}, {weighting}: {every['share'][weighting]:.3f} fit, {every['groups']} groups\n")
        for reading, found in every[weighting].items():
            print_bins(reading, found["bins"])
        print_categories(categories, weighting)
    for category, found in facts.get("told", {}).items():
        count = sum(row["count"] for row in found["bins"])
        print(f"\n{name}, tracks that answers name, {category}: {count}, gap {found['gap']:+.3f}\n")
        print_bins("score", found["bins"])


def print_bins(title: str, bins: list[dict[str, float]]) -> None:
    """Print a row for each bin."""
    print(f"| {title} | mean | share | 95 % | pairs | worth |\n|---|---|---|---|---|---|")
    for row in bins:
        print(
            f"| {row['low']:.1f}-{row['high']:.1f} | {row['mean']:.3f} | {row['share']:.3f} "
            f"| {row['least']:.3f}-{row['most']:.3f} | {row['count']} | {row['effective']:.0f} |"
        )
    print()


def print_categories(categories: dict[str, Any], weighting: str) -> None:
    """Print a row for each category: expected calibration error, Brier score and gap of each reading."""
    readings = list(categories["all"][weighting])
    titles = [f"{figure} {reading}" for figure in ("ECE", "Brier") for reading in readings]
    print(f"| category | fit | do not | AUC | {' | '.join(titles)} | gap platt | too sure |")
    print("|---" * (len(titles) + 6) + "|")
    for name, one in categories.items():
        cells = [f"{one[weighting][reading][key]:.3f}" for key in ("ece", "brier") for reading in readings]
        sure = "-" if one["too_sure"] is None else f"{one['too_sure']:.2f}"
        gap = f"{one[weighting]['platt']['gap']:+.3f}"
        print(f"| {name} | {one['fit']} | {one['do_not']} | {one['auc']:.3f} | {' | '.join(cells)} | {gap} | {sure} |")


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw a reliability diagram for each set, weighted to the prior, with the counts of pairs below it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6 * len(found), 6.4), dpi=100, layout="constrained")
    axes = figure.subplots(2, len(found), sharex=True, sharey="row", squeeze=False, height_ratios=(3, 1))
    for (name, facts), diagram, counts in zip(found.items(), *axes, strict=True):
        every = facts["categories"]["all"]
        diagram.plot([0, 1], [0, 1], color="0.5", linestyle="--", linewidth=1, label="what is promised")
        for side, (reading, marker) in zip((-1, 1), (("sigmoid", "s"), ("platt", "o")), strict=True):
            one = every["prior"][reading]
            _draw_reading(diagram, one, f"{reading}: ECE {one['ece']:.3f}", marker, COLOURS[reading])
            for row in one["bins"]:
                wide = 0.4 * (row["high"] - row["low"])
                middle = (row["low"] + row["high"]) / 2 + side * wide / 2
                counts.bar(middle, row["count"], wide, color=COLOURS[reading])
        diagram.set(title=f"{name}: {every['fit'] + every['do_not']} pairs", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        diagram.legend(loc="upper left", fontsize="small")
        counts.set(xlabel="probability", yscale="log", ylim=(0.5, None))
        for axis in (diagram, counts):
            axis.grid(color="0.9")
            axis.set_axisbelow(True)
    axes[0, 0].set_ylabel("share of pairs that fit, weighted to 0.3 in all")
    axes[1, 0].set_ylabel("pairs")
    figure.savefig(path, format="png", metadata={"Software": None})


def _draw_reading(axis: Any, one: dict[str, Any], label: str, marker: str, colour: str) -> None:
    means, shares, least, most = (
        np.array([row[key] for row in one["bins"]]) for key in ("mean", "share", "least", "most")
    )
    reach = np.maximum([shares - least, most - shares], 0)
    axis.errorbar(
        means, shares, reach, color=colour, marker=marker, markersize=5, capsize=2.5, linewidth=1.4, label=label
    )


if __name__ == "__main__":
    main()
