"""Rendering many scenes to a folder, in several processes; a scene that is there is not made again."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from rich.progress import track

from .boxes import box_source
from .design import CROP_SIZE, FRAME_SIZE
from .render import render_clip
from .scenes import build_scene


def produce(folder: Path, seeds: Sequence[int], moments: int | None, boxes: Sequence[str], workers: int) -> None:
    """Render scenes.

    Args:
        folder: where `<seed>.npz` files go.
        seeds: one scene each.
        moments: see `build_scene`.
        boxes: names of box sources.
        workers: processes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [seed for seed in seeds if not _path(folder, seed).exists()]
    make = partial(_make, folder=folder, moments=moments, boxes=tuple(boxes))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for _ in track(pool.map(make, missing, chunksize=4), "rendering", total=len(missing)):
            pass


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
