"""What KUM costs as its authors run it, as trackspeak runs it, and at the least.

    python benchmarks/matching.py [--sizes rn50 embedded] [--modes MODE ...] [--expressions 1 4 50]
        [--numbers float32 folded bfloat16 float16 compiled] [--sample N] [--repeats N] [--device DEVICE] [--json FILE]

Three tracks of 20 frames that begin at frames 0, 1 and 2, with random pixels and weights: 12 segments, which look at
15 crops and 15 frames. All in one process, same weights, same scores (the largest difference is printed):

- authors: every segment and expression encodes its own 2 crops, 2 frames and text, and goes through the plain KUM;
  timed on a sample of pairs where there are more, and scaled.
- ours: crops and frames once, everything text-free once, texts once, then the scores.
- floor: the forwards through the backbone that cannot be avoided: each crop, frame and text once, and no KUM.
- one more: one more expression asked of what was observed, as a share of observing.

Ours is timed in each of `--numbers`: `float32` has the exact shortcuts alone; `folded`, what the matcher does in
single precision, has batch norms in the convolutions too; `bfloat16` and `float16` are `folded` in half precision;
`compiled` is `folded` with the image tower through torch.compile (compiling, minutes on a CPU, is not in the time).
Authors and floor are always float32, so that the ratio to the floor may fall below 1, and the largest difference is to
the authors' float32 scores.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice, product
from pathlib import Path
from statistics import median
from typing import Any, cast

import torch
from torch import Tensor

from trackspeak.models.kum import Kum, KumConfig, KumMode, Texts
from trackspeak.models.kum_fast import build_fast
from trackspeak.models.referring import Referring, ReferringConfig
from trackspeak.models.released import CLIP_MEAN, CLIP_STD
from trackspeak.models.sampling import LENGTH, LOOKS, STRIDE, look_positions, segment_bounds
from trackspeak.models.tokenizer import CONTEXT_LENGTH
from trackspeak.models.training.design import embedded_config

MODES: tuple[KumMode, ...] = ("none", "cascade_attention", "cross_correlation", "text_first_modulation")
TRACKS, FRAMES = 3, 20
NUMBERS = ("float32", "folded", "bfloat16", "float16", "compiled")


@dataclass(frozen=True)
class Row:
    """One line of the table; times in seconds."""

    size: str
    mode: str
    numbers: str
    expressions: int
    authors_s: float
    authors_scaled_from: int
    ours_s: float
    floor_s: float
    one_more_share: float
    largest_difference: float


@dataclass(frozen=True)
class Inputs:
    """What all ways get.

    Attributes:
        crops: (L, 3, s, s) uint8.
        frames: (F, 3, S, S) uint8.
        frame_rows: (L,) int64.
        look_rows: (S, 2) int64.
        tokens: (T, 77) int64.
    """

    crops: Tensor
    frames: Tensor
    frame_rows: Tensor
    look_rows: Tensor
    tokens: Tensor


def main() -> None:
    """Measure, print the table, write the JSON."""
    arguments = _arguments()
    torch.manual_seed(0)
    device = torch.device(arguments.device)
    rows = []
    for size, mode in product(arguments.sizes, arguments.modes):
        model = _model(size, mode).to(device)
        for count in arguments.expressions:
            rows += _measure(model, size, count, arguments)
    print(_table(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=["rn50", "embedded"], default=["embedded", "rn50"])
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--expressions", nargs="+", type=int, default=[1, 4, 50])
    parser.add_argument("--numbers", nargs="+", choices=NUMBERS, default=["float32", "folded"])
    parser.add_argument("--sample", type=int, default=12, help="pairs of the authors' way to time at most")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def _model(size: str, mode: KumMode) -> Referring:
    """A model of random weights; the embedded size has its trajectory input off, as the authors' has none."""
    if size == "embedded":
        return Referring(embedded_config(mode, trajectory=False)).eval()
    layers, width = [3, 4, 6, 3], 64
    return Referring(
        ReferringConfig(
            clip={
                "embed_dim": 1024,
                "quick_gelu": True,
                "vision_cfg": {"layers": layers, "width": width, "image_size": 224, "patch_size": None},
                "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12},
            },
            kum=KumConfig(mode=mode),
            crop_size=224,
            frame_size=672,
            mean=CLIP_MEAN,
            std=CLIP_STD,
            vocabulary=(),
            protocol="ikun",
        )
    ).eval()


def _inputs(model: Referring, expressions: int, device: torch.device) -> Inputs:
    """Random pixels for the looks of the tracks; expressions of 4 to 8 tokens."""
    looks: dict[tuple[int, int], int] = {}
    segments = []
    for track in range(TRACKS):
        for start, stop in segment_bounds(FRAMES, LENGTH, STRIDE):
            keys = [(track, track + at) for at in look_positions(start, stop, LOOKS)]
            segments.append([looks.setdefault(key, len(looks)) for key in keys])
    seen = sorted({frame for _, frame in looks})
    vocab = model.backbone.vocab_size
    tokens = torch.zeros(expressions, CONTEXT_LENGTH, dtype=torch.int64)
    for row, length in enumerate(torch.randint(4, 9, (expressions,)).tolist()):
        words = torch.randint(2, vocab - 2, (length,))
        tokens[row, : length + 2] = torch.cat([torch.tensor([vocab - 2]), words, torch.tensor([vocab - 1])])
    config = model.config
    parts = (
        torch.randint(256, (len(looks), 3, config.crop_size, config.crop_size), dtype=torch.uint8),
        torch.randint(256, (len(seen), 3, config.frame_size, config.frame_size), dtype=torch.uint8),
        torch.tensor([seen.index(frame) for _, frame in looks]),
        torch.tensor(segments),
        tokens,
    )
    return Inputs(*(part.to(device) for part in parts))


