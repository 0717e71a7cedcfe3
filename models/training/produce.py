"""Rendering many scenes to a folder, in several processes; a scene that is there is not made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from rich.progress import track

from trackspeak.models.errors import InputError

from .boxes import box_source
from .design import CROP_SIZE, FRAME_SIZE
from .render import render_clip
from .scenes import build_scene

RECIPE = "recipe.json"
"""What the scenes of a folder were made by."""


def produce(folder: Path, seeds: Sequence[int], moments: int | None, boxes: Sequence[str], workers: int) -> None:
    """Render scenes.

    Args:
        folder: where `<seed>.npz` files go.
        seeds: one scene each.
        moments: see `build_scene`.
        boxes: names of box sources.
        workers: processes.

    Raises:
        InputError: if the folder holds scenes of another recipe.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"crop_size": CROP_SIZE, "frame_size": FRAME_SIZE}
    _claim(folder, {"boxes": list(boxes), "moments": moments, **sizes, "code_sha256": _code_sha256()})
    missing = [seed for seed in seeds if not _path(folder, seed).exists()]
    make = partial(_make, folder=folder, moments=moments, boxes=tuple(boxes))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for _ in track(pool.map(make, missing, chunksize=4), "rendering", total=len(missing)):
            pass


def _claim(folder: Path, recipe: dict[str, object]) -> None:
    """Write the recipe into a new folder, or see that it is the folder's."""
    path = folder / RECIPE
    if not path.exists() and not any(folder.glob("*.npz")):
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(recipe) + "\n", encoding="utf-8")
        partial.replace(path)
    there = json.loads(path.read_text(encoding="utf-8")) if path.exists() else "nothing that is known"
    if there != recipe:
        raise InputError(
            f"a folder of scenes must be new or hold scenes made by {recipe}, got {folder}, made by {there}"
        )


def _code_sha256() -> str:
    """Hash the code that decides what a scene holds, the plugins' apart."""
    here = Path(__file__).parent
    names = ("boxes", "colours", "concepts", "matching", "motion_truth", "scenes", "trajectories", "truth")
    files = [*sorted((here / "render").glob("*.py")), *(here / f"{name}.py" for name in names)]
    files += [here.parent / "crops.py", here.parent / "trajectory.py", here.parent / "sampling.py"]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _path(folder: Path, seed: int) -> Path:
    return folder / f"{seed:08d}.npz"


def _make(seed: int, folder: Path, moments: int | None, boxes: tuple[str, ...]) -> None:
    import cv2
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    scene = build_scene(render_clip(seed), [box_source(name) for name in boxes], CROP_SIZE, FRAME_SIZE, moments)
    if scene is not None:
        scene.save(_path(folder, seed))
