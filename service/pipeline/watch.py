"""Around the steps: what they take, and who failed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from trackspeak.models.errors import ContractError, PluginError, TrackspeakError


@contextmanager
def blaming(plugin: str) -> Iterator[None]:
    """Turn whatever a plugin raises, other than our own errors, into one that names the plugin.

    Raises:
        PluginError: with the plugin's own error as its cause.
    """
    try:
        yield
    except TrackspeakError:
        raise
    except Exception as error:
        raise PluginError(f"the {plugin} failed: {type(error).__name__}: {error}") from error


def expect(plugin: str, given: object, wanted: type) -> None:
    """See that a plugin gave what its contract says.

    Raises:
        ContractError: naming the plugin, what was wanted and what came.
    """
    if not isinstance(given, wanted):
        raise ContractError(f"the {plugin} must give {wanted.__name__}, got {type(given).__name__}")


class Stopwatch:
    """Adds up the seconds that named stages take, and notes when each was at work and with how many frames.

    Attributes:
        seconds: stage -> its seconds of work.
        frames: stage -> the frames that it has done, of those that work on frames.
        times_ns: stage -> when it first began and last ended, nanoseconds since 1970; it may have paused in between.
    """

    def __init__(self, *, counts: bool = True) -> None:
        """Begin at zero.

        Args:
            counts: whether `recorded` has it; not for work whose times are in those of something else already.
        """
        self.seconds: dict[str, float] = {}
        self.frames: dict[str, int] = {}
        self.times_ns: dict[str, tuple[int, int]] = {}
        recording = _recording.get()
        if recording is not None and counts:
            recording.append(self)

    @contextmanager
    def stage(self, name: str, frames: int = 0) -> Iterator[None]:
        """Add the time of the block to a stage, and at its end the frames that it has done."""
        began_ns, begin = time.time_ns(), time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - begin
            self.seconds[name] = self.seconds.get(name, 0.0) + took
            first_ns, _ = self.times_ns.get(name, (began_ns, 0))
            self.times_ns[name] = first_ns, began_ns + round(1e9 * took)
        self.count(name, frames)

    def count(self, name: str, frames: int) -> None:
        """Add frames that a stage has done."""
        if frames:
            self.frames[name] = self.frames.get(name, 0) + frames


_recording: Final[ContextVar[list[Stopwatch] | None]] = ContextVar("recording", default=None)


@contextmanager
def recorded() -> Iterator[list[Stopwatch]]:
    """Give the stopwatches that are made in the block, so that whoever runs the work can tell what it took.

    They come by the context, since a result holds only what its reader wants to know.
    """
    watches: list[Stopwatch] = []
    token = _recording.set(watches)
    try:
        yield watches
    finally:
        _recording.reset(token)


class Rarely:
    """Says when something that takes ever longer is to be done again: so that it takes a small part of all time."""

    def __init__(self, first_s: float = 1.0, share: float = 0.05) -> None:
        """Begin to wait.

        Args:
            first_s: seconds until the first time, and at least between two.
            share: the part of all time that it may take.
        """
        self._first_s, self._share = first_s, share
        self._began_s = self._due_s = time.perf_counter()
        self._due_s += first_s

    def due(self) -> bool:
        """Whether its time has come."""
        self._began_s = time.perf_counter()
        return self._began_s >= self._due_s

    def done(self) -> None:
        """Say that it was done since `due` was asked."""
        now_s = time.perf_counter()
        self._due_s = now_s + max(self._first_s, (now_s - self._began_s) / self._share)
