"""What the interfaces of one process share while it serves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .access.verifier import Verifier
from .desk import Desk
from .front import Front
from .incoming import Places


@dataclass(frozen=True, slots=True)
class Shared:
    """What HTTP and gRPC share.

    Attributes:
        front: the counter.
        verifier: tells whose a key is.
        asking: answers from indexes.
        places: of those who are sending a video.
        uploads: this process's folder for them.
    """

    front: Front
    verifier: Verifier
    asking: Desk
    places: Places
    uploads: Path
