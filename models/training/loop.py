"""The training loop: focal loss on scaled cosines, auxiliary concept heads, averaged weights, resumable."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from rich.progress import Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from trackspeak.models.errors import InputError, OptionError
from trackspeak.models.kum import KumMode
from trackspeak.models.referring import Referring
from trackspeak.models.tokenizer import WordTokenizer

from .batches import Batch, make_batch
from .checkpoints import CHECKPOINT, METRICS, Origin, Part, begin_with, forget_after, resume_from, save, scenes_sha256
from .concepts import ANYTHING, CONCEPTS, KIND_CONCEPTS
from .design import embedded_config
from .moments import Moments
from .scenes import Scene


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What a run is made of.

    Attributes:
        mode: KUM's design.
        trajectory: whether the trajectory window is read.
        steps: batches in all.
        moments_per_step: moments of scenes in a batch.
        texts_per_step: expressions in a batch.
        learning_rate: the highest, after warming up; it falls to 0 by a cosine.
        weight_decay: of AdamW.
        focal_gamma: exponent of the focal weighting (Lin et al., 2017, https://arxiv.org/abs/1708.02002).
        positive_weight: how much more a pair that fits counts than one that does not.
        noise_weight: how much more a segment that shows no object counts; they are about one in fifty.
        auxiliary: weight of the losses of the heads that name concepts, which are dropped afterwards.
        kind_weight: how much more those heads count where they name a kind, the hardest to see.
        frozen_norms: batch norms keep their running statistics, as at inference: crops and whole frames, which differ,
            are then normalised alike. To begin with, a run needs statistics of its batches.
        average: share of the running average of the weights kept at each step.
        zoom: windows of a batch's moments appear nearer or farther by up to e to this power; 0: as they are.
        seed: of weights and batches.
        checkpoint_every: steps between two checkpoints.
    """

    mode: KumMode = "cross_correlation"
    trajectory: bool = True
    steps: int = 5_000
    moments_per_step: int = 10
    texts_per_step: int = 36
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    focal_gamma: float = 1.0
    positive_weight: float = 2.0
    noise_weight: float = 4.0
    auxiliary: float = 1.0
    kind_weight: float = 3.0
    frozen_norms: bool = False
    average: float = 0.998
    zoom: float = 1.0
    seed: int = 0
    checkpoint_every: int = 250

    def __post_init__(self) -> None:
        """Check the design's name, before anything long begins.

        Raises:
            OptionError: listing those there are.
        """
        if self.mode not in get_args(KumMode):
            raise OptionError(f"mode must be one of {', '.join(get_args(KumMode))}, got {self.mode!r}")


