"""The process that decoder processes are forked from: it has imported all they need, and reads no file itself.

It has one thread, so that forking is safe, and ends as soon as the process that started it does.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import pkgutil
import selectors
import signal
import socket
import sys
import traceback
from contextlib import suppress
from typing import Final

from .confine import end_with_parent
from .decoder import decode
from .messages import Ended, to_line

_MALLOC_OPTIONS: Final = {
    -1: 1024**3,  # M_TRIM_THRESHOLD: free bytes at the end of the heap that are kept
    -3: 32 * 1024**2,  # M_MMAP_THRESHOLD: what is larger gets pages of its own; no larger value is taken
    -8: 2,  # M_ARENA_MAX
}


def serve(descriptor: int) -> None:
    """Start decoder processes until the other side hangs up.

    Args:
        descriptor: of a socket. The server sends a byte once it is ready. A byte that comes with two or three
            descriptors asks for a process: a socket for `decode`; one over which the server tells how the process
            ended, and which says, when it is closed, that it is to be killed; and the ring, if it is to give frames.
    """
    _import_all_of_pyav()
    _keep_freed_memory()
    for ignored in (signal.SIGINT, signal.SIGTERM):  # meant for the service, which ends its decoders when it wants to
        signal.signal(ignored, signal.SIG_IGN)
    asker = socket.socket(fileno=descriptor)
    asker.sendall(b"r")
    _Server(asker).run()


def _import_all_of_pyav() -> None:
    """Import what PyAV itself imports only when it meets a kind of stream: decoder processes cannot, without files."""
    import av

    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _keep_freed_memory() -> None:
    """Have the C library (glibc) use the memory of the last frame again, not give it back for new pages each time.

    At 1920 x 1080 this takes a third off the time. Without a heap for each thread less address space is reserved, which
    counts against the limit of a process.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in _MALLOC_OPTIONS.items():
            mallopt(option, value)


class _Server:
    """Keeps account of the running decoder processes.

    Args:
        asker: where requests come from.
    """

    def __init__(self, asker: socket.socket) -> None:
        self._asker = asker
        self._running: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(asker, selectors.EVENT_READ)
        self._woken, self._waking = socket.socketpair()
        self._waking.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        signal.set_wakeup_fd(self._waking.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def run(self) -> None:
        """Work until the asker is gone; takes all decoder processes along."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._asker:
                    if not self._start():
                        self._kill(*self._running)
                        return
                elif key.fileobj is self._woken:
                    self._woken.recv(1024)
                    self._tell_ends()
                elif key.data in self._running:  # who asked does not wait any longer
                    self._selector.unregister(key.fileobj)
                    self._kill(key.data)

    def _start(self) -> bool:
        """Start a process; gives whether one was asked for."""
        message, descriptors, _, _ = socket.recv_fds(self._asker, 1, 3)
        if not message:
            return False
        try:
            self._fork(descriptors)
        except OSError as error:  # who asked is told by the end of its sockets
            print(f"no process for decoding can be started: {error}", file=sys.stderr)  # noqa: T201 the service's log
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return True

    def _fork(self, descriptors: list[int]) -> None:
        if len(descriptors) < 2:
            raise OSError("too many files are open")
        asker, teller, *memory = descriptors
        server = os.getpid()
        process = os.fork()
        if not process:
            os.close(teller)
            self._become_decoder(server, socket.socket(fileno=asker), memory[0] if memory else None)
        self._running[process] = socket.socket(fileno=os.dup(teller))
        self._selector.register(self._running[process], selectors.EVENT_READ, process)

    def _become_decoder(self, server: int, asker: socket.socket, memory: int | None) -> None:
        """Be a decoder process until the end of it."""
        code = 1
        try:
            end_with_parent()
            if os.getppid() == server:  # otherwise it ended before it was watched
                signal.set_wakeup_fd(-1)
                self._selector.close()
                for own in (self._asker, self._woken, self._waking, *self._running.values()):
                    own.close()
                decode(asker, memory)
                code = 0
        except BaseException:  # noqa: BLE001 a forked process must not go on as if it were the server
            traceback.print_exc(file=sys.stderr)
        finally:
            os._exit(code)

    def _tell_ends(self) -> None:
        """Tell of each process that ended how it did."""
        with suppress(ChildProcessError):
            while True:
                process, status, usage = os.wait4(-1, os.WNOHANG)
                if not process:
                    return
                with self._running.pop(process) as teller:
                    with suppress(KeyError):
                        self._selector.unregister(teller)
                    kilobytes = usage.ru_maxrss // 1024 if sys.platform == "darwin" else usage.ru_maxrss
                    code = os.waitstatus_to_exitcode(status)
                    with suppress(OSError):
                        teller.sendall(to_line(Ended(code, kilobytes * 1024, usage.ru_utime + usage.ru_stime)))

    def _kill(self, *processes: int) -> None:
        for process in processes:
            os.kill(process, signal.SIGKILL)
