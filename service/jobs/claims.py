"""What passes between the queue and one who does a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .job import Job

Order = Literal["go on", "cancel", "lost"]
"""What one who does a job hears: it is to be cancelled, or is no longer his."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one who does a job hears.

    Attributes:
        order: what to do.
        more: the sentences that were asked since the job was accepted.
    """

    order: Order
    more: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A job, and the word by which it is the claimer's.

    Attributes:
        job: what to do.
        word: as long as the row has it, the job is the claimer's.
    """

    job: Job
    word: str