def _measure(plain: Referring, size: str, expressions: int, arguments: Any) -> list[Row]:
    device, repeats, rows = torch.device(arguments.device), arguments.repeats, []
    inputs = _inputs(plain, expressions, device)
    pairs = list(islice(_spread(len(inputs.look_rows), expressions), arguments.sample))
    every = len(inputs.look_rows) * expressions
    with torch.inference_mode():
        _floor(plain, inputs)  # warms up
        floor_s, _ = _timed(lambda: _floor(plain, inputs), device, repeats)
        authors_s, theirs = _timed(lambda: [_author(plain, inputs, *pair) for pair in pairs], device, 1)
        for numbers in arguments.numbers:
            model = _fast(plain, numbers)
            _ours(model, inputs)  # warms up
            ours_s, scores = _timed(partial(_ours, model, inputs), device, repeats)
            looks = model.observe(inputs.crops, inputs.frames, inputs.frame_rows)
            observe_s, _ = _timed(
                partial(model.observe, inputs.crops, inputs.frames, inputs.frame_rows), device, repeats
            )
            one_more_s, _ = _timed(partial(_ask, model, looks, inputs, inputs.tokens[:1]), device, 5)
            row = Row(
                size=size,
                mode=model.config.kum.mode,
                numbers=numbers,
                expressions=expressions,
                authors_s=authors_s * every / len(pairs),
                authors_scaled_from=len(pairs),
                ours_s=ours_s,
                floor_s=floor_s,
                one_more_share=one_more_s / observe_s,
                largest_difference=max(abs(float(scores[pair]) - one) for pair, one in zip(pairs, theirs, strict=True)),
            )
            rows.append(row)
    return rows


def _fast(plain: Referring, numbers: str) -> Referring:
    """A copy in the form that is asked for."""
    model = copy.deepcopy(plain)
    if numbers == "float32":
        model.kum = build_fast(cast(Kum, model.kum))
    else:
        model.hasten()
    if numbers == "compiled":
        model.backbone.encode_map = torch.compile(model.backbone.encode_map)  # type: ignore[method-assign]
    return model.to(getattr(torch, numbers)) if numbers in ("bfloat16", "float16") else model


def _spread(segments: int, expressions: int) -> list[tuple[int, int]]:
    """All pairs, in an order whose beginning is spread over both."""
    pairs = list(product(range(segments), range(expressions)))
    return [pairs[at] for at in torch.randperm(len(pairs), generator=torch.Generator().manual_seed(0)).tolist()]


def _author(model: Referring, inputs: Inputs, segment: int, expression: int) -> float:
    """Score one pair as the authors do: everything anew, and 77 text positions."""
    rows = inputs.look_rows[segment]
    frames = inputs.frames[inputs.frame_rows[rows]]
    local = model.backbone.encode_map(model.normalise_pixels(inputs.crops[rows]))
    glob = model.backbone.encode_map(model.normalise_pixels(frames))
    hidden, sentence = model.backbone.encode_text(inputs.tokens[expression : expression + 1])
    return float(model.kum(local[None], glob[None], hidden, sentence))


def _ours(model: Referring, inputs: Inputs) -> Tensor:
    looks = model.observe(inputs.crops, inputs.frames, inputs.frame_rows)
    return _ask(model, looks, inputs, inputs.tokens)


def _ask(model: Referring, looks: Any, inputs: Inputs, tokens: Tensor) -> Tensor:
    return model.kum.pair_scores(looks, inputs.look_rows, None, _described(model, tokens)).float()


def _described(model: Referring, tokens: Tensor) -> Texts:
    """Encode texts the matcher's way: on a CPU one by one."""
    parts = [model.describe(part) for part in tokens.split(1 if tokens.device.type == "cpu" else len(tokens))]
    return Texts(*(torch.cat(arrays) for arrays in zip(*parts, strict=True)))


def _floor(model: Referring, inputs: Inputs) -> None:
    model.backbone.encode_map(model.normalise_pixels(inputs.crops))
    model.backbone.encode_map(model.normalise_pixels(inputs.frames))
    used = int(inputs.tokens.argmax(dim=-1).max()) + 1
    model.backbone.encode_text(inputs.tokens[:, :used])


def _timed(work: Callable[[], Any], device: torch.device, repeats: int) -> tuple[float, Any]:
    """Give the median time of some runs, and what the last one gave."""
    seconds, result = [], None
    for _ in range(repeats):
        if device.type == "cuda":
            torch.cuda.synchronize()
        begin = time.perf_counter()
        result = work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begin)
    return median(seconds), result


def _table(rows: list[Row]) -> str:
    lines = [
        "| size | design | numbers | texts | authors s | ours s | times faster | floor s | ours / floor "
        "| one more text | largest difference |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        scaled = f" (from {row.authors_scaled_from} pairs)"
        lines.append(
            f"| {row.size} | {row.mode} | {row.numbers} | {row.expressions} | {row.authors_s:.2f}{scaled} "
            f"| {row.ours_s:.3f} | {row.authors_s / row.ours_s:.1f} | {row.floor_s:.3f} "
            f"| {row.ours_s / row.floor_s:.2f} | {row.one_more_share:.2%} | {row.largest_difference:.1e} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
