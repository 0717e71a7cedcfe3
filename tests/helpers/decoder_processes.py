"""To see decoder processes from outside, and to ask for them from processes of several kinds."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trackspeak.service.decoding.launcher import decoder_server
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video

LONG_S = 30.0


def children(process: int | None) -> list[int]:
    """The process ids of a process's children, those included that wait to be noticed as ended."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            status = (entry / "stat").read_text() if entry.name.isdigit() else ""
        except OSError:
            continue
        if status and int(status.rpartition(")")[2].split()[1]) == process:
            found.append(int(entry.name))
    return found


def decoders() -> list[int]:
    """The decoder processes of this process."""
    return children(decoder_server().pid)


def wait_for(look: Callable[[], Any]) -> Any:
    """Look again and again until there is something; gives that."""
    until = time.monotonic() + LONG_S
    while not (seen := look()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.01)
    return seen


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def count_frames(path: Path, answers: Any) -> None:
    """Read a video, isolated; to be run in a process of its own."""
    answers.put(len(list(open_video(path, Limits(), isolated=True).frames())))


def keep_reading(path: Path, answers: Any) -> None:
    """Read one frame, tell who is at work, and wait to be killed."""
    frames = open_video(path, Limits(), isolated=True).frames()
    next(frames)
    answers.put((decoder_server().pid, decoders()))
    time.sleep(LONG_S)
