"""What a piece of work took, in a form that goes from the worker process to the metrics and into spans."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from ..pipeline.watch import Stopwatch
from ..result import Used

_KINDS: Final = MappingProxyType(
    {
        "detect": ("detector",),
        "embed": ("embedder", "matcher"),
        "track": ("tracker",),
        "observe": ("matcher",),
        "describe": ("matcher",),
        "score": ("matcher",),
    }
)
"""Stage -> the kinds of the plugin that works in it; of several the first that is there."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage took in one piece of work.

    Attributes:
        name: as in a result's `timings_s`.
        plugin: the name of the plugin that worked; "" where none does, or which is not known.
        seconds: of work.
        frames: that it has done, 0 where it does not work on frames.
        first_ns: when it began, nanoseconds since 1970.
        last_ns: when it ended; between the two it may have paused.
    """

    name: str
    plugin: str
    seconds: float
    frames: int
    first_ns: int
    last_ns: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What a piece of work took.

    Attributes:
        stages: each stage once.
        gpu_bytes: GPU ("cuda:0") -> its memory in use afterwards; empty where the process uses none.
    """

    stages: tuple[Stage, ...] = ()
    gpu_bytes: Mapping[str, int] = field(default_factory=dict)


def measured(watches: Sequence[Stopwatch], plugins: Used | None = None) -> Measured:
    """Put together what stopwatches say.

    Args:
        watches: those of the work, from `recorded`.
        plugins: kind -> plugin, of the result; None where there is none.
    """
    stages: dict[str, Stage] = {}
    for watch in watches:
        for name, (first_ns, last_ns) in watch.times_ns.items():
            one = Stage(
                name,
                _plugin(name, plugins or {}),
                watch.seconds[name],
                watch.frames.get(name, 0),
                first_ns,
                last_ns,
            )
            stages[name] = one if name not in stages else _sum(stages[name], one)
    return Measured(tuple(stages.values()), gpu_memory_bytes())


def gpu_memory_bytes() -> dict[str, int]:
    """Give the memory in use on each GPU, by all processes; nothing where this process has not used one.

    torch is asked only where it is there already: to load it for this would take seconds and much memory.
    """
    torch: Any = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return {}
    used = {}
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        used[f"cuda:{index}"] = total - free
    return used


def _plugin(stage: str, plugins: Used) -> str:
    found = (plugins.get(kind) for kind in _KINDS.get(stage, ()))
    return next((use.name for use in found if use is not None), "")


def _sum(one: Stage, other: Stage) -> Stage:
    return Stage(
        one.name,
        one.plugin,
        one.seconds + other.seconds,
        one.frames + other.frames,
        min(one.first_ns, other.first_ns),
        max(one.last_ns, other.last_ns),
    )
