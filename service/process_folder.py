"""A folder for each process, which goes with it however it ends."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

if sys.platform != "win32":
    import fcntl

_LOCK: Final = ".lock"


@contextmanager
def process_folder(parent: Path) -> Iterator[Path]:
    """Give a folder of this process below `parent`, removed at the end; what killed processes left is removed before.

    The process holds the lock on a file in there as long as it lives, however it ends, so that the next one to start
    can tell what was left by one that was killed.

    Raises:
        OSError: if it cannot be made.
    """
    with ExitStack() as own:
        parent.mkdir(parents=True, exist_ok=True)
        with locked(parent / _LOCK, wait=True):  # a folder that is not yet locked must not look left
            _remove_left(parent)
            folder = Path(tempfile.mkdtemp(dir=parent))
            own.callback(shutil.rmtree, folder, ignore_errors=True)
            own.enter_context(locked(folder / _LOCK))
        yield folder


def _remove_left(parent: Path) -> None:
    """Remove the folders that no process holds; all stay where locks are not to be had."""
    for folder in parent.iterdir():
        with suppress(OSError):  # another user's
            if folder.is_dir() and not folder.is_symlink():
                with locked(folder / _LOCK) as free:
                    if free:
                        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold the lock on a file, which is made; gives whether that is so: another may hold it, or the system has none.

    Args:
        path: of the file.
        wait: whether to wait until nobody else holds it.

    Raises:
        OSError: if the file cannot be made.
    """
    with path.open("ab") as file:
        yield _lock(file, wait)


def _lock(file: BinaryIO, wait: bool) -> bool:
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True
