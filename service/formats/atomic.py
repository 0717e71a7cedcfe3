"""Write files so that each is there whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trackspeak.models.errors import OptionError, OutputError

RESULT_FILE = "result.json"
"""The file that tells of a folder that all others in it are whole, and of one run."""

_STAGE_PREFIX = ".trackspeak-partial-"


@contextmanager
def staged_folder(out_dir: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Give a folder to write to, whose files are moved to `out_dir` at the end, each replacing the one of its name.

    The files lie in a hidden folder inside `out_dir` (so on the same file system) until all are written; after an
    error until then none is moved, and the hidden folder, and `out_dir` if it was made here, are removed. Should moving
    itself fail, some may have been moved: an older `result.json` goes before the first is, and a new one comes last, so
    that where it is, all files are those of one run.

    Args:
        out_dir: the folder that the files shall be in; made if it is not there.

    Yields:
        The folder to write to, and a list that holds the paths of the files in `out_dir` after the end.

    Raises:
        OutputError: for an error of the operating system (full disk, no permission, ...), naming path and reason.
    """
    made: list[Path] = []
    finished: list[Path] = []
    try:
        _make_folder(out_dir, made)
        stage = Path(tempfile.mkdtemp(prefix=_STAGE_PREFIX, dir=out_dir))
        try:
            yield stage, finished
            finished += _move_files(stage, out_dir, made)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        _remove_if_empty(made)
        raise OutputError(f"results could not be written to {out_dir}: {error.strerror or error}") from error
    except BaseException:
        _remove_if_empty(made)
        raise


def check_writable(out_dir: Path, names: Iterable[str] = ()) -> None:
    """See that files can be made in a folder, or in one that is made there; nothing stays.

    Args:
        out_dir: the folder.
        names: of the files, relative to it: nothing else may be in their place.

    Raises:
        OutputError: if not, naming path and reason.
    """
    made: list[Path] = []
    try:
        _make_folder(out_dir, made)
        Path(tempfile.mkdtemp(prefix=_STAGE_PREFIX, dir=out_dir)).rmdir()
        for name in names:
            _check_place(out_dir / name)
    except OSError as error:
        raise OutputError(f"results could not be written to {out_dir}: {error.strerror or error}") from error
    finally:
        _remove_if_empty(made)


def check_replaceable(option: str, path: Path) -> None:
    """See that a file can be made at a path, in the place of an older one or of none; nothing stays.

    Raises:
        OptionError: naming the option, if the path is not that of a file.
        OutputError: if it cannot be made, naming path and reason.
    """
    if path.name in ("", "..") or (os.path.exists(path) and not os.path.isfile(path)):
        raise OptionError(f"{option} must be the path of a file, got {path}, which is something else")
    with _beside(path) as stage:
        (stage / path.name).touch()


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Give a file to write to, which takes the place of `path` at the end, or goes after an error.

    Args:
        path: the file; its folder is made if it is not there.

    Yields:
        A path in a hidden folder beside it (so on the same file system).

    Raises:
        OutputError: for an error of the operating system, naming path and reason.
    """
    with _beside(path) as stage:
        partial = stage / "file"
        yield partial
        partial.replace(path)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Give a hidden folder beside a file; it goes at the end, and so does what was made for it and is still empty."""
    made: list[Path] = []
    try:
        _make_folder(path.parent, made)
        stage = Path(tempfile.mkdtemp(prefix=_STAGE_PREFIX, dir=path.parent))
        try:
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"{path} could not be written: {error.strerror or error}") from error
    finally:
        _remove_if_empty(made)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write text with its newlines, as UTF-8, down to the disk; the folder of `path` is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())  # some file systems say only here that the disk is full


def _make_folder(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it, noting which ones were made."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        _make_folder(folder.parent, made)
    folder.mkdir()
    made.append(folder)


def _move_files(stage: Path, out_dir: Path, made: list[Path]) -> list[Path]:
    """Move every file to its place, `result.json` last, whose older one goes first."""
    result = stage / RESULT_FILE
    files = sorted((file for file in stage.rglob("*") if file.is_file()), key=lambda file: (file == result, file))
    targets = [out_dir / file.relative_to(stage) for file in files]
    for target in targets:
        _check_place(target)
        _make_folder(target.parent, made)
    if result in files:
        (out_dir / RESULT_FILE).unlink(missing_ok=True)
    for file, target in zip(files, targets, strict=True):
        file.replace(target)
    return targets


def _check_place(target: Path) -> None:
    """See that a file's place, in a folder or in one still to be made, is not taken by something else.

    Raises:
        OSError: if it is.
    """
    if target.is_dir():
        raise OSError(f"{target.name} is a folder there, a file was to replace it")
    if os.path.lexists(target.parent) and not target.parent.is_dir():
        raise OSError(f"{target.parent.name} is no folder there, {target.name} was to be in one")


def _remove_if_empty(folders: list[Path]) -> None:
    """Remove the folders made here, unless somebody put something there."""
    for folder in reversed(folders):
        with suppress(OSError):
            folder.rmdir()
