"""The formats that there are, and how one is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from trackspeak.models.errors import UnknownNameError
from trackspeak.service.formats.atomic import replaced_file
from trackspeak.service.result import Result

from .coco import write_coco
from .cvat import write_cvat
from .fiftyone_labels import write_fiftyone
from .kitti import write_kitti
from .mot import write_mot
from .names import DEFAULT_VIDEO
from .plain import write_json, write_jsonl
from .rmot import write_rmot
from .supervision_csv import write_supervision


@dataclass(frozen=True, slots=True)
class Export:
    """One format.

    Attributes:
        media_type: the file's.
        file_name: what the file is called where nobody names it.
        write: writes a result, of a video of that name, to a path; not atomically, see `write_export`.
    """

    media_type: str
    file_name: str
    write: Callable[[Result, str, Path], None]


EXPORTS: Final[Mapping[str, Export]] = MappingProxyType(
    {
        "json": Export("application/json", "result.json", write_json),
        "jsonl": Export("application/x-ndjson", "tracks.jsonl", write_jsonl),
        "mot": Export("application/zip", "mot.zip", write_mot),
        "rmot": Export("application/zip", "rmot.zip", write_rmot),
        "kitti": Export("application/zip", "kitti.zip", write_kitti),
        "cvat": Export("application/xml", "cvat.xml", write_cvat),
        "coco": Export("application/json", "coco.json", write_coco),
        "fiftyone": Export("application/zip", "fiftyone.zip", write_fiftyone),
        "supervision": Export("text/csv", "supervision.csv", write_supervision),
    }
)


def find_export(name: str) -> Export:
    """Give the format of a name.

    Raises:
        UnknownNameError: listing those there are.
    """
    try:
        return EXPORTS[name]
    except KeyError:
        raise UnknownNameError("export", name, EXPORTS) from None


def write_export(result: Result, name: str, path: Path, *, video_name: str = DEFAULT_VIDEO) -> None:
    """Write a result as one file, whole or not at all; the same result gives the same bytes.

    Args:
        result: what to write; one without tracks is written too.
        name: of the format, a key of `EXPORTS`.
        path: the file; its folder is made if it is not there, and an older file is replaced.
        video_name: the file name of the video, which a result does not hold; formats that name it say so.

    Raises:
        UnknownNameError: if there is no such format, listing those there are.
        OutputError: if it cannot be written; nothing is left half-written.
    """
    export = find_export(name)
    with replaced_file(path) as partial:
        write_staged(export, result, video_name, partial)


def write_staged(export: Export, result: Result, video_name: str, path: Path) -> None:
    """Write one format to a path that is moved to its place later, down to the disk.

    Raises:
        OSError: if it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    export.write(result, video_name, path)
    with path.open("rb+") as file:
        os.fsync(file.fileno())  # some file systems say only here that the disk is full