class Trainee(nn.Module):
    """The model, and heads that name each concept from what looks and windows show, and from what texts say."""

    def __init__(self, options: TrainOptions) -> None:
        """Make both with random weights."""
        super().__init__()
        self.model = Referring(embedded_config(options.mode, options.trajectory))
        with torch.no_grad():
            self.model.head.scale.fill_(8.0)
            self.model.head.bias.fill_(-2.0)
        self.name_look = nn.Linear(self.model.config.kum.visual_width, len(CONCEPTS))
        self.name_said = nn.Linear(self.model.config.kum.output_width, len(CONCEPTS))
        self.name_window = nn.Linear(max(1, self.model.config.kum.trajectory_width), len(CONCEPTS))

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Give logits: (S, T) of the pairs, (S, C) of concepts shown, (T, C) of concepts said."""
        looks = self.model.observe(batch.crops, batch.frames, batch.frame_rows)
        texts = self.model.describe(batch.tokens)
        logits = self.model.score(looks, batch.look_rows, batch.windows, texts)
        (maps,) = looks.look_arrays.values()  # "fused", or "local" where the text comes first
        concepts: Tensor = self.name_look(maps.mean(dim=1)[batch.look_rows].mean(dim=1))
        if self.model.kum.trajectory is not None:
            concepts = concepts + self.name_window(self.model.kum.trajectory.mlp(batch.windows))
        said: Tensor = self.name_said(texts.feature)
        return logits, concepts, said


def segment_weights(concepts: Tensor, options: TrainOptions) -> Tensor:
    """Give (S, 1) weights of segments by their (S, C) concepts."""
    noise = concepts[:, CONCEPTS.index(ANYTHING), None] < 0  # of all else it is certain that it is an object
    return torch.where(noise, options.noise_weight, 1.0)


def concept_weights(options: TrainOptions) -> Tensor:
    """Give (C,) weights of concepts for the heads that name them."""
    kinds = torch.tensor([concept in KIND_CONCEPTS for concept in CONCEPTS])
    return torch.where(kinds, options.kind_weight, 1.0)


def freeze_norms(module: nn.Module) -> None:
    """Have all batch norms normalise as at inference; their scales and shifts still learn."""
    for part in module.modules():
        if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)):
            part.eval()


def focal_loss(logits: Tensor, labels: Tensor, options: TrainOptions, rows: Tensor | float = 1.0) -> Tensor:
    """Binary focal loss, averaged over the pairs that are not arguable.

    Args:
        logits: any shape.
        labels: the same shape, int8: 1, 0, or -1 for arguable.
        options: the exponent, and the weight of pairs that fit.
        rows: weights that broadcast to the shape.
    """
    known = labels >= 0
    targets = labels.clamp(min=0).float()
    losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    weights = (1 - (-losses).exp()).pow(options.focal_gamma) * known * (1 + (options.positive_weight - 1) * targets)
    return (rows * weights * losses).sum() / (rows * known).sum().clamp(min=1)


def train(
    scenes: Sequence[Scene],
    folder: Path,
    options: TrainOptions,
    device: torch.device,
    *,
    resume: bool,
    begin: Path | None = None,
) -> None:
    """Train, or go on training, and leave checkpoint and metrics in a folder.

    A run that was stopped goes on from its last checkpoint with the very batches that it would have seen; without a
    checkpoint it starts again.

    Args:
        scenes: to train on.
        folder: of this run.
        options: what the run is made of.
        device: to train on.
        resume: go on from the folder's checkpoint.
        begin: folder of another run of the same design, whose averaged weights this one begins with; None: random ones.

    Raises:
        InputError: if the folder holds a run and `resume` is off, or one with other options, on other scenes or with
            another `begin`; if `begin` is no such run.
        OptionError: if norms are to be frozen with nothing to begin with.
    """
    if options.frozen_norms and begin is None:
        raise OptionError("frozen_norms must go with begin, a run whose batch norms have statistics")
    folder.mkdir(parents=True, exist_ok=True)
    if not resume and (folder / CHECKPOINT).exists():
        raise InputError(f"run must be a new folder, or be resumed, got {folder} with {CHECKPOINT} in it")
    torch.manual_seed(options.seed)
    trainee = Trainee(options).to(device).to(memory_format=torch.channels_last)
    begun = None if begin is None else begin_with(begin, trainee, options, device)
    origin = Origin(scenes_sha256(scenes), begun)
    keep_average = get_ema_multi_avg_fn(options.average)  # type: ignore[no-untyped-call]
    average = AveragedModel(trainee, multi_avg_fn=keep_average, use_buffers=True)
    optimizer = torch.optim.AdamW(trainee.parameters(), options.learning_rate, weight_decay=options.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, options.steps))
    parts: dict[str, Part] = {
        "trainee": trainee,
        "average": average,
        "optimizer": optimizer,
        "schedule": schedule,
    }
    first = resume_from(folder, parts, options, origin, device) if resume else 0
    forget_after(folder / METRICS, first)
    tokenizer, moments = WordTokenizer(trainee.model.config.vocabulary), Moments(scenes)
    by_concept = concept_weights(options).to(device)
    trainee.train()
    if options.frozen_norms:
        freeze_norms(trainee)
    columns = (*Progress.get_default_columns()[:-1], TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[shown]}")) as progress:
        task = progress.add_task("training", total=options.steps, completed=first, shown="")
        meter = _Meter(folder / METRICS)
        for step in range(first, options.steps):
            # Weights' dropout and batches depend on the step alone, so that resuming changes nothing.
            rng = np.random.default_rng((options.seed, step))
            torch.manual_seed(options.seed * 1_000_003 + step)
            batch = make_batch(
                rng,
                moments,
                tokenizer,
                moment_count=options.moments_per_step,
                text_count=options.texts_per_step,
                least_positions=trainee.model.config.kum.description_length,
                zoom=options.zoom,
            ).to(device)
            logits, shown, said = trainee(batch)
            weights = segment_weights(batch.concepts, options)
            pair_loss = focal_loss(logits, batch.labels, options, weights)
            concept_loss = focal_loss(shown, batch.concepts, options, weights * by_concept)
            concept_loss = concept_loss + focal_loss(said, batch.said, options)
            optimizer.zero_grad()
            (pair_loss + options.auxiliary * concept_loss).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(trainee.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            average.update_parameters(trainee)
            meter.add(step, logits.detach(), batch.labels, pair_loss, concept_loss)
            progress.update(task, completed=step + 1, shown=meter.shown)
            if (step + 1) % options.checkpoint_every == 0 or step + 1 == options.steps:
                save(folder, parts, step + 1, options, origin)


def _rate(step: int, steps: int) -> float:
    """The share of the highest learning rate: a linear rise, then half a cosine down to 0."""
    warm_up = min(300, steps // 10)
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


class _Meter:
    """Sums up some steps and writes a line of metrics for them."""

    EVERY = 50

    def __init__(self, path: Path) -> None:
        self._path = path
        self._losses: list[tuple[float, float]] = []
        self._counts = np.zeros(3)
        self._since = time.perf_counter()
        self.shown = ""

    def add(self, step: int, logits: Tensor, labels: Tensor, pair_loss: Tensor, concept_loss: Tensor) -> None:
        said, true = (logits > 0) & (labels >= 0), labels == 1
        self._counts += [int((said & true).sum()), int((said & ~true).sum()), int((~said & true).sum())]
        self._losses.append((pair_loss.item(), concept_loss.item()))
        if (step + 1) % self.EVERY:
            return
        hits, false, missed = self._counts
        pair, concept = np.mean(self._losses, axis=0)
        line = {
            "step": step + 1,
            "pair_loss": round(float(pair), 5),
            "concept_loss": round(float(concept), 5),
            "f1": round(float(2 * hits / max(2 * hits + false + missed, 1)), 4),
            "steps_per_s": round(self.EVERY / (time.perf_counter() - self._since), 3),
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self.shown = f"loss {line['pair_loss']} F1 {line['f1']}"
        self._losses, self._counts, self._since = [], np.zeros(3), time.perf_counter()
