"""Decoder processes as those who ask them see it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Final

from trackspeak.models.errors import OptionError, WorkerError

from .messages import Ended, Lines, Request, ended_of, to_line

_START_S: Final = 60.0
"""For the server to import what it needs."""

_END_S: Final = 10.0
"""For the server to kill a process, and for itself to end."""

_START_TRIES: Final = 2
"""The server may have been killed since the last time."""


class DecoderProcess:
    """A running decoder process.

    Args:
        channel: to it.
        teller: to the server, which tells how it ended.
    """

    def __init__(self, channel: socket.socket, teller: socket.socket) -> None:
        """Nothing was read yet."""
        self._channel = channel
        self._lines = Lines(channel)
        self._teller = teller
        self._ended: Ended | None = None

    def next_line(self, timeout_s: float) -> bytes | None:
        """Give its next message, None where there will be none.

        Raises:
            TimeoutError: if there is none in time.
            ValueError: if it is longer than messages are.
        """
        return self._lines.next(timeout_s)

    def free_slot(self) -> None:
        """Tell it that the oldest filled slot of the ring may be filled again."""
        with suppress(OSError):  # it has ended, as the next message will show
            self._channel.sendall(b"1")

    def end(self) -> Ended:
        """Kill it if it runs; gives how it ended.

        Raises:
            WorkerError: if the server is gone, and the process with it.
        """
        if self._ended is None:
            with suppress(OSError):
                self._teller.shutdown(socket.SHUT_WR)
            try:
                line = Lines(self._teller).next(_END_S)
            except (TimeoutError, ValueError):
                line = None
            if line is None:
                raise WorkerError("a process for decoding could not be started, or what starts them ended; try again")
            self._ended = ended_of(line)
        return self._ended


@dataclass(frozen=True, slots=True)
class _Server:
    """A started server.

    Attributes:
        process: the server's.
        asking: to it.
        owner: the process id of who started it; one that was forked from that has to start its own.
        end: hangs up, upon which the server ends; called at the latest when this process ends.
    """

    process: subprocess.Popen[bytes]
    asking: socket.socket
    owner: int
    end: Callable[[], object]


class DecoderServer:
    """The server of this process, which starts decoder processes; it is started when needed, also after it died."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = threading.Lock()
        self._server: _Server | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id, if it was started."""
        return self._server.process.pid if self._server else None

    @contextmanager
    def decoder(self, request: Request, memory: int | None = None) -> Iterator[DecoderProcess]:
        """Start a process for a request; it is gone after the block.

        Args:
            request: what it shall do.
            memory: the descriptor of a ring for its frames.

        Raises:
            WorkerError: if no process can be started.
        """
        (channel, its_channel), (teller, its_teller) = socket.socketpair(), socket.socketpair()
        with channel, teller:
            with its_channel, its_teller:
                given = [its_channel.fileno(), its_teller.fileno()]
                self._ask([*given, memory] if memory is not None else given)
            process = DecoderProcess(channel, teller)
            with suppress(OSError):  # if it is gone, reading will tell
                channel.sendall(to_line(request))
            try:
                yield process
            finally:
                with suppress(WorkerError):
                    process.end()

    def _ask(self, descriptors: list[int]) -> None:
        """Have the server start a process."""
        with self._lock:
            for _ in range(_START_TRIES):
                try:
                    socket.send_fds(self._started().asking, [b"1"], descriptors)
                except ConnectionError:
                    self._forget()
                except OSError as error:
                    raise WorkerError(f"no process for decoding can be started: {error.strerror}") from error
                else:
                    return
        raise WorkerError("the process that starts decoders cannot be reached; see the log")

    def _started(self) -> _Server:
        """Start the server unless it runs."""
        if self._server is not None and self._server.owner != os.getpid():
            self._forget()
        if self._server is None:
            asking, its_asking = socket.socketpair()
            with its_asking:
                process = _start_server(its_asking.fileno())
            end = weakref.finalize(self, _end_server, asking, process)
            self._server = _Server(process, asking, os.getpid(), end)
            asking.settimeout(_START_S)
            if not asking.recv(1):
                raise ConnectionResetError
            asking.settimeout(None)
        return self._server

    def _forget(self) -> None:
        if self._server is not None:
            self._server.end()
        self._server = None


def _start_server(asking: int) -> subprocess.Popen[bytes]:
    """Start a server, with a descriptor of where it is asked; it finds modules where this process does."""
    code = f"import sys; sys.path[:] = {sys.path!r}; from {__package__} import server; server.serve({asking})"
    command = [sys.executable, "-c", code]
    nothing = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=nothing, stdout=nothing, pass_fds=[asking])  # noqa: S603 nothing is a caller's


def _end_server(asking: socket.socket, process: subprocess.Popen[bytes]) -> None:
    asking.close()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@cache
def decoder_server() -> DecoderServer:
    """Give the server of this process.

    Raises:
        OptionError: on Windows, where processes cannot be forked.
    """
    if sys.platform == "win32":
        raise OptionError("decoding in a process of its own needs Linux or macOS; on Windows, use WSL or a container")
    return DecoderServer()
