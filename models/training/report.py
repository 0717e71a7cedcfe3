"""Figures of a model on held-out scenes, as plain values and as a table."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import asdict
from pathlib import Path

import torch

from trackspeak.models.referring import Referring

from .batches import iterate_scenes
from .evaluate import Judged, figures, judge
from .expressions import CATEGORIES

SOURCES = ("truth", "motion")
"""The box sources of evaluation scenes, in the order they are rendered with."""

Found = dict[str, dict[str, dict[str, float]]]


def judge_all(model: Referring, data: Path, device: torch.device, seeds: Container[int] | None = None) -> Found:
    """Judge a model on a folder's scenes, or those of some seeds.

    Returns:
        source -> category or "all" -> precision, recall, F1, counts.
    """
    return {
        source: _by_category(judge(model, iterate_scenes(data, seeds), device, position))
        for position, source in enumerate(SOURCES)
    }


def _by_category(judged: Judged) -> dict[str, dict[str, float]]:
    return {name: asdict(figures(judged, category=name)) for name in CATEGORIES} | {"all": asdict(figures(judged))}


def figures_table(found: Found) -> str:
    """Lay the figures out as a Markdown table."""
    lines = [
        "| boxes | category | precision | recall | F1 | pairs that fit | that do not |",
        "|---|---|---|---|---|---|---|",
    ]
    for source, categories in found.items():
        for name, row in categories.items():
            shares = " | ".join(f"{row[key]:.3f}" for key in ("precision", "recall", "f1"))
            lines.append(f"| {source} | {name} | {shares} | {row['positives']} | {row['negatives']} |")
    return "\n".join(lines)


def comparison_table(found: Mapping[str, Found]) -> str:
    """Lay the F1 of several models out side by side as a Markdown table, the models by name."""
    first = next(iter(found.values()))
    lines = [f"| boxes | category | {' | '.join(found)} |", "|---|---|" + "---|" * len(found)]
    for source, categories in first.items():
        for name in categories:
            cells = " | ".join(f"{model[source][name]['f1']:.3f}" for model in found.values())
            lines.append(f"| {source} | {name} | {cells} |")
    return "\n".join(lines)
