"""Fetches published weights: resumable, verified, kept; and finds those that are there."""

from __future__ import annotations

import http.client
import os
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path, PureWindowsPath
from typing import TypeGuard

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import DownloadError, OptionError, UnknownNameError

Progress = Callable[[int, int | None], None]
"""Called with the bytes there are and those expected."""

PULLED = "pulled:"
"""Begins the value of a plugin's option that names a file of the weights folder."""

_PIECE_BYTES = 2**20
_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One file of the manifest.

    Attributes:
        name: as it is kept.
        url: where it is published.
        sha256: of its bytes.
        licence: what its authors ask for.
    """

    name: str
    url: str
    sha256: str
    licence: str


def published(name: str) -> tuple[PublishedFile, ...]:
    """Give the files of a set, such as those of the profile `clip`.

    Raises:
        UnknownNameError: if there is no such set.
    """
    manifest = tomllib.loads((resources.files(__package__) / "weights.toml").read_text(encoding="utf-8"))
    if name not in manifest["sets"]:
        raise UnknownNameError("set of weights", name, manifest["sets"])
    return tuple(PublishedFile(file, **manifest["files"][file]) for file in manifest["sets"][name])


def pull(file: PublishedFile, folder: Path, *, offline: bool, progress: Progress | None = None) -> Path:
    """Have a file in the folder, with the hash of the manifest.

    A file that is there is checked; one whose download was cut off goes on where it was.

    Args:
        file: what to have.
        folder: made if it is not there.
        offline: fetch nothing.
        progress: see `Progress`.

    Raises:
        DownloadError: if it is not there and cannot be fetched, or has another hash.
    """
    target, partial = folder / file.name, folder / f"{file.name}.partial"
    if target.is_file():
        return _checked(target, target, file)
    if offline:
        raise DownloadError(f"{file.name} is not in {folder}, and nothing is fetched offline; it is at {file.url}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _fetch(file.url, partial, progress)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise DownloadError(
            f"{file.name} could not be fetched from {file.url}: {reason}; the next call goes on with what came"
        ) from error
    except OSError as error:
        raise DownloadError(f"{file.name} could not be written to {folder}: {error.strerror or error}") from error
    return _checked(partial, target, file)


def resolve(options: Mapping[str, object], folder: Path) -> dict[str, object]:
    """Put the paths of pulled files into a plugin's options.

    Raises:
        OptionError: if a file is not there; says which command fetches it. Or if it is not named by its plain name.
    """
    resolved = dict(options)
    for key, value in options.items():
        if is_pulled(value):
            path = pulled_path(key, value, folder)
            if not os.path.isfile(path):
                raise OptionError(f"{key}: {path.name} is not on this machine; `trackspeak pull clip` fetches it")
            resolved[key] = str(path)
    return resolved


def is_pulled(value: object) -> TypeGuard[str]:
    """Whether the value of a plugin's option names a file of the weights folder."""
    return isinstance(value, str) and value.startswith(PULLED)


def pulled_path(name: str, value: str, folder: Path) -> Path:
    """Give the path that a value names for which `is_pulled` holds, whether or not a file is there.

    Args:
        name: the option's, for the message.
        value: `pulled:` and a file's name.
        folder: of weights.

    Raises:
        OptionError: if that is no plain name of a file: nothing outside the folder may be meant.
    """
    file = value.removeprefix(PULLED)
    if file in ("", "..") or PureWindowsPath(file).name != file:  # it knows every system's separators, and drives
        raise OptionError(f"{name} must have the plain name of a file behind {PULLED}, got {value[:80]!r}")
    return folder / file


def _checked(path: Path, target: Path, file: PublishedFile) -> Path:
    """Move a whole file to its place; one of another hash goes, unless it was there before."""
    actual = sha256_of(path)
    if actual != file.sha256:
        advice = "remove it and pull again"
        if path != target:
            path.unlink()
            advice = "what came was removed; pull again"
        raise DownloadError(f"{path} must have SHA-256 {file.sha256}, got {actual}; {advice}")
    path.replace(target)
    return target


def _fetch(url: str, partial: Path, progress: Progress | None) -> None:
    """Append what is missing of a file."""
    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 from the manifest
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:  # all of it is there
            return
        raise
    with response, partial.open("ab") as file:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT and have:
            have = 0
            file.truncate(0)
        length = response.headers.get("Content-Length")
        expected = have + int(length) if length else None
        while piece := response.read(_PIECE_BYTES):
            file.write(piece)
            have += len(piece)
            if progress is not None:
                progress(have, expected)
        file.flush()
        os.fsync(file.fileno())
    if expected is not None and have < expected:
        raise ConnectionError(f"the connection ended after {have:,} of {expected:,} bytes")
