"""Around the steps: what they take, and who failed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

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
    """Adds up the seconds that named stages take."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin


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
