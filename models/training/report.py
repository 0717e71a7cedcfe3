"""Figures of a model on held-out scenes, as plain values and as a table."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import asdict
from pathlib import Path

import torch

from trackspeak.models.errors import InputError
from trackspeak.models.referring import Referring

from .batches import iterate_scenes
from .evaluate import Judged, figures, judge
from .expressions import CATEGORIES
from .produce import RECIPE

Found = dict[str, dict[str, dict[str, float]]]


def judge_all(model: Referring, data: Path, device: torch.device, seeds: Container[int] | None = None) -> Found:
    """Judge a model on a folder's scenes, or those of some seeds.

    Returns:
        source -> category or "all" -> precision, recall, F1, counts; the sources are those of the folder's recipe.

    Raises:
        InputError: if the folder has no such scenes, or no recipe.
    """
    return {
        source: _by_category(judge(model, iterate_scenes(data, seeds), device, position))
        for position, source in enumerate(box_sources(data))
    }


def box_sources(data: Path) -> list[str]:
    """Give the names of the box sources that a folder's scenes were rendered with, in the order of their numbers.

    Raises:
        InputError: if the folder's recipe does not say.
    """
    path = data / RECIPE
    try:
        recipe = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"data must be a folder of rendered scenes with their {RECIPE}, got {data}: {error}"
        ) from error
    boxes = recipe.get("boxes") if isinstance(recipe, dict) else None
    if not isinstance(boxes, list) or not boxes or not all(isinstance(name, str) for name in boxes):
        raise InputError(f'{path} must name the box sources, such as {{"boxes": ["truth"]}}, got {recipe!r}')
    if len(set(boxes)) < len(boxes):
        raise InputError(f"{path} must name each box source once, got {', '.join(boxes)}")
    return boxes


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
